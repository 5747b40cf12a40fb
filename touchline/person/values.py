"""One person as values: identifiers, the evidence for each link, what was published when, shared devices, journeys in short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple


class PersonIdentifier(NamedTuple):
    """One identifier. `events`, `first_at` and `last_at` are of its published events, of whomever; `persons` those under whom they stand,
    `since` when they were first published so. `belongs_to` is what the links say: none while the identifier is shared."""

    identifier: str
    type: str
    persons: Sequence[str]
    belongs_to: str | None
    events: int
    first_at: datetime | None
    last_at: datetime | None
    since: datetime | None


class Evidence(NamedTuple):
    """What one event says of two identifiers. `kind` is link or unlink; `stored_at` is when it was stored; `state` says what became of
    it."""

    time: datetime
    kind: str
    source: str
    event_id: str
    event_type: str
    identifier: str
    identifier_type: str
    linked_identifier: str
    linked_identifier_type: str
    stored_at: datetime
    state: str


class PublishedChange(NamedTuple):
    """The events of an identifier stand under other persons from then on: a merge or an un-merge, as readers saw it."""

    at: datetime
    identifier: str
    persons_before: Sequence[str]
    persons: Sequence[str]


class Handoff(NamedTuple):
    """The right to publish the identifier's journey rows went from one partition to another."""

    at: datetime
    identifier: str
    number: int
    from_partition: int
    to_partition: int


class Hub(NamedTuple):
    """An identifier with too many neighbours: its links count for nothing."""

    identifier: str
    type: str
    neighbours: int


class Holding(NamedTuple):
    """From that moment on the device belongs to the person; the first holding reaches back to the beginning."""

    since: datetime
    person: str


class SharedDevice(NamedTuple):
    """A device that several persons use, one after the other. `events` are the published ones by person."""

    identifier: str
    type: str
    holdings: Sequence[Holding]
    events: Mapping[str, int]


class Journey(NamedTuple):
    """One journey in short."""

    map: str
    map_version: int
    cycle: int
    started_at: datetime
    last_at: datetime
    converted_at: datetime | None
    max_stage_order: int | None
    touchpoints: int


class Belonging(NamedTuple):
    """What belongs to the person to whom an identifier leads. `asked` is the key that was asked for; `persons` those to whom it leads:
    several where it is a shared device. Of the identifiers it is not told since when they are published so."""

    asked: str
    asked_type: str
    persons: Sequence[str]
    identifiers: Sequence[PersonIdentifier]
    evidence: Sequence[Evidence]
    hubs: Sequence[Hub]
    shared: Sequence[SharedDevice]

    @property
    def is_on_its_way(self) -> bool:
        """Whether the links say something else than what is published so far."""
        return _is_on_its_way(self.identifiers)


class Person(NamedTuple):
    """All that is told of one person: what belongs to it, and what was published when."""

    asked: str
    asked_type: str
    persons: Sequence[str]
    identifiers: Sequence[PersonIdentifier]
    evidence: Sequence[Evidence]
    changes: Sequence[PublishedChange]
    handoffs: Sequence[Handoff]
    hubs: Sequence[Hub]
    shared: Sequence[SharedDevice]
    journeys: Sequence[Journey]

    @property
    def is_on_its_way(self) -> bool:
        """Whether the links say something else than what is published so far."""
        return _is_on_its_way(self.identifiers)


def _is_on_its_way(identifiers: Iterable[PersonIdentifier]) -> bool:
    return any(
        one.belongs_to is not None and one.persons and list(one.persons) != [one.belongs_to] for one in identifiers
    )


def as_object(person: Person) -> dict[str, object]:
    """The person as values for JSON; person keys in full."""
    return {
        "asked": person.asked,
        "asked_type": person.asked_type,
        "persons": list(person.persons),
        "is_on_its_way": person.is_on_its_way,
        "identifiers": [one._asdict() for one in person.identifiers],
        "evidence": [one._asdict() for one in person.evidence],
        "changes": [one._asdict() for one in person.changes],
        "handoffs": [one._asdict() for one in person.handoffs],
        "hubs": [one._asdict() for one in person.hubs],
        "shared_devices": [
            one._asdict() | {"holdings": [holding._asdict() for holding in one.holdings]} for one in person.shared
        ],
        "journeys": [one._asdict() for one in person.journeys],
    }
