"""Reads and writes the tables of maps over time. Each function may be called again with the same values."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from clickhouse_driver import Client

from touchline.journey.compile import CompiledMap, compile_map
from touchline.map_changes.values import Key, MapChange, Shown, ShownMaps, choices_when_applied, numbered
from touchline.schemas.journey.model import JourneyMap

_PAUSE_SECONDS: Final = 0.05
_STEP: Final = timedelta(microseconds=1)


def read_changes(client: Client) -> list[MapChange]:
    """The newest change of each version of a map, in the order of their numbers."""
    rows = client.execute(
        "SELECT max(number) AS number, map, version, argMax(state, map_changes.number) FROM journey_raw.map_changes "
        "GROUP BY map, version ORDER BY number"
    )
    return [MapChange(*row) for row in rows]


def newest_change(client: Client) -> int:
    """Number of the newest change; 0 where there was none."""
    return int(client.execute("SELECT max(number) FROM journey_raw.map_changes")[0][0])


def write_changes(client: Client, states: Sequence[tuple[str, int, str]]) -> list[MapChange]:
    """Write changes (map, version, state) under new numbers, above all others, and return them.

    Two that write at once find each other's rows behind their own insert, and write again under higher numbers: the same change twice asks
    for another walk and nothing else, two changes under one number would leave one of them without.
    """
    if not states:
        return []
    while True:
        changes = numbered(states, newest_change(client))
        now = datetime.now(UTC)
        client.execute("INSERT INTO journey_raw.map_changes VALUES", [(*one, now) for one in changes])
        rows = client.execute(
            "SELECT number, map, version, state FROM journey_raw.map_changes WHERE number >= %(first)s",
            {"first": changes[0].number},
        )
        if {MapChange(*row) for row in rows} <= set(changes):
            return changes
        time.sleep(random.uniform(0, _PAUSE_SECONDS))


def read_shown(client: Client) -> ShownMaps:
    """What readers see."""
    rows = client.execute(
        "SELECT map, version, change, is_default FROM journey_raw.shown_maps ORDER BY shown_at, change"
    )
    return ShownMaps.of(Shown(name, version, change, bool(default)) for name, version, change, default in rows)


def write_shown(client: Client, choices: Sequence[Shown]) -> None:
    """Let readers see these versions from now on, all in one step; of several of a map the last one."""
    if not choices:
        return
    ((newest,),) = client.execute("SELECT max(shown_at) FROM journey_raw.shown_maps")
    now = max(datetime.now(UTC), newest.replace(tzinfo=UTC) + _STEP)  # clocks of two workers may differ
    rows = [(*one[:3], int(one.is_default), now + place * _STEP) for place, one in enumerate(choices)]
    client.execute("INSERT INTO journey_raw.shown_maps VALUES", rows)


def switch_readers(client: Client, change: int, first: str = "") -> list[Key]:
    """Call it when the newest marks of all streams say that the walk for this change has ended: readers see every version that stands.

    `first`: the map that becomes the default where none is. Returns the versions that readers see now and did not before, in order; none
    where somebody else was quicker, or where a newer change has come, for which all walk anew.
    """
    changes = read_changes(client)
    if max((one.number for one in changes), default=0) != change:
        return []
    choices = choices_when_applied(changes, read_shown(client), first)
    write_shown(client, choices)
    return [one.key for one in choices]


def set_default_map(client: Client, name: str) -> bool:
    """Choose the map by which touchpoints, answers, orders and unmapped are shown, in the version that readers see. Returns whether that is
    a change; a map that readers do not see yet is not chosen."""
    shown = read_shown(client)
    chosen = shown.newest.get(name)
    if chosen is None or shown.default == name:
        return False
    write_shown(client, [chosen._replace(is_default=True)])
    return True


def read_maps(client: Client, keys: Iterable[Key]) -> dict[Key, JourneyMap]:
    """The registered content of these versions of maps, annotations as registered last; those that are not registered are left out."""
    wanted = tuple(keys)
    if not wanted:
        return {}
    rows = client.execute(
        "SELECT map, version, content FROM journey_raw.maps WHERE (map, version) IN %(keys)s "
        "ORDER BY registered_at DESC LIMIT 1 BY map, version",
        {"keys": wanted},
    )
    return {(name, version): JourneyMap.model_validate_json(content) for name, version, content in rows}


def compiled_maps(client: Client, keys: Iterable[Key]) -> dict[Key, CompiledMap]:
    """The same, ready for `attach`: what a worker loads that has no file of a version that stands."""
    return {key: compile_map(one) for key, one in read_maps(client, keys).items()}
