"""The guard keeps personal values out of a whole event, says which stood where, and leaves the rest as it was."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from touchline.schemas.checking import check_event, unknown_fields
from touchline.schemas.personal.guard import Finding, Guard, must_refuse
from touchline.schemas.personal.policy import PersonalPolicy, Rules
from touchline.schemas.sources import Source

EVENT: dict[str, Any] = {
    "type": "touchline.touchpoint.v1", "id": "e1", "source": "shop", "time": "2026-03-01T09:30:00Z", "touchpoint": "page",
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "type": "touchline.answer.v1", "id": "a1", "source": "shop", "time": "2026-03-01T09:30:00Z", "about": {"touchpoint": "page"},
    "survey": "s", "question": "q", "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10, "score": 9,
}  # fmt: skip
MAIL, PHONE, CARD = "jane@example.org", "+49 170 1234567", "4111 1111 1111 1111"


def guard(**policy: Any) -> Guard:
    return Guard(Rules.of(PersonalPolicy(**policy), None))


def clean(event: dict[str, Any], *, is_open: bool = False, **policy: Any) -> tuple[dict[str, Any], list[str]]:
    before = copy.deepcopy(event)
    cleaned = guard(**policy).clean(event, is_open=is_open)
    assert event == before
    return (event, []) if cleaned is None else (cleaned.event, list(map(str, cleaned.findings)))


def test_comments_and_properties_are_masked_and_each_finding_says_field_and_kind() -> None:
    event = {
        **ANSWER,
        "comment": f"{MAIL} or {MAIL}, {PHONE}",
        "properties": {"note": CARD, "lines": 3, "cohort": "2026-03"},
    }
    cleaned, found = clean(event)
    assert cleaned == {
        **event, "comment": "[mail] or [mail], [phone]", "properties": {"note": "[card]", "lines": 3, "cohort": "2026-03"},
    }  # fmt: skip
    assert found == ["mail in comment (2)", "phone in comment", "card in properties.note"]
    assert guard().clean(cleaned, is_open=False) is None


def test_an_event_without_personal_values_is_not_touched() -> None:
    event = {
        **EVENT,
        "place": "store 4711",
        "properties": {"order_number": "4111111111111111", "ean": 4006381333931, "since": "2026-03-01"},
    }
    for _ in range(2):  # as new, and as known
        assert guard().clean(event, is_open=False) is None
        assert guard().clean(event, is_open=True) is None


@pytest.mark.parametrize("value", [4111111111111111, 4111111111111111.0, Decimal(4111111111111111), "4111111111111111"])
def test_a_card_is_masked_whatever_the_type_of_its_number(value: object) -> None:
    cleaned, found = clean({**EVENT, "properties": {"paid_with": value}})
    assert cleaned["properties"] == {"paid_with": "[card]"}
    assert found == ["card in properties.paid_with"]


def test_what_was_cut_or_masked_before_is_not_found_again() -> None:
    event = {
        **EVENT,
        "ip": "203.0.113.0",
        "ips": ["2001:db8:1::"],
        "properties": {"client_ip": "203.0.113.0", "note": "[mail] [ip]"},
    }
    assert guard().clean(event, is_open=True) is None


def test_fields_that_the_contract_does_not_name_are_searched_in_any_nesting() -> None:
    event = {
        **EVENT, "order": {"id": "4111111111111111", "note": MAIL}, "context": {"a": [{"b": PHONE}, 7], MAIL: 1}, "ip": "203.0.113.77",
        "persons": [{"type": "mail", "key": "k1:" + "0" * 64, "value": MAIL}], "text": "reach me at 203.0.113.77",
    }  # fmt: skip
    cleaned, found = clean(event, is_open=True)
    assert cleaned == {
        **event, "order": {"id": "4111111111111111", "note": "[mail]"}, "context": {"a": [{"b": "[phone]"}, 7], "[mail]": 1},
        "ip": "203.0.113.0", "persons": [{"type": "mail", "key": "k1:" + "0" * 64, "value": "[mail]"}], "text": "reach me at [ip]",
    }  # fmt: skip
    assert found == [
        "mail in context",
        "phone in context.a",
        "mail in order.note",
        "mail in persons[].value",
        "ip in text",
    ]


@pytest.mark.parametrize("name", ["customer_name", "customerName", "Customer-Name", "CUSTOMER NAME"])
def test_what_is_declared_personal_is_left_out_in_any_spelling_and_nesting(name: str) -> None:
    event = {**EVENT, name: "Jane", "properties": {name: "Jane", "x": 1}, "user": {"deep": [{name: {"first": "Jane"}}]}}
    cleaned, found = clean(event, is_open=True, personal=["customer_name"])
    assert cleaned == {**EVENT, "properties": {"x": 1}, "user": {"deep": [{}]}}
    assert "Jane" not in json.dumps(found)
    assert all(one.startswith("named in ") for one in found)


def test_a_field_may_be_declared_with_the_object_that_it_stands_in() -> None:
    event = {**EVENT, "properties": {"name": "Jane", "x": 1}, "user": {"name": "Jane"}, "shop": {"name": "Corner"}}
    cleaned, _ = clean(event, is_open=True, personal=["properties.name", "user.name"])
    assert cleaned == {**EVENT, "properties": {"x": 1}, "user": {}, "shop": {"name": "Corner"}}
    allowed = {"field": "user.contact", "because": "the shop's own line"}
    event = {**EVENT, "user": {"contact": PHONE}, "properties": {"contact": PHONE}}
    cleaned, _ = clean(event, is_open=True, let_through=[allowed])
    assert cleaned == {**event, "properties": {"contact": "[phone]"}}


def test_a_field_of_the_contract_may_be_declared_personal() -> None:
    cleaned, found = clean({**ANSWER, "comment": "I am Jane", "place": "home"}, personal=["comment", "place"])
    assert cleaned == ANSWER
    assert found == ["named in comment", "named in place"]


@pytest.mark.parametrize("name", ["id", "source", "Time", "persons", "touchpoint", "properties", "", " "])
def test_what_no_event_can_do_without_cannot_be_declared_personal(name: str) -> None:
    with pytest.raises(ValidationError):
        PersonalPolicy(personal=(name,))


def test_let_through_takes_a_field_and_kinds_and_needs_a_reason() -> None:
    event = {**ANSWER, "comment": f"{MAIL} {PHONE}", "properties": {"Parcel-Contact": PHONE, "note": PHONE}}
    some = [
        {"field": "parcel_contact", "because": "the depot's own line"},
        {"kinds": ["mail"], "because": "the shop's own addresses"},
    ]
    cleaned, _ = clean(event, let_through=some)
    assert cleaned["comment"] == f"{MAIL} [phone]"
    assert cleaned["properties"] == {"Parcel-Contact": PHONE, "note": "[phone]"}
    assert clean(event, let_through=[{"because": "texts of a public forum"}]) == (event, [])
    with pytest.raises(ValidationError):
        PersonalPolicy(let_through=[{"field": "note"}])
    with pytest.raises(ValidationError):
        PersonalPolicy(personal=("note",), let_through=[{"field": "Note", "because": "x"}])


def test_of_mail_addresses_in_names_the_free_ones_are_masked_and_the_needed_ones_told() -> None:
    event = {**EVENT, "place": f"desk of {MAIL}", "campaign": "a@b", "order": {"id": MAIL}}
    cleaned = guard().in_names(event)
    assert cleaned is not None
    assert cleaned.event == {**event, "place": "desk of [mail]"}
    assert must_refuse(cleaned.findings) == Finding("order.id", "mail", 1)
    assert guard().in_names({**EVENT, "id": "a@b@c"}) is None
    assert (
        guard(let_through=[{"field": "id", "kinds": ["mail"], "because": "ids of messages"}]).in_names(
            {**EVENT, "id": MAIL}
        )
        is None
    )


def test_the_path_of_a_finding_never_holds_a_value() -> None:
    event = {**EVENT, "properties": {"4915112345678": PHONE, MAIL: PHONE, "x" * 50: PHONE}}
    _, found = clean(event)
    assert found == ["mail in properties", "phone in properties (3)"]


VALUES = st.one_of(
    st.sampled_from([MAIL, PHONE, CARD, "DE89 3704 0044 0532 0130 00", "my ip 203.0.113.77"]), st.text(max_size=30), st.integers(),
    st.booleans(), st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
NESTED = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(max_size=12), VALUES, max_size=5),
    st.dictionaries(st.text(max_size=12).map("own {}".format), NESTED, max_size=3),
)
def test_any_event_keeps_the_contract_and_its_planted_values_are_gone(
    properties: dict[str, Any], more: dict[str, Any]
) -> None:
    event = {**more, **EVENT, "properties": properties}
    is_open = bool(unknown_fields(check_event(event)))
    cleaned, _ = clean(event, is_open=True)
    check_event(cleaned)
    text = json.dumps({name: value for name, value in cleaned.items() if name not in EVENT})
    assert not any(planted in text for planted in (MAIL, "170 1234567", CARD, "0532 0130", "113.77"))
    assert clean(cleaned, is_open=True)[0] == cleaned
    if not is_open:
        assert clean(event)[0]["properties"] == cleaned["properties"] or "ip" in str(properties)


@given(st.dictionaries(st.text(max_size=12), NESTED, max_size=4), st.sampled_from([MAIL, None, [MAIL], {"key": MAIL}]))
def test_of_a_refused_event_nothing_personal_is_left(more: dict[str, Any], persons: object) -> None:
    event = {**more, "id": MAIL, "source": MAIL, "persons": persons, "time": 7, "type": PHONE}
    text = json.dumps(guard().clean_refused(event))
    assert not any(planted in text for planted in (MAIL, CARD, "0532 0130", "113.77"))


def test_a_source_is_a_policy() -> None:
    source = Source(legal_basis="contract", country="DE", personal=("street",), personal_values="refuse")
    assert source.guard.refuses
    cleaned = source.guard.clean({**EVENT, "properties": {"street": "x", "n": "ruf 0171 2345678 an"}}, is_open=False)
    assert cleaned is not None
    assert cleaned.event["properties"] == {"n": "ruf [phone] an"}


@pytest.mark.parametrize("comment", [2.5, 7, True, ["text"], {"a": MAIL}])
def test_a_comment_of_another_kind_of_event_may_be_no_text(comment: object) -> None:
    cleaned, _ = clean({**EVENT, "comment": comment}, is_open=True)
    assert MAIL not in json.dumps(cleaned, default=str)
