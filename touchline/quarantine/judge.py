"""What the present contract says of a quarantined record: the worker's own steps, asked before anything is sent again."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.records import Erased, Fact, Invalid, Suppressed
from touchline.producers.record import PreparedRecord
from touchline.quarantine.entries import Entry
from touchline.quarantine.keep import Kept, State
from touchline.schemas.nulls import drop_nulls
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import REMEDIES
from touchline.schemas.sources import Sources

NO_BYTES = {
    State.EXPIRED: ("the 90 days of its bytes have passed", "let the sender send it again, then discard it"),
    State.NONE: ("no bytes are kept of it", "let the sender send it again, then discard it"),
    State.LOCKED: (
        "its bytes are under another key",
        "name the key file that the workers had then by payload_key_file",
    ),
}
CONSENT_REMEDY = "the source works under consent and the event names no grant: discard it"


class Unmendable(NamedTuple):
    """Sending it again would not help. `why` is a reason of quarantine or a state of the bytes."""

    why: str
    field: str
    remedy: str


class Mended(NamedTuple):
    """The present contract takes it: the record to send, as its sender would make it, and the version of the event that it is."""

    record: PreparedRecord
    timestamp_ms: int
    version: tuple[str, str, int]
    """(source, event id, payload hash)"""


Judgement = Mended | Unmendable


class _Record(NamedTuple):
    """What the worker's steps read."""

    offset: int
    key: bytes | None
    value: bytes
    timestamp: int


class Judge:
    """The worker's validation with the configuration of this process."""

    def __init__(self, sources: Sources, company_zone: str, cipher: Cipher) -> None:
        self._validator = Validator(sources, company_zone, cipher)
        self._sources = sources

    def judge(self, kept: Kept) -> Judgement:
        """Would a worker of this release and configuration store it?

        The key is made anew from the content, as the contract says. The time that Kafka kept stays, so that an event of the future does
        not become credible by waiting. Personal values do not go to Kafka again: what the guard masks is sent masked.
        """
        entry, state, value = kept
        if entry.reason == Reason.CONFLICT:
            return Unmendable(Reason.CONFLICT, "", f"{REMEDIES[Reason.CONFLICT]}, then discard it")
        if state is not State.KEPT:
            return Unmendable(state, "", "; ".join(NO_BYTES[state]))
        record = _Record(entry.offset, None, value, timestamp_ms(entry))
        validated = Validated([], [], UnknownFields())
        decoded = decode([record])
        self._validator.validate([record], decoded, validated)
        (outcome,) = validated.outcomes
        match outcome:
            case Invalid():
                return Unmendable(outcome.reason, outcome.field, REMEDIES[outcome.reason])
            case Erased():
                raise AssertionError("only batches leave the erased out")
            case Suppressed():
                return Unmendable(outcome.reason, "consent", CONSENT_REMEDY)
            case Fact():
                masked = self._masked(record, outcome.source)
                if masked != value:
                    return self.judge(Kept(entry, state, masked))
                assert type(decoded[0]) is dict
                time = str(decoded[0]["time"])
                return Mended(_prepared(outcome, value, time), record.timestamp, _version(outcome))

    def _masked(self, record: _Record, source: str) -> bytes:
        """The record's value without personal values; the same bytes where it has none."""
        (event,) = decode([record])
        assert type(event) is dict
        drop_nulls(event)
        cleaned = self._sources[source].guard.clean(event, is_open=True)
        return record.value if cleaned is None else orjson.dumps(cleaned.event)


def timestamp_ms(entry: Entry) -> int:
    """The time that Kafka keeps with the record, as it was."""
    return entry.received_us // 1_000


def _prepared(fact: Fact, value: bytes, time: str) -> PreparedRecord:
    key = fact.identifier or f"{fact.source}/{fact.event_id}"
    return PreparedRecord(fact.event_id, key.encode(), value, fact.source, fact.event_type, time)


def _version(fact: Fact) -> tuple[str, str, int]:
    return (fact.source, fact.event_id, fact.payload_hash)
