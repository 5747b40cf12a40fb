"""What a worker says of its maps when it starts: new versions begin to be applied, and nothing is taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.map_changes.tables import (
    newest_change,
    read_changes,
    read_maps,
    set_default_map,
    switch_readers,
    write_changes,
)
from touchline.map_changes.values import DROPPED, STANDS, Key, standing
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.sources import Source
from touchline.sql.schema.reference import register_map, register_sources, require_same_contents


class BegunMaps(NamedTuple):
    """`maps`: every version that stands, by map and version, and `change` the number of the newest change that says so. `new`: those that
    stand since now. `dropped`: those of the worker's files that were dropped and stay so."""

    maps: tuple[JourneyMap, ...]
    new: tuple[Key, ...]
    dropped: tuple[Key, ...]
    change: int


def register_configuration(client: Client, maps: Sequence[JourneyMap], sources: Mapping[str, Source]) -> BegunMaps:
    """All its maps and sources are known, and the maps begin to be applied: see `begin_maps`."""
    begun = begin_maps(client, maps)
    register_sources(client, sources)
    return begun


def begin_maps(client: Client, maps: Sequence[JourneyMap]) -> BegunMaps:
    """Register the maps of a worker's files. A version that no change names yet stands from now on; one that was dropped stays dropped.
    Where nothing was ever stored there is nothing to walk, and readers see all of them at once. The first map is the default as soon as
    readers see it.

    Raises WrongUsage when a version is known with other content, before anything is written.
    """
    require_same_contents(client, maps)
    for one in maps:
        register_map(client, one)
    own = {(one.map, one.version): one for one in maps}
    known = {change.key: change.state for change in read_changes(client)}
    new = [key for key in own if key not in known]
    write_changes(client, [(*key, STANDS) for key in new])
    if not has_marks(client):
        switch_readers(client, newest_change(client), maps[0].map)
    if maps:
        set_default_map(client, maps[0].map)
    changes = read_changes(client)
    keys = sorted(one.key for one in standing(changes))
    loaded = own | read_maps(client, [key for key in keys if key not in own])
    dropped = tuple(key for key in own if known.get(key) == DROPPED)
    newest = max((one.number for one in changes), default=0)
    return BegunMaps(tuple(loaded[key] for key in keys), tuple(new), dropped, newest)


def has_marks(client: Client) -> bool:
    """Whether anything was ever stored."""
    return bool(
        client.execute("SELECT count() FROM (SELECT 1 FROM journey_raw.ledger WHERE kind = 'mark' LIMIT 1)")[0][0]
    )
