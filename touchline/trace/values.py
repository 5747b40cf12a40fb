"""What became of one event, as values: its records, the event as sent, its place in each map, the cells that it counts in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from touchline.schemas.reasons import Fate
from touchline.wording import counted

CLAIM: Final = "claim"
"""Reason of a version that waits: it is better than what counts, which lies in another partition."""
Cell = dict[str, str | int | float | Decimal | date | None]


class Version(NamedTuple):
    """One record that brought the event. `fate` is what holds now, `history` every fate with the time since when it held. `because` says
    which other record decided; empty where none did. `received_at` is None where the record does not tell."""

    topic: str
    incarnation: str
    partition: int
    offset: int
    revision: int
    fate: str
    reason: str
    field: str
    remedy: str
    because: str
    received_at: datetime | None
    history: Sequence[tuple[datetime, str]]

    @property
    def counts(self) -> bool:
        """Whether this is the version that stands in the views."""
        return self.fate == Fate.STORED

    @property
    def position(self) -> str:
        """Where it stands in Kafka."""
        return f"{self.topic}/{self.partition} offset {self.offset}"


class Event(NamedTuple):
    """The version that counts, as sent. `occasion` is the event that an answer names, empty for none. `person` is whose it is where other
    identifiers are the same person, else empty; `handed_over_to` the partition that publishes the identifier's journey rows where that is
    not the one of its key by itself."""

    event_type: str
    event_time: datetime
    local_date: date
    zone: str
    clock_correction_seconds: float
    touchpoint: str
    action: str
    is_simulated: bool
    provenance: str
    campaign: str
    identifier_type: str
    identifier: str
    links: Sequence[tuple[str, str]]
    occasion: str
    person: str
    handed_over_to: int | None


class Placement(NamedTuple):
    """Where one map put the event, and why. `uncounted` says why an answer counts in no survey KPI; empty where it does."""

    map: str
    map_version: int
    is_default: bool
    person: str
    stage: str
    stage_order: int
    rule: str
    evidence: str
    channel: str
    persona: str
    segment: str
    cycle: int
    transition: str
    touchpoint_number: int
    wait_seconds: float | None
    is_conversion: bool
    first_of: Sequence[str]
    stage_max_before: int
    stage_max: int
    funnel_before: int
    funnel_depth: int
    churn_due_at: datetime | None
    uncounted: str


class Counted(NamedTuple):
    """A cell that the event counts in: the mart, the cell's dimensions, what the event adds, and the query for all of its events."""

    view: str
    cell: Cell
    adds: Cell
    events_query: str


class Unseen(NamedTuple):
    """What may be known of an id that is not found: sources that have it, records that keep no id, and records of the topic that are not
    stored yet (None: Kafka does not say)."""

    other_sources: Sequence[str]
    without_id: Sequence[tuple[str, int]]
    waiting: int | None

    @property
    def suppressed(self) -> int:
        """Records of the source that were suppressed for want of consent: position, reason and source are all that is kept of them."""
        return dict(self.without_id).get(Fate.SUPPRESSED, 0)


class Withdrawn(NamedTuple):
    """A purpose that the event names and its person had withdrawn by then, and from when on."""

    purpose: str
    since: datetime


class Trace(NamedTuple):
    """All of it. `event` is None when no version counts, `unseen` when there is any version; `withdrawn` is asked of events without a
    place alone."""

    source: str
    event_id: str
    versions: Sequence[Version]
    event: Event | None
    placements: Sequence[Placement]
    counted: Sequence[Counted]
    unseen: Unseen | None
    withdrawn: Sequence[Withdrawn] = ()

    @property
    def counts(self) -> bool:
        """Whether the event stands in the views."""
        return any(version.counts for version in self.versions)


def as_object(found: Trace) -> dict[str, object]:
    """The trace as values for JSON."""
    return {
        "source": found.source,
        "event_id": found.event_id,
        "counts": found.counts,
        "verdict": verdict(found),
        "versions": [
            version._asdict()
            | {"counts": version.counts}
            | {"history": [{"since": since, "fate": fate} for since, fate in version.history]}
            for version in found.versions
        ],
        "event": found.event._asdict() if found.event else None,
        "placements": [placement._asdict() for placement in found.placements],
        "counted": [one._asdict() for one in found.counted],
        "unseen": found.unseen._asdict() if found.unseen else None,
        "withdrawn": [one._asdict() for one in found.withdrawn],
    }


def verdict(trace: Trace) -> str:
    """What became of the event, in one line."""
    if trace.counts:
        return _counting(trace)
    if trace.unseen is not None:
        return _unseen(trace.source, trace.unseen)
    if any(version.reason == CLAIM for version in trace.versions):
        return "it does not count at this moment: a better version came under another key, and takes its place within two ticks"
    if any(version.fate == Fate.QUARANTINED for version in trace.versions):
        return "in quarantine, it counts nowhere"
    return "it does not count"


def _counting(trace: Trace) -> str:
    if not trace.placements and trace.withdrawn:
        purposes = " and ".join(f"{one.purpose} from {one.since:%Y-%m-%d %H:%M:%S} UTC on" for one in trace.withdrawn)
        return f"stored; withheld, it counts nowhere: consent withdrawn for {purposes}"
    if not trace.placements:
        return "stored; this kind of event is attached to no journey and counts in no KPI"
    times = sum(version.counts for version in trace.versions)
    if times > 1:
        return (
            f"stored {times} times: the same revision came under several keys, in different partitions; the workers settle that within a "
            "minute, and one counts then"
        )
    uncounted = {placement.uncounted for placement in trace.placements}
    return "stored, it counts" if "" in uncounted else f"stored; it counts in no KPI: {', '.join(sorted(uncounted))}"


def _unseen(source: str, unseen: Unseen) -> str:
    if unseen.waiting is None:
        otherwise = "never sent, or not read yet (`touchline reconcile`)"
    elif unseen.waiting:
        records = counted(unseen.waiting, "record")
        otherwise = (
            f"among the {records} that Kafka has and no worker has stored yet (`touchline status`), or never sent"
        )
    else:
        otherwise = "never sent: all that Kafka has is stored"
    if not unseen.suppressed:
        return f"never stored: {otherwise}{'; or its record kept no id' if unseen.without_id else ''}"
    records, were = counted(unseen.suppressed, "record"), "was" if unseen.suppressed == 1 else "were"
    return (
        f"never stored under this id: {source} works under consent, and {records} of it {were} suppressed for want of consent, of which no "
        f"id is kept. This event is one of them, or was {otherwise}"
    )
