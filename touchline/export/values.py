"""All that is kept of one person, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from touchline.person.values import Journey, PublishedChange

FORMAT: Final = "touchline.export.v1"
"""A field may be added under it; a field that goes, or means something else, makes another number."""
SOMEBODY_ELSE: Final = "somebody else's"
"""Stands for identifiers of other people: an export of one person tells none of another."""
Record = dict[str, Any]


class Named(NamedTuple):
    """Who is asked for: person keys that may be meant, and the raw value where one was given, which only quarantined records can hold."""

    keys: Sequence[str]
    raw: str = ""


class OwnIdentifier(NamedTuple):
    """An identifier of the person. Of a device that others use, too, only the person's own events are in the export."""

    identifier: str
    type: str
    events: int
    first_at: datetime | None
    last_at: datetime | None
    is_shared: bool


class KeptOut(NamedTuple):
    """A record in quarantine whose bytes name the person. `record` is its JSON, or its text where it is none."""

    position: str
    received_at: datetime
    source: str
    event_id: str
    reason: str
    field: str
    outcome: str
    record: Any


class Read(NamedTuple):
    """One reading in which this person was asked for."""

    read_at: datetime
    way: str
    opened: int


class Export(NamedTuple):
    """All of it. `records` are the rows of the ledger by kind, each without columns that hold nothing; `consents` the state of
    each purpose over time. `locked` counts texts and quarantined records that the key at hand does not open: what they hold is not here."""

    made_at: datetime
    touchline: str
    person: str
    is_on_its_way: bool
    identifiers: Sequence[OwnIdentifier]
    sources: Mapping[str, str]
    records: Mapping[str, Sequence[Record]]
    journeys: Sequence[Journey]
    changes: Sequence[PublishedChange]
    consents: Sequence[Record]
    quarantine: Sequence[KeptOut]
    readings: Sequence[Read]
    opened: int
    locked: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept."""
        return not (self.identifiers or self.quarantine or any(self.records.values()))


def as_object(export: Export) -> dict[str, object]:
    """For JSON; docs/privacy.md says what each field is."""
    return {
        "format": FORMAT,
        **export._asdict(),
        "identifiers": [one._asdict() for one in export.identifiers],
        "journeys": [one._asdict() for one in export.journeys],
        "changes": [one._asdict() for one in export.changes],
        "quarantine": [one._asdict() for one in export.quarantine],
        "readings": [one._asdict() for one in export.readings],
    }
