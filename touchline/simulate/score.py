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
_IDENTIFY: Final = "touchline.identify.v1"


class PairScore(NamedTuple):
    """Shares from 0 to 1; 1 where there is no pair at all. `persons` were found."""

    rule: str
    precision: float
    recall: float
    persons: int


class _Met(NamedTuple):
    person: int
    identifier: Identifier
    time_us: int


class Scores:
    """Looks at the lines of a simulation as they pass, and scores them in the end."""

    def __init__(self) -> None:
        self._met: dict[str, _Met] = {}
        self._links: list[Link] = []

    def watching(self, lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The lines, unchanged."""
        for line in lines:
            if line["kind"] == "sent" and line["event"].get("identifiers"):
                self._look(line["event"], line["truth"])
            yield line

    def _look(self, event: dict[str, Any], truth: dict[str, Any]) -> None:
        identifiers = sorted(_identifier(*one) for one in event["identifiers"])
        time_us = round(datetime.fromisoformat(event["time"]).astimezone(UTC).timestamp() * 1_000_000)
        said = (event["source"], event["id"])
        self._links += [Link(time_us, said, identifiers[0], other) for other in identifiers[1:]]
        if event["type"] != _IDENTIFY:
            self._met[event["id"]] = _Met(truth["person"], identifiers[0], time_us)

    def results(self) -> list[PairScore]:
        """By three rules: what Touchline does, what it would do if devices merged persons, and identifiers that are merged with nothing."""
        return [
            self._score("devices belong by time", DEVICE_TYPES),
            self._score("devices merge persons", ()),
            self._score("no links", None),
        ]

    def _score(self, rule: str, devices: Collection[str] | None) -> PairScore:
        met = list(self._met.values())
        if devices is None:
            found = [one.identifier for one in met]
        else:
            history = History(self._links)
            judged = components(history, HUB_NEIGHBOURS, MERGE_NOBODY)
            known = {*judged.component_of, *(one.identifier for one in met)}
            persons = persons_of(known, judged.links, devices)
            found = [persons.person_at(one.identifier, one.time_us) for one in met]
        return PairScore(rule, *pair_shares([one.person for one in met], found), len(set(found)))


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
