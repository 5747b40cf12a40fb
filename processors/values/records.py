"""What a record becomes on its way: received bytes, then one of Fact, Invalid or Suppressed. Nothing else leaves a step.

A `Fact` is flat and ordered like the ledger's columns, because a batch of facts is turned into columns by one transposition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from touchline.schemas.events import CONSENT
from touchline.schemas.reasons import Reason

OFFSET_BITS = 52
"""Bits of a position that hold the offset; the partition stands above them."""


class KafkaRecord(Protocol):
    """What the pipeline reads of a consumer record."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def timestamp(self) -> int: ...


class ReceivedBatch(NamedTuple):
    """Consecutive records of one topic-partition as one poll returned them, with the group generation they were read under.

    Kafka was asked from `start_offset` on: offsets between it and the first record do not exist any more (a gap), while of
    offsets before it nothing is known. So a batch whose `start_offset` is beyond the mark + 1 is no gap: answer
    `Acknowledge(mark + 1)` and the worker seeks back to there.
    """

    topic: str
    partition: int
    generation: int
    records: Sequence[KafkaRecord]
    start_offset: int = 0


class NewRecords(NamedTuple):
    """Records that the mark does not cover, maybe none. `gap_count` offsets before or between them hold no record (compaction, retention,
    control records); `first_offset` is the first offset accounted for, holes included."""

    first_offset: int
    gap_count: int
    records: Sequence[KafkaRecord]

    @classmethod
    def none_after(cls, last_offset: int) -> NewRecords:
        """No record after this offset, which the mark covers."""
        return cls(last_offset + 1, 0, ())

    @property
    def last_offset(self) -> int:
        """The last offset accounted for: without records that of the mark before."""
        return self.records[-1].offset if self.records else self.first_offset - 1

    def first(self, count: int) -> NewRecords:
        """The first records alone, at least one of them."""
        records = self.records[:count]
        return NewRecords(self.first_offset, records[-1].offset + 1 - self.first_offset - len(records), records)


def withdraws(fact: Fact) -> bool:
    """Whether the event takes a consent back."""
    return fact.event_type == CONSENT and fact.action == "withdrawn"


def position_of(partition: int, offset: int) -> int:
    """Where a record lies among all of a topic: its partition (12 bits) and its offset (52 bits). An offset alone names a record within one
    partition only."""
    return partition << OFFSET_BITS | offset


def offset_of(position: int) -> int:
    """The offset of the record at a position."""
    return position & (1 << OFFSET_BITS) - 1


def partition_of(position: int) -> int:
    """The partition of the record at a position."""
    return position >> OFFSET_BITS


class NamingAnswer(NamedTuple):
    """A stored answer that names the event it is about: where to find it again."""

    source: str
    event_id: str
    identifier: str


Cursors = Mapping[str, int]
"""By stream the number of the insert up to which it was read."""


class Reached(NamedTuple):
    """How far a partition has read what all partitions say, walked for a change of the maps, and followed requests to erase: what its marks
    say beside the offset."""

    cursors: Cursors
    map_change: int = 0
    walked_to: str = ""
    erasure: int = 0


class Invalid(NamedTuple):
    """A record that breaks the contract: it is quarantined with its bytes. `field` comes from the contract, never from the data."""

    reason: Reason
    field: str
    source: str
    payload: bytes
    event_id: str = ""
    revision: int = 0
    payload_hash: int = 0


class Suppressed(NamedTuple):
    """A record that may not be kept (no consent): position and reason stay, nothing personal."""

    reason: str
    source: str


class Erased(NamedTuple):
    """A record of somebody who was erased before it came: what tells later versions of its event apart stays, nothing personal.
    `event_id` is the hidden one (schemas/erasure.py); that of the event as long as it waits, for the `reason` claim, until other
    partitions have given way."""

    source: str
    event_id: str
    revision: int
    payload_hash: int
    completeness: int
    reason: str = ""


class Fact(NamedTuple):
    """A valid event. Fields are ledger columns of the same names; times are microseconds since 1970 UTC, `local_date`
    and `answered_date` days since 1970.

    All fields stand in the received row; those from `event_type` to before `comment` also, unchanged, in each attached row. Touchpoints,
    nearly all events, fill those before `survey` only.
    """

    # as sent, in the received row only
    channel: str
    persona: str
    segment: str
    payload_hash: int
    received_time: int
    clock_correction_us: int
    span_us: int
    zone: str
    identifier_type: str
    consent_id: str
    purposes: str
    properties: Mapping[str, str]
    # in the attached rows too
    event_type: str
    source: str
    event_id: str
    revision: int
    event_time: int
    local_date: int
    identifier: str
    person: str
    touchpoint: str
    action: str
    is_simulated: int
    provenance: str
    campaign: str
    brand: str
    place: str
    amount_minor: int
    currency: str
    currency_exponent: int
    order_id: str
    order_kind: str
    # of other events than touchpoints, in the attached rows too
    survey: str
    question: str
    question_version: str
    language: str
    kpi: str
    variant: str
    scope: str
    scale_min: int
    scale_max: int
    score: float
    has_score: int
    disposition: str
    sampling_probability: float
    about_time: int
    about_source: str
    about_event_id: str
    answered_date: int
    # of answers, in the received row only
    comment: str
    cipher_key_id: str
    about_own: int
    completeness: int


SHARED_FROM = Fact._fields.index("event_type")
shared_of: Any = itemgetter(slice(SHARED_FROM, Fact._fields.index("comment")))
"""The fields that each attached row repeats, of a fact or of its field names."""
TOUCHPOINT_WIDTH = Fact._fields.index("survey")
"""Number of leading fields that a touchpoint event fills; the others hold nothing."""

OWN_TIME, OWN_ZONE, OWN_BRAND, NAMES_EVENT = 1, 2, 4, 8
"""Bits of `about_own`: what an answer says itself, and so does not take from the event that it names; and whether it names one."""

RecordOutcome = Fact | Invalid | Suppressed | Erased
