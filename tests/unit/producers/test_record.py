from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given, strategies as st
from pydantic_core import to_json

from touchline.errors import WrongUsage
from touchline.producers import record
from touchline.producers.errors import EventRejected
from touchline.producers.record import MAX_VALUE_BYTES, PreparedRecord, RecordMaker
from touchline.schemas.credibility import Moments, moments_of
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.reasons import Reason
from touchline.schemas.sources import Source
from touchline.schemas.times import EARLIEST_US, FUTURE_TOLERANCE_US, LATEST_US, parse_time

KEYS = PersonKeys("k1", bytes(range(32)))
NOW_US = parse_time("2026-03-01T12:00:00.123456Z")
SOURCES = {"web-shop": Source(legal_basis="consent"), "till": Source(legal_basis="contract", zone="Europe/Berlin")}
EVENT: dict[str, Any] = {
    "type": "touchline.touchpoint.v1",
    "id": "e1",
    "source": "web-shop",
    "time": "2026-03-01T11:00:00Z",
    "touchpoint": "product_page",
}
SECRET = "ada@example.org"


def _make(event: Any, *, declared: bool = True) -> PreparedRecord:
    return RecordMaker(KEYS, SOURCES if declared else None, lambda: NOW_US).make(event)


def _refusal(event: Any) -> EventRejected:
    with pytest.raises(EventRejected) as refused:
        _make(event)
    assert SECRET not in f"{refused.value.what} {refused.value.hint}"
    assert refused.value.hint
    return refused.value


def test_what_the_sender_wrote_is_sent_without_the_defaults_of_the_model() -> None:
    assert json.loads(_make(EVENT).value) == {**EVENT, "received_at": "2026-03-01T12:00:00.123Z"}


PLAIN = st.fixed_dictionaries(
    {"touchpoint": st.text(min_size=1, max_size=12).filter(str.strip)},
    optional={
        "place": st.text(min_size=1, max_size=12),
        "simulated": st.booleans(),
        "amount": st.fixed_dictionaries({"amount_minor": st.integers(0, 2**53), "currency": st.just("EUR")}),
        "order": st.fixed_dictionaries({"id": st.text(min_size=1, max_size=12), "kind": st.just("purchase")}),
        "identifiers": st.just((("login", "4711"),)),
    },
)


@given(PLAIN)
def test_a_plain_event_is_written_alike_with_and_without_the_quicker_encoder(fields: dict[str, Any]) -> None:
    def written(encode: Any) -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(record, "_plain_json", encode)
            try:
                return _make({**EVENT, **fields}).value
            except EventRejected as rejection:
                return rejection.what

    assert written(orjson.dumps) == written(to_json)


def test_what_only_the_slower_encoder_takes_for_text_is_sent_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: object) -> bytes:
        raise TypeError

    monkeypatch.setattr(record, "_plain_json", refuses)
    assert json.loads(_make(EVENT).value)["id"] == "e1"


def test_the_sender_s_event_is_left_as_it_was() -> None:
    event = {**EVENT, "identifiers": [("login", "4711")]}
    _make(event)

    assert event == {**EVENT, "identifiers": [("login", "4711")]}


def test_the_strongest_identifier_keys_the_record_whatever_the_order() -> None:
    one = _make({**EVENT, "identifiers": [("anonymous", "c1"), ("badge", "b"), ("login", "4711")]})
    other = _make({**EVENT, "identifiers": [("login", "4711"), ("anonymous", "c1"), ("badge", "b")]})

    assert one.key == other.key == KEYS.key("login", "4711").encode()
    assert [person["type"] for person in json.loads(one.value)["persons"]] == ["login", "anonymous", "badge"]


def test_keys_that_were_made_before_are_ordered_by_strength_too() -> None:
    weak, strong = ({"type": kind, "key": KEYS.key(kind, "abc")} for kind in ("device", "login"))
    assert _make({**EVENT, "persons": [weak, strong]}).key.decode() == strong["key"]
    mixed = {**EVENT, "persons": [weak], "identifiers": [("login", "abc")]}
    assert _make(mixed).key.decode() == strong["key"]


