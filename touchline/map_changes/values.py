"""What the tables of maps over time hold, as values; and the pure rule by which readers are switched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

STANDS: Final = "stands"
DROPPED: Final = "dropped"

Key = tuple[str, int]
"""(map, version)"""


class MapChange(NamedTuple):
    """The newest change of a version of a map: since this number it stands or is dropped."""

    number: int
    map: str
    version: int
    state: str

    @property
    def key(self) -> Key:
        """(map, version)"""
        return self.map, self.version


class Shown(NamedTuple):
    """A choice of what readers see: the version of the map, the change by which it stands, and whether it is the default map."""

    map: str
    version: int
    change: int
    is_default: bool

    @property
    def key(self) -> Key:
        """(map, version)"""
        return self.map, self.version


class ShownMaps(NamedTuple):
    """What readers see: the newest choice of each map, the highest change for which each version was ever shown, and the default map, empty
    before one is chosen."""

    newest: dict[str, Shown]
    changes: dict[Key, int]
    default: str

    @classmethod
    def of(cls, choices: Iterable[Shown]) -> ShownMaps:
        """`choices` in the order in which they were made."""
        newest: dict[str, Shown] = {}
        changes: dict[Key, int] = {}
        default = ""
        for one in choices:
            newest[one.map] = one
            changes[one.key] = max(one.change, changes.get(one.key, 0))
            default = one.map if one.is_default else default
        return cls(newest, changes, default)


def standing(changes: Iterable[MapChange]) -> list[MapChange]:
    """Those that stand, in the order in which they came."""
    return sorted(one for one in changes if one.state == STANDS)


def being_applied(changes: Iterable[MapChange], shown: ShownMaps) -> list[MapChange]:
    """Those that stand and were never shown since, in the order in which they came."""
    return [one for one in standing(changes) if one.number > shown.changes.get(one.key, 0)]


def choices_when_applied(changes: Collection[MapChange], shown: ShownMaps, first: str = "") -> list[Shown]:
    """What is to be written when every version that stands is applied: one choice for each that was not shown yet, in the order of their
    changes, so that the newest of a map is seen. Where no map is the default, `first` becomes it, else the one that came first."""
    applied = being_applied(changes, shown)
    names = [one.map for one in applied]
    default = shown.default or (first if first in names else next(iter(names), ""))
    return [Shown(one.map, one.version, one.number, one.map == default) for one in applied]


def numbered(states: Sequence[tuple[str, int, str]], newest: int) -> list[MapChange]:
    """The changes (map, version, state) with the numbers behind the newest one."""
    return [MapChange(newest + place, *one) for place, one in enumerate(states, start=1)]
