"""What emit refuses can be sent to the quarantine: the pipeline refuses it for the same reason, and no raw identifier is in it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.records import Invalid, KafkaRecord
from touchline.producers.errors import EventRejected
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.reasons import Reason
from touchline.schemas.sources import Source

SOURCES = {"till": Source(legal_basis="contract")}
NOW_US = 1_772_366_400_000_000
RAW = "pat.smith-4711@example.org"
EVENT: dict[str, Any] = {
    "type": "touchline.touchpoint.v1",
    "id": "e1",
    "source": "till",
    "time": "2026-03-01T09:30:00Z",
    "touchpoint": "store_purchase",
    "identifiers": [("mail", RAW)],
}
ODD_TEXTS = ("", "x" * 300, "\ud800", "caf\udce9", "XXQ")
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(ODD_TEXTS),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.sampled_from(["id", "currency", "amount_minor"]), st.integers(), max_size=2),
)
BYTES = (Reason.NOT_UTF8, Reason.NOT_JSON)
FIELDS = (
    "type",
    "id",
    "source",
    "time",
    "touchpoint",
    "zone",
    "place",
    "amount",
    "order",
    "properties",
    "revision",
    "persons",
    "extra",
)


def new_producer() -> InMemoryProducer:
    return InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=SOURCES, clock_us=lambda: NOW_US)


def fate(producer: InMemoryProducer) -> Any:
    """What the pipeline makes of the one record."""
    producer.flush()
    (record,) = producer.records
    record.headers  # noqa: B018 - made for Kafka: must not raise
    received = [
        cast(KafkaRecord, SimpleNamespace(offset=0, key=record.key, value=record.value, timestamp=NOW_US // 1_000))
    ]
    into = Validated([], [], UnknownFields())
    Validator(SOURCES, "UTC", Cipher("p1", bytes(32))).validate(received, decode(received), into)
    return into.outcomes[0]


def rejection_of(event: dict[str, Any]) -> Reason | None:
    try:
        new_producer().emit(event)
    except EventRejected as error:
        return error.reason
    return None


@given(st.dictionaries(st.sampled_from(FIELDS), ODD, min_size=1, max_size=3))
def test_what_emit_refuses_is_quarantined_and_what_it_takes_is_not_sent_this_way(changes: dict[str, Any]) -> None:
    event, producer = {**EVENT, **changes}, new_producer()
    reason, is_sent = rejection_of(event), producer.emit_refused(event)
    if reason is None:
        assert not is_sent
        return
    if is_sent:
        outcome = fate(producer)
        assert type(outcome) is Invalid
        if reason not in BYTES:  # what nobody can decode has no other fault
            assert outcome.reason in (reason, *BYTES)
        assert RAW.encode() not in producer.records[0].value


@pytest.mark.parametrize("number", [-(1 << 63) - 1, -(1 << 63), (1 << 64) - 1, 1 << 64, 10**400])
@pytest.mark.parametrize("field", ["revision", "amount"])
def test_a_whole_number_beyond_64_bits_is_refused_for_the_same_reason_on_both_sides(field: str, number: int) -> None:
    event = {**EVENT, field: {"amount_minor": number, "currency": "EUR"} if field == "amount" else number}
    producer, reason = new_producer(), rejection_of(event)
    assert reason is not None
    assert producer.emit_refused(event)
    assert fate(producer).reason in (reason, *BYTES)


@pytest.mark.parametrize(
    "identifiers",
    [
        [("loyalty", "****4711")],
        [("phone", "030 1234567")],
        [("No Type!", RAW)],
        [RAW],
        [(7, RAW)],
        [{"type": "mail", "value": 3}],
    ],
)
def test_an_identifier_that_no_key_is_made_of_never_leaves(identifiers: list[Any]) -> None:
    producer = new_producer()
    assert producer.emit_refused({**EVENT, "identifiers": [*identifiers, ("mail", RAW)]})
    outcome = fate(producer)
    assert (outcome.reason, outcome.field) == (Reason.WRONG_TYPE, "persons[].key")
    assert RAW.encode() not in producer.records[0].value
    assert b"030 1234567" not in producer.records[0].value


def test_what_is_too_large_for_kafka_is_not_sent() -> None:
    assert not new_producer().emit_refused({**EVENT, "touchpoint": "x" * 1_000_000})


def test_a_closed_producer_sends_nothing() -> None:
    producer = new_producer()
    producer.close()
    with pytest.raises(WrongUsage, match="closed"):
        producer.emit_refused({**EVENT, "id": ""})


@pytest.mark.parametrize("anonymous", [True, ["perhaps"], "yes"])
def test_a_bad_answer_that_may_be_anonymous_names_nobody(anonymous: Any) -> None:
    answer = {
        **EVENT,
        "type": "touchline.answer.v1",
        "anonymous": anonymous,
        "score": ["five"],
        "about": {"touchpoint": "till"},
    }
    producer = new_producer()
    assert producer.emit_refused(answer)
    assert type(fate(producer)) is Invalid
    assert b"persons" not in producer.records[0].value
    assert RAW.encode() not in producer.records[0].value


@pytest.mark.parametrize("source", ["tlil", RAW, None, 7, ["till"]])
def test_what_any_source_calls_personal_is_left_out_where_the_source_is_not_known(source: object) -> None:
    sources = {
        "till": Source(legal_basis="contract", personal=("customer_name",)),
        "crm": Source(legal_basis="contract"),
    }
    producer = InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=sources)
    named = {"customerName": "Zebediah Quux", "properties": {"customer_name": "Zebediah Quux", "lines": 3}}
    assert producer.emit_refused({**EVENT, **named, "source": source})
    producer.flush()
    value = producer.records[-1].value
    assert b"Zebediah" not in value
    assert b'"lines":3' in value
