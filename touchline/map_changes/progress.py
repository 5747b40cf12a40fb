"""How far the workers have come with the maps: the states of versions, partitions that have walked to the end, sentences about both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.map_changes.values import Key

APPLYING: Final = "applying"
APPLIED: Final = "applied"
DROPPED: Final = "dropped"
END: Final = "end"
"""What `walked_to` of a mark says when the walk is done."""


class MapVersion(NamedTuple):
    """A row of journey.map_versions. `events` of `of_events` are attached so far; 0 unless it is being applied. `percent`: 100 when it
    is applied only, since readers are switched then."""

    map: str
    version: int
    title: str
    state: str
    is_shown: bool
    is_default: bool
    change: int
    events: int
    of_events: int
    percent: int

    @property
    def key(self) -> Key:
        """(map, version)"""
        return self.map, self.version


class WalkedPartition(NamedTuple):
    """What the newest mark of a partition says."""

    stream: str
    map_change: int
    walked_to: str

    def has_walked(self, change: int) -> bool:
        """Whether it has attached all that it holds under what stands since this change."""
        return self.map_change == change and self.walked_to == END


def read_versions(client: Client) -> list[MapVersion]:
    """All versions that were ever registered: by map in the order of names, the newest version first."""
    rows = client.execute(
        "SELECT map, map_version, title, state, is_shown, is_default, change, ifNull(events, 0), ifNull(of_events, 0), percent "
        "FROM journey.map_versions ORDER BY map, map_version DESC"
    )
    return [
        MapVersion(name, version, title, state, bool(shown), bool(default), change, *counts)
        for name, version, title, state, shown, default, change, *counts in rows
    ]


def read_walked(client: Client) -> list[WalkedPartition]:
    """Every partition, by the newest incarnation of its topic."""
    rows = client.execute(
        "SELECT toString(stream) AS name, argMax(map_change, insert_number), argMax(walked_to, insert_number), max(stored_time) AS at "
        "FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream ORDER BY at"
    )
    newest: dict[tuple[str, str], WalkedPartition] = {}
    for name, change, walked_to, _ in rows:
        topic, _, partition = name.rsplit("/", 2)
        newest[topic, partition] = WalkedPartition(name, change, walked_to)
    return sorted(newest.values())


def what_is_under_way(versions: Iterable[MapVersion]) -> Iterator[str]:
    """A sentence for each version that is being applied: how far, and what readers see meanwhile."""
    known = list(versions)
    for one in known:
        if one.state != APPLYING:
            continue
        seen = next((other.version for other in known if other.map == one.map and other.is_shown), None)
        meanwhile = f"version {seen} is shown" if seen is not None else "nothing of it is shown"
        yield f"map {one.map} version {one.version} is applied to {one.percent} % of the events: {meanwhile} until it is done"
