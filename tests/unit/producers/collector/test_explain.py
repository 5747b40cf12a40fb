"""Verdicts say every fault of an item with its place, shape and remedy, and repeat nothing that the sender wrote."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.explain import faults_of
from touchline.producers.collector.front import ItemVerdict, Posted, RequestOutcome
from touchline.producers.collector.verdicts import ITEMS_EXPLAINED, Receipt, receipt_of
from touchline.producers.errors import EventRejected
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.reasons import Reason
from touchline.schemas.sources import Source
from touchline.wording import SUPPRESSED_HINT

EVENT = {
    "type": "touchline.touchpoint.v1", "source": "shop", "id": "1", "time": "2026-03-03T10:15:00Z", "touchpoint": "x",
}  # fmt: skip
ANSWER = {
    "type": "touchline.answer.v1", "source": "shop", "id": "1", "time": "2026-03-03T10:15:00Z", "about": {"touchpoint": "x"},
    "survey": "s", "question": "q", "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10, "score": 11,
}  # fmt: skip
SECRET = "zx81-secret"


def rejection(event: dict[str, Any]) -> EventRejected:
    producer = InMemoryProducer(
        person_keys=PersonKeys("k1", bytes(32)), sources={"shop": Source(legal_basis="contract")}
    )
    with pytest.raises(EventRejected) as rejected:
        producer.emit(event)
    return rejected.value


def told(event: dict[str, Any]) -> list[tuple[str, str, str | None, str | None]]:
    return [(one.reason.value, one.field, one.found, one.expected) for one in faults_of(rejection(event), event)]


def test_all_faults_are_told_with_place_shape_and_what_is_expected() -> None:
    event = {
        **EVENT,
        "time": 5,
        "amount": {"amount_minor": "19", "currency": "EUX"},
        "persons": [{"type": "mail", "key": "k"}],
    }
    assert told(event) == [
        ("wrong_type", "amount.amount_minor", "text of 2 characters", "a valid integer"),
        ("wrong_type", "persons[0].key", "text of 1 characters", "text that should match pattern '^[A-Za-z0-9_-]{1,32}:[0-9a-f]{64}$'"),
        ("wrong_type", "time", "whole number", "a valid string"),
        ("unknown_currency", "amount.currency", "text of 3 characters", "an ISO 4217 code"),
    ]  # fmt: skip


def test_alternatives_are_one_fault() -> None:
    expected = "a valid string or a valid integer or a valid number or a valid boolean"
    assert told({**EVENT, "properties": {SECRET: [1]}}) == [("wrong_type", "properties", "list of 1", expected)]


def test_a_misspelt_name_is_found_and_not_repeated() -> None:
    event = {**EVENT, "touchpoit": SECRET}
    del event["touchpoint"]
    (fault,) = faults_of(rejection(event), event)
    assert (fault.field, fault.found, fault.hint) == (
        "touchpoint", None, "a field beside it has nearly this name: spell it touchpoint",
    )  # fmt: skip


def test_a_score_off_its_scale_and_an_unknown_type_are_told_in_words() -> None:
    assert told(ANSWER) == [("out_of_scale", "score", "whole number", "a value that fits the scale")]
    (unknown,) = faults_of(rejection({**EVENT, "type": SECRET}), {**EVENT, "type": SECRET})
    assert (unknown.reason, unknown.field, unknown.found) == (Reason.UNKNOWN_VERSION, "type", "text of 11 characters")
    assert "touchline.answer.v1" in str(unknown.expected)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source": "other"}, "source"),
        ({"time": "1970-01-01T00:00:00Z"}, "time"),
        ({"time": "yesterday"}, "time"),
        ({"identifiers": [{"type": "mail", "value": "j***@b.c"}]}, "identifiers"),
        ({"amount": {"amount_minor": -1, "currency": "EUR"}, "order": {"id": "1"}}, "amount.amount_minor"),
    ],
)
def test_what_no_schema_says_is_told_as_the_producer_tells_it(change: dict[str, Any], field: str) -> None:
    error = rejection({**EVENT, **change})
    assert [(one.reason, one.field, one.hint) for one in faults_of(error, {**EVENT, **change})] == [
        (error.reason, field, error.hint)
    ]


VALUES = st.sampled_from(
    [SECRET, [SECRET], {SECRET: SECRET}, None, 5, 1.5, True, [], {}, -1, [{"type": SECRET, "key": SECRET}]]
)
FIELDS = st.sampled_from(
    ["type", "source", "id", "time", "touchpoint", "persons", "amount", "order", "properties", "consent", "zone", "about",
     "score", "kpi", "scope", "simulated", "revision", "identifiers", SECRET]
)  # fmt: skip


@given(st.sampled_from([EVENT, ANSWER]), st.dictionaries(FIELDS, VALUES, min_size=1, max_size=5))
def test_no_verdict_repeats_what_the_sender_wrote_and_the_first_fault_is_the_producers(
    event: dict[str, Any], changes: dict[str, Any]
) -> None:
    bad = {**event, **changes}
    producer = InMemoryProducer(
        person_keys=PersonKeys("k1", bytes(32)), sources={"shop": Source(legal_basis="contract")}
    )
    rejected: list[EventRejected] = []
    producer.emit_many([bad], on_rejected=lambda _, error: rejected.append(error))
    for error in rejected:
        receipt = receipt_of(RequestOutcome(0, [ItemVerdict(3, None, error, bad)]))
        assert SECRET not in str(receipt)
        (verdict,) = Receipt.model_validate(receipt).rejections
        assert verdict.faults[0].reason == error.reason
        assert verdict.faults[0].field.replace("[0]", "[]") == error.field


def test_thousands_of_bad_items_have_a_verdict_each() -> None:
    error, event = rejection({**EVENT, "time": 5, "zone": 5}), {**EVENT, "time": 5, "zone": 5}
    rejected = [ItemVerdict(number, number + 1, error, event) for number in range(1_000)]
    receipt = Receipt.model_validate(receipt_of(RequestOutcome(7, rejected)))
    assert (receipt.accepted, receipt.rejected) == (7, 1_000)
    assert [one.item for one in receipt.rejections] == list(range(1_000))
    assert [len(one.faults) for one in receipt.rejections] == [2] * ITEMS_EXPLAINED + [1] * (1_000 - ITEMS_EXPLAINED)
    assert receipt_of(RequestOutcome(7, []))["rejections"] == []


def test_a_receipt_counts_suppressed_items_apart_and_says_what_to_do() -> None:
    receipt = Receipt.model_validate(receipt_of(RequestOutcome(2, [], 3)))
    assert (receipt.accepted, receipt.suppressed, receipt.rejected) == (2, 3, 0)
    assert receipt.hint == SUPPRESSED_HINT
    assert EventsFront().answer(RequestOutcome(0, [], 3), Posted("/v1/events", "", {}, b"")).status == 202