def test_an_anonymous_answer_names_nobody_on_kafka() -> None:
    answer = {
        "type": "touchline.answer.v1", "id": "a1", "source": "till", "time": "2026-03-01T11:00:00Z",
        "identifiers": [("mail", SECRET)], "persons": [{"type": "login", "key": KEYS.key("login", "ada")}],
        "about": {"touchpoint": "till"}, "survey": "s", "question": "q", "kpi": "nps", "scope": "relational",
        "scale_min": 0, "scale_max": 10, "score": 9, "anonymous": True,
    }  # fmt: skip
    record = _make(answer)
    assert record.key == b"till/a1"
    assert b"k1:" not in record.value


def test_a_moment_of_python_becomes_text_with_its_offset() -> None:
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))

    assert json.loads(_make({**EVENT, "time": moment}).value)["time"] == "2026-03-01T09:30:00+01:00"


def test_a_naive_moment_is_refused_unless_the_source_declares_its_zone() -> None:
    naive = datetime(2026, 3, 1, 9, 30)
    refusal = _refusal({**EVENT, "time": naive})
    record = _make({**EVENT, "time": naive, "source": "till"})

    assert (refusal.reason, refusal.field) == (Reason.WRONG_TYPE, "time")
    assert "offset" in refusal.hint
    assert json.loads(record.value)["time"] == "2026-03-01T09:30:00"
    assert "ce_time" not in dict(record.headers)  # CloudEvents wants an offset


def test_an_undeclared_source_is_refused_where_sources_are_known() -> None:
    assert _refusal({**EVENT, "source": "web-shop-2"}).reason is Reason.UNKNOWN_SOURCE
    assert _make({**EVENT, "source": "web-shop-2"}, declared=False).event_id == "e1"


def test_a_zone_that_is_none_is_told_as_such() -> None:
    assert _refusal({**EVENT, "zone": "Europe/Milan"}).hint.startswith("it is no IANA time zone: write a zone")
    assert _refusal({**EVENT, "zone": "Europe/Berln"}).hint.endswith("did you mean Europe/Berlin?")
    assert _refusal({**EVENT, "zone": 1}).hint


@given(st.integers(-(2**40), 2**58), st.booleans(), st.sampled_from([{}, {"received_at": None}]))
@example(0, True, {})
@example(LATEST_US, False, {})
def test_what_a_sender_takes_by_whatever_clock_no_reader_refuses_for_its_times(
    clock_us: int, is_stamped: bool, more: dict[str, Any]
) -> None:
    maker = RecordMaker(KEYS, SOURCES, lambda: clock_us)
    if EARLIEST_US <= clock_us < parse_time(EVENT["time"]) - FUTURE_TOLERANCE_US:
        with pytest.raises(EventRejected) as refused:
            maker.make({**EVENT, **more})
        assert (refused.value.reason, refused.value.field) == (Reason.TIME_OUT_OF_RANGE, "time")
        return
    made = maker.make({**EVENT, **more})
    sent = defaultdict(lambda: None, json.loads(made.value))
    delivered_us = clock_us // 1_000 * 1_000 if is_stamped else -1_000
    assert isinstance(moments_of(sent, SOURCES["web-shop"].terms, delivered_us), Moments)


