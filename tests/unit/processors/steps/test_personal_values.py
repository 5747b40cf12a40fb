"""What a sender of another kind writes to Kafka is masked before it is stored, or quarantined where its source refuses it."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.records import Fact, Invalid, KafkaRecord
from touchline.schemas.canonical import payload_hash
from touchline.schemas.checking import FIELD_NAMES
from touchline.schemas.personal.names import folded
from touchline.schemas.personal.policy import NEEDED
from touchline.schemas.reasons import Reason
from touchline.schemas.sources import Source, Sources

MAIL, CARD = "zeb.quux@example.org", "4111111111111111"
TOUCHPOINT: dict[str, Any] = {
    "type": "touchline.touchpoint.v1", "id": "e1", "source": "shop", "time": "2026-03-01T09:30:00Z", "touchpoint": "page",
    "properties": {"note": f"write to {MAIL}", "paid": 4111111111111111.0, "customer_name": "Zebediah", "lines": 3},
    "context": {"text": CARD, "client_ip": "203.0.113.77"},
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "type": "touchline.answer.v1", "id": "a1", "source": "shop", "time": "2026-03-01T09:30:00Z", "about": {"touchpoint": "page"},
    "survey": "s", "question": "q", "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10, "score": 9,
    "comment": f"I am {MAIL}", "received_at": "2026-03-01T09:31:00Z",
}  # fmt: skip


def validated(event: dict[str, Any], source: Source, cipher: Cipher, at_sign: str = "@") -> tuple[Any, Counter[str]]:
    sources: Sources = {"shop": source}
    value = json.dumps(event).replace("@", at_sign).encode()
    record = SimpleNamespace(offset=0, key=b"k", value=value, timestamp=1_772_357_400_000)
    received = [cast(KafkaRecord, record)]
    into = Validated([], [], UnknownFields())
    Validator(sources, "UTC", cipher).validate(received, decode(received), into)
    return into.outcomes[0], into.unknown_fields.masked


def test_nothing_personal_is_stored_and_the_payload_hash_stays_that_of_the_event_as_sent() -> None:
    source = Source(legal_basis="contract", personal=("customer_name",))
    fact, counts = validated(TOUCHPOINT, source, Cipher("p1", bytes(32)))
    assert type(fact) is Fact
    assert fact.properties["note"] == "write to [mail]"
    assert fact.properties["paid"] == "[card]"
    assert fact.properties["lines"] == "3"
    assert json.loads(fact.properties["+context"]) == {"text": "[card]", "client_ip": "203.0.113.0"}
    assert not any(piece in repr(fact) for piece in (MAIL, CARD, "Zebediah", "113.77", "411111"))
    assert fact.payload_hash == payload_hash(TOUCHPOINT)
    assert counts == {"mail": 1, "card": 2, "named": 1}


def test_a_comment_is_masked_before_it_is_encrypted() -> None:
    texts: list[bytes] = []

    class Seen(Cipher):
        def seal(self, text: bytes, context: str) -> str:
            texts.append(text)
            return super().seal(text, context)

    cipher = Seen("p1", bytes(32))
    fact, counts = validated(ANSWER, Source(legal_basis="contract"), cipher)
    assert type(fact) is Fact
    assert texts[-1] == b"I am [mail]"
    assert counts == {"mail": 1}


def test_an_event_without_personal_values_is_stored_as_it_is() -> None:
    event = {**TOUCHPOINT, "properties": {"note": "all was well", "order_number": "4500012345"}, "context": {"n": 1}}
    fact, counts = validated(event, Source(legal_basis="contract"), Cipher("p1", bytes(32)))
    assert fact.properties == {"+context": '{"n":1}', "note": "all was well", "order_number": "4500012345"}
    assert not counts


IDENTIFY: dict[str, Any] = {
    "type": "touchline.identify.v1", "id": "i1", "source": "shop", "time": "2026-03-01T09:30:00Z",
    "persons": [{"type": "login", "key": f"k1:{'0a' * 32}"}, {"type": "anonymous", "key": f"k1:{'1b' * 32}"}],
}  # fmt: skip
SENT: dict[str, Any] = {
    "place": "p", "brand": "b", "campaign": "c", "persona": "q", "segment": "s", "provenance": "declared", "channel": "app",
    "action": "link", "variant": "short", "language": "en", "question_version": "2",
}  # fmt: skip
MAY_BE_PERSONAL = [
    (base, name)
    for base in (TOUCHPOINT, ANSWER, IDENTIFY)
    for name in sorted(FIELD_NAMES[base["type"]])
    if folded(name) not in NEEDED
]


@pytest.mark.parametrize(("base", "name"), MAY_BE_PERSONAL, ids=lambda one: one if isinstance(one, str) else one["id"])
def test_an_event_counts_without_a_field_of_the_contract_that_its_source_declares_personal(
    base: dict[str, Any], name: str
) -> None:
    known = FIELD_NAMES[base["type"]]
    event = {**{key: value for key, value in SENT.items() if key in known}, **base}
    without = {key: value for key, value in event.items() if key != name}
    cipher, plain = Cipher("p1", bytes(32)), Source(legal_basis="contract")
    expected, _ = validated(without, plain, cipher)
    found, counts = validated(event, Source(legal_basis="contract", personal=(name,)), cipher)
    assert type(found) is Fact
    assert found._replace(payload_hash=0, comment="") == expected._replace(payload_hash=0, comment="")
    assert counts["named"] == 1


@pytest.mark.parametrize(("event", "field"), [(TOUCHPOINT, ""), (ANSWER, "comment")])
def test_where_a_source_refuses_personal_values_the_record_is_quarantined_for_it(
    event: dict[str, Any], field: str
) -> None:
    source = Source(legal_basis="contract", personal_values="refuse")
    outcome, counts = validated(event, source, Cipher("p1", bytes(32)))
    assert type(outcome) is Invalid
    assert (outcome.reason, outcome.field) == (Reason.PERSONAL_VALUE, field)
    assert not counts


@pytest.mark.parametrize("name", ["place", "campaign", "brand", "persona", "segment", "action"])
@pytest.mark.parametrize("sign", ["@", "\\u0040"])
def test_a_mail_address_in_a_name_that_an_event_can_do_without_is_masked(name: str, sign: str) -> None:
    event = {**TOUCHPOINT, "properties": {}, name: f"shop of {MAIL}"}
    del event["context"]
    outcome, counts = validated(event, Source(legal_basis="contract"), Cipher("p1", bytes(32)), sign)
    assert type(outcome) is Fact
    assert getattr(outcome, name) == "shop of [mail]"
    assert counts == {"mail": 1}
    assert outcome.payload_hash == payload_hash(event)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": MAIL}, "id"),
        ({"touchpoint": f"page-{MAIL}"}, "touchpoint"),
        ({"order": {"id": MAIL}}, "order"),
        ({"consent": {"id": MAIL, "purposes": ["analytics"]}}, "consent"),
    ],
)
def test_a_mail_address_in_a_name_that_an_event_needs_keeps_the_record_out_and_is_told_nowhere(
    changes: dict[str, Any], field: str
) -> None:
    event = {**TOUCHPOINT, "properties": {}, **changes}
    outcome, counts = validated(event, Source(legal_basis="contract"), Cipher("p1", bytes(32)))
    assert type(outcome) is Invalid
    assert (outcome.reason, outcome.field) == (Reason.PERSONAL_VALUE, field)
    assert MAIL not in outcome.event_id
    assert not counts


def test_a_mail_address_in_an_id_stays_where_the_source_lets_it_through() -> None:
    source = Source.model_validate(
        {"legal_basis": "contract", "let_through": [{"field": "id", "kinds": ["mail"], "because": "ids of messages"}]}
    )
    outcome, _ = validated({**TOUCHPOINT, "id": f"<7.{MAIL}>"}, source, Cipher("p1", bytes(32)))
    assert type(outcome) is Fact
    assert outcome.event_id == f"<7.{MAIL}>"


@pytest.mark.parametrize("text", [MAIL, "call +44 20 7946 0018", "4111-1111-1111-1111", "DE89 3704 0044 0532 0130 00"])
@pytest.mark.parametrize("fault", [{"time": "soon"}, {"source": "not-declared"}, {"type": "touchline.touchpoint.v9"}])
def test_a_refused_record_is_named_by_no_personal_value(text: str, fault: dict[str, Any]) -> None:
    outcome, _ = validated({**TOUCHPOINT, "id": text, **fault}, Source(legal_basis="contract"), Cipher("p1", bytes(32)))
    assert type(outcome) is Invalid
    assert outcome.event_id == ""


def test_a_refused_record_keeps_the_source_and_the_id_that_a_business_gives() -> None:
    source = Source(legal_basis="contract")
    for event_id in ("e1", "receipt-4711-0815", "4111111111111111", "2026-03-01T10:00:00Z/17"):
        outcome, _ = validated({**TOUCHPOINT, "id": event_id, "time": "soon"}, source, Cipher("p1", bytes(32)))
        assert (outcome.source, outcome.event_id) == ("shop", event_id)
    outcome, _ = validated({**TOUCHPOINT, "source": "4111-1111-1111-1111"}, source, Cipher("p1", bytes(32)))
    assert (outcome.source, outcome.event_id) == ("", "e1")
