"""What must hold of every input: exactly one fate, without an exception, the same on the quick way and on the long one, and a row that
ClickHouse can be given. It says nothing personal: reason and field come from closed vocabularies."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from tests.checks.fates import stored
from tests.support.fuzz.inputs import read_back, sent_of
from tests.unit.processors.loop.test_odd_records import assert_accounted
from tests.unit.processors.loop.world import Record, make_pipeline, make_validator
from touchline.processors.steps.decode import decode, decode_quickly
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.receive import receive
from touchline.processors.steps.validate import NO_CONSENT, Validated
from touchline.processors.values.records import Fact, Invalid, ReceivedBatch, Suppressed
from touchline.schemas.personal.guard import Guard
from touchline.schemas.reasons import Fate, Reason
from touchline.schemas.rejections import FIELD_NAMES
from touchline.schemas.sources import SOURCE_ID_PATTERN, Source, Sources

SOURCES: Final[Sources] = {
    "shop": Source(legal_basis="contract", brand="house", default_channel="web"),
    "till": Source(legal_basis="contract", zone="Europe/Berlin", precision="minute"),
    "app": Source(legal_basis="consent", purposes=("analytics",), clock_skew_seconds=5.5),
    "desk": Source(legal_basis="contract", personal=("persona",), country="DE"),
    "bank": Source(legal_basis="contract", personal_values="refuse"),
}
BY_FIRST_STEPS: Final = frozenset(Reason) - {Reason.CONFLICT, Reason.UNSTORABLE}
"""Reasons that one record can have by itself."""
_VALIDATOR: Final = make_validator(SOURCES)
_PIPELINE: Final = make_pipeline(sources=SOURCES)
_GUARDS: Final = (Source(legal_basis="consent").guard, *(one.guard for one in SOURCES.values()))
_is_source: Final = re.compile(SOURCE_ID_PATTERN).fullmatch


class Outcome(NamedTuple):
    """What became of an input, and the record that it says."""

    fate: Fate
    reason: str
    field: str
    record: Record


def outcome_of(data: bytes) -> Outcome:
    """The one fate of an input. Raises AssertionError where something does not hold; any other error is a fault of the worker, too."""
    read = read_back(sent_of(data))
    record = Record(read.offset, read.key, read.value, read.timestamp)
    new = receive(ReceivedBatch("events", 0, 1, [record]), -1)
    assert new.records == [record]
    validated = _validated([record], decode_quickly)
    assert validated == _validated([record], decode), "the quick way and the long way disagree"
    (outcome,) = validated.outcomes
    match outcome:
        case Fact():
            assert outcome.source in SOURCES
            return Outcome(Fate.STORED, "", "", record)
        case Suppressed(reason, source):
            assert reason == NO_CONSENT
            assert SOURCES[source].needs_consent
            return Outcome(Fate.SUPPRESSED, reason, "", record)
        case Invalid(reason, field, source, payload, event_id):
            assert reason in BY_FIRST_STEPS, reason
            assert payload == (record.value or b"")
            _say_nothing_personal(field, source, event_id)
            return Outcome(Fate.QUARANTINED, reason, field, record)
    raise AssertionError(f"a step made a {type(outcome).__name__}")


def check_together(outcomes: Sequence[Outcome]) -> None:
    """The same records as those of one partition, through the whole store loop, which also packs their rows as ClickHouse gets them. Raises
    AssertionError unless each has one fate, and the account balances."""
    records = [one.record._replace(offset=offset) for offset, one in enumerate(outcomes)]
    assert_accounted(stored(records, len(records), _PIPELINE), records)


def _validated(records: Sequence[Record], read: Callable[[Sequence[Any]], Any]) -> Validated:
    into = Validated([], [], UnknownFields())
    _VALIDATOR.validate(records, read(records), into)
    return into


def _say_nothing_personal(field: str, source: str, event_id: str) -> None:
    """The path is made of the contract's names; source and id have the form of one, and no guard finds anything in them."""
    names = field.replace("[]", "").split(".") if field else ()
    assert FIELD_NAMES.issuperset(names), "a reason names a field that the contract does not have"
    assert not source or _is_source(source)
    assert len(event_id) <= 256
    guards = [SOURCES[source].guard] if source in SOURCES else _GUARDS[:1]
    assert not any(_finds(guard, source, event_id) for guard in guards), "a reason tells a personal value"


def _finds(guard: Guard, source: str, event_id: str) -> bool:
    return guard.finds("source", source) or guard.finds("id", event_id)