def test_an_event_from_the_future_is_refused() -> None:
    refusal = _refusal({**EVENT, "time": datetime.fromtimestamp(NOW_US / 1e6 + 86_401, UTC)})

    assert (refusal.reason, refusal.field) == (Reason.TIME_OUT_OF_RANGE, "time")


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"identifiers": [("loyalty", "4.7E+12"), ("mail", SECRET)]}, Reason.WRONG_TYPE, "identifiers"),
        ({"identifiers": [("phone", SECRET)]}, Reason.WRONG_TYPE, "identifiers"),
        ({"identifiers": [("loyality", SECRET)]}, Reason.WRONG_TYPE, "identifiers"),
        ({"identifiers": SECRET}, Reason.WRONG_TYPE, "identifiers"),
        ({"identifiers": [SECRET]}, Reason.WRONG_TYPE, "identifiers"),
        ({"identifiers": [{"type": "mail", "address": SECRET}]}, Reason.WRONG_TYPE, "identifiers"),
        ({"identifiers": [("login", 4711)]}, Reason.WRONG_TYPE, "identifiers"),
        ({"persons": [{"type": "mail", "key": SECRET}]}, Reason.WRONG_TYPE, "persons[].key"),
        ({"properties": {SECRET: object()}}, Reason.WRONG_TYPE, "properties"),
        ({"unknown": {"at": object()}}, Reason.NOT_JSON, ""),
        ({"unknown": float("nan")}, Reason.NOT_JSON, ""),
        ({"touchpoint": "\ud800"}, Reason.NOT_UTF8, "touchpoint"),
        ({"unknown": "x" * MAX_VALUE_BYTES}, Reason.TOO_LARGE, ""),
        ({"properties": {"weight": Decimal("1.5")}}, Reason.NOT_JSON, ""),
        ({"order": {"id": "1", "day": date(2026, 3, 1)}}, Reason.NOT_JSON, ""),
        ({"about": {"weight": Decimal(1)}}, Reason.NOT_JSON, ""),
        ({"unknown": json.loads("[" * 32 + "]" * 32)}, Reason.TOO_DEEP, ""),
        ({"order": {"id": "1", "lines": json.loads("[" * 40 + "]" * 40)}}, Reason.TOO_DEEP, ""),
    ],
)
def test_a_bad_event_is_refused_before_it_leaves(fields: dict[str, Any], reason: Reason, field: str) -> None:
    refusal = _refusal({**EVENT, **fields})

    assert (refusal.reason, refusal.field) == (reason, field)


@pytest.mark.parametrize("event", ["text", 7, [EVENT]])
def test_what_is_no_event_is_refused(event: Any) -> None:
    assert _refusal(event).reason is Reason.NOT_JSON


def test_a_field_that_holds_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop

    assert _refusal({**EVENT, "unknown": loop}).reason is Reason.NOT_JSON


def test_no_identifiers_need_no_person_key() -> None:
    maker = RecordMaker(None, None, lambda: NOW_US)

    assert maker.make({**EVENT, "identifiers": []}).key == b"web-shop/e1"
    with pytest.raises(WrongUsage):
        maker.make({**EVENT, "identifiers": [("login", "1")]})


@pytest.mark.parametrize(
    "event",
    [
        {**EVENT, "order": {"id": "1", "note": float("nan")}},
        {**EVENT, "amount": {"amount_minor": 1, "currency": "EUR", "rate": float("inf")}},
        {**EVENT, "persons": [{"type": "login", "key": "k1:" + "0" * 64, "score": float("-inf")}]},
    ],
)
def test_a_number_that_json_lacks_is_refused_in_nested_objects_too(event: dict[str, Any]) -> None:
    assert _refusal(event).reason is Reason.NOT_JSON


def test_words_that_look_like_such_numbers_are_text() -> None:
    event = {**EVENT, "order": {"id": "NaN", "note": "Infinity"}}

    assert json.loads(_make(event).value)["order"] == event["order"]


@pytest.mark.parametrize("persons", [5, "abc"])
def test_persons_that_are_no_list_are_refused_beside_identifiers(persons: object) -> None:
    assert _refusal({**EVENT, "persons": persons, "identifiers": [("login", SECRET)]}).field == "persons"


def test_an_identifier_that_utf_8_cannot_write_is_refused() -> None:
    assert _refusal({**EVENT, "identifiers": [("login", "\ud800")]}).reason is Reason.NOT_UTF8


def test_a_score_that_json_would_hold_as_text_is_refused_and_not_sent() -> None:
    answer = {
        **EVENT, "type": "touchline.answer.v1", "about": {"touchpoint": "x"}, "survey": "s", "question": "q", "kpi": "nps",
        "scope": "relational", "scale_min": 0, "scale_max": 10,
    }  # fmt: skip
    del answer["touchpoint"]
    assert _refusal({**answer, "score": Decimal(9)}).reason is Reason.NOT_JSON
    assert json.loads(_make({**answer, "score": 9.0}).value)["score"] == 9


def test_moments_among_unknown_fields_become_text() -> None:
    event = {**EVENT, "time": datetime(2026, 3, 1, 11, tzinfo=UTC), "seen": datetime(2026, 3, 1, tzinfo=UTC)}

    sent = json.loads(_make(event).value)

    assert (sent["time"], sent["seen"]) == ("2026-03-01T11:00:00+00:00", "2026-03-01T00:00:00+00:00")


