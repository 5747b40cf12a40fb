"""How well identifiers were merged: precision and recall over pairs of events, against the true persons.

Of all pairs of events that one found person has, *precision* is the share that is of one true person; of all pairs of one true person,
*recall* is the share that one found person has. Events without an identifier are left out: nobody can merge them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from touchline.identity.components import components
from touchline.identity.links import History, Identifier, Link
from touchline.identity.persons import persons_of
from touchline.schemas.identifiers import DEVICE_TYPES, MERGE_NOBODY, order_of

HUB_NEIGHBOURS: Final = 50
AS_TOUCHLINE_DOES: Final = "devices belong by time"
_IDENTIFY: Final = "touchline.identify.v1"


class PairScore(NamedTuple):
    """Shares from 0 to 1; 1 where there is no pair at all. `persons` were found."""

    rule: str
    precision: float
    recall: float
    persons: int


class _Event(NamedTuple):
    """What one version of an event says; `person` is the true one, None where the event only links."""

    revision: int
    person: int | None
    time_us: int
    said: tuple[str, str]
    identifiers: list[Identifier]

    @property
    def links(self) -> Iterator[Link]:
        """The first identifier with each other one."""
        return (Link(self.time_us, self.said, self.identifiers[0], other) for other in self.identifiers[1:])


class Scores:
    """Looks at the lines of a simulation as they pass, and scores them in the end. Of each event the highest revision counts, with its
    links, in whatever order they come."""

    def __init__(self) -> None:
        self._events: dict[str, _Event] = {}

    def watching(self, lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The lines, unchanged."""
        for line in lines:
            if line["kind"] == "sent" and line["event"].get("identifiers"):
                self._look(line["event"], line["truth"])
            yield line

    def _look(self, event: dict[str, Any], truth: dict[str, Any]) -> None:
        revision = event.get("revision", 0)
        known = self._events.get(event["id"])
        if known is not None and known.revision >= revision:
            return
        person = None if event["type"] == _IDENTIFY else truth["person"]
        time_us = round(datetime.fromisoformat(event["time"]).astimezone(UTC).timestamp() * 1_000_000)
        identifiers = sorted(_identifier(*one) for one in event["identifiers"])
        self._events[event["id"]] = _Event(revision, person, time_us, (event["source"], event["id"]), identifiers)

    def truth(self) -> dict[str, int]:
        """The true person of each touchpoint and answer that names somebody."""
        return {name: one.person for name, one in self._events.items() if one.person is not None}

    def results(self) -> list[PairScore]:
        """By three rules: what Touchline does, what it would do if devices merged persons, and identifiers that are merged with nothing."""
        return [
            self._score(AS_TOUCHLINE_DOES, DEVICE_TYPES),
            self._score("devices merge persons", ()),
            self._score("no links", None),
        ]

    def _score(self, rule: str, devices: Collection[str] | None) -> PairScore:
        met = [one for one in self._events.values() if one.person is not None]
        if devices is None:
            found = [one.identifiers[0] for one in met]
        else:
            history = History([link for one in self._events.values() for link in one.links])
            judged = components(history, HUB_NEIGHBOURS, MERGE_NOBODY)
            known = {*judged.component_of, *(one.identifiers[0] for one in met)}
            persons = persons_of(known, judged.links, devices)
            found = [persons.person_at(one.identifiers[0], one.time_us) for one in met]
        return PairScore(rule, *pair_shares(list(self.truth().values()), found), len(set(found)))


def pair_shares(true: list[int], found: list[Any]) -> tuple[float, float]:
    """Precision and recall over pairs of events; both lists give the person of each event."""
    both = _pairs(Counter(zip(true, found, strict=True)))
    found_pairs, true_pairs = _pairs(Counter(found)), _pairs(Counter(true))
    return (both / found_pairs if found_pairs else 1.0, both / true_pairs if true_pairs else 1.0)


def _pairs(counts: Counter[Any]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def _identifier(kind: str, value: str) -> Identifier:
    place, name = order_of(kind)
    return Identifier(place, name, value)