NOBODY: tuple[Any, ...] = (
    None, {"type": "mail"}, {"type": "mail", "value": None}, ("loyalty", None), ("loyalty", ""), ("loyalty", "\\N"), ("mail", "NULL"),
    {"type": "loyalty", "value": 0}, ("loyalty", float("nan")), ("mail", "noemail@noemail.com"), ["login", "undefined"], ("badge", "-1"),
    {"type": "loyalty", "value": []}, ("login", {}), ("mail", "[email protected]"), ("login", "{{user_id}}"),
)  # fmt: skip


@pytest.mark.parametrize("identifiers", [None, [], [NOBODY[0]], *([one] for one in NOBODY[1:]), list(NOBODY)])
def test_an_event_of_nobody_is_taken_and_belongs_to_nobody(identifiers: Any) -> None:
    record = _make({**EVENT, "identifiers": identifiers})
    assert record.key == b"web-shop/e1"
    assert not json.loads(record.value).get("persons")
    if identifiers != []:
        assert record.value == _make(EVENT).value


@pytest.mark.parametrize("nobody", NOBODY)
@pytest.mark.parametrize("is_first", [False, True])
def test_beside_a_placeholder_the_good_identifier_counts(nobody: Any, is_first: bool) -> None:
    good = ("anonymous", "c1")
    record = _make({**EVENT, "identifiers": [nobody, good] if is_first else [good, nobody]})
    assert record == _make({**EVENT, "identifiers": [good]})


def test_a_source_names_its_own_texts_for_nobody() -> None:
    sources = {**SOURCES, "till": Source(legal_basis="contract", nobody=("Walk-in", "9000"))}
    maker = RecordMaker(KEYS, sources, lambda: NOW_US)
    for value in ("9000", " WALK-IN ", "9000\u200b"):
        for _ in range(2):
            assert maker.make({**EVENT, "source": "till", "identifiers": [("loyalty", value)]}).key == b"till/e1"
            other = maker.make({**EVENT, "identifiers": [("loyalty", value)]})
            assert other.key == KEYS.key("loyalty", value).encode()


def test_a_source_says_in_which_country_its_telephone_numbers_are() -> None:
    sources = {
        name: Source(legal_basis="contract", country=country)
        for name, country in (("de", "DE"), ("it", "IT"), ("any", None))
    }
    maker = RecordMaker(KEYS, sources, lambda: NOW_US)

    def key(source: str, *identifiers: object) -> str:
        return maker.make({**EVENT, "source": source, "identifiers": list(identifiers)}).key.decode()

    for _ in range(2):  # the second time from memory
        assert key("de", ("phone", "06 12345678")) == KEYS.key("phone", "+49612345678")
        assert key("it", ("phone", "06 12345678")) == KEYS.key("phone", "+390612345678")
        assert key("it", {"type": "phone", "value": "06 12345678"}) == KEYS.key("phone", "+390612345678")
        assert key("it", ("phone", "+49 6 12345678"), ("loyalty", "4711")) == KEYS.key("phone", "+49612345678")
        assert key("de", ("loyalty", "4711")) == key("any", ("loyalty", "4711")) == KEYS.key("loyalty", "4711")
        with pytest.raises(EventRejected) as refused:
            key("any", ("phone", "06 12345678"))
        assert "`country` of its source" in refused.value.hint
        with pytest.raises(EventRejected):
            key("de", ())


def test_null_means_absent_in_the_event_its_properties_and_its_objects() -> None:
    given = {**EVENT, "place": None, "properties": {"coupon": None, "lines": 3}, "order": {"id": "1", "kind": None}}
    kept = json.loads(_make(given).value)
    assert kept["properties"] == {"lines": 3}
    assert kept["order"] == {"id": "1"}
    assert given["properties"] == {"coupon": None, "lines": 3}


def test_a_required_field_that_is_null_is_missing() -> None:
    refusal = _refusal({**EVENT, "touchpoint": None, "properties": {"coupon": None}})
    assert (refusal.reason, refusal.field) == (Reason.MISSING_FIELD, "touchpoint")


def test_persons_that_are_null_hide_no_identifier() -> None:
    with_null = {**EVENT, "persons": None, "identifiers": [("login", SECRET)]}
    assert _make(with_null) == _make({**EVENT, "identifiers": [("login", SECRET)]})
    assert _make({**EVENT, "persons": None, "identifiers": None}).key == b"web-shop/e1"
