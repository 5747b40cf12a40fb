"""Writes the reference tables: which maps, places and sources there are. Each function may be called again with the same values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.errors import WrongUsage
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.sources import Source
from touchline.wording import counted


class Place(NamedTuple):
    """A shop, kiosk, branch ... as `dim_place` shows it; empty texts are shown as NULL. `zone` is an IANA zone."""

    place: str
    name: str = ""
    kind: str = ""
    zone: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


def register_configuration(client: Client, maps: Sequence[JourneyMap], sources: Mapping[str, Source]) -> None:
    """What a worker does at its start: all its maps are known, the first is the default, and so are its sources.

    Raises WrongUsage as `register_map` does, before anything is written.
    """
    for journey_map in maps:
        _require_same_content(client, journey_map)
    for journey_map in maps:
        register_map(client, journey_map)
    set_default_map(client, maps[0].map, maps[0].version)
    register_sources(client, sources)


def register_map(client: Client, journey_map: JourneyMap) -> bool:
    """Make a map and its stages and touchpoints known to readers. Returns whether anything was written: the map was new, or its
    annotations (the one part that may change within a version) differ from those last registered.

    Raises WrongUsage when the same version of the map is known with other content.
    """
    key = (journey_map.map, journey_map.version)
    content = journey_map.model_dump_json(by_alias=True, exclude_defaults=True)
    if _require_same_content(client, journey_map):
        if _newest_content(client, journey_map) == content:
            return False
        _insert_map(client, journey_map, content)
        return True
    stages = enumerate(journey_map.stages, start=1)
    _insert(client, "stages", [(*key, stage.id, order, stage.name, stage.description) for order, stage in stages])
    _insert(
        client,
        "touchpoints",
        [
            (
                *(*key, point.id, point.name, point.channel, int(point.is_online), point.ownership),
                *(point.observability, point.owner, point.description),
            )
            for point in journey_map.touchpoints
        ],
    )
    _insert_map(client, journey_map, content)
    return True


def maps_left_out(client: Client, names: Collection[str]) -> dict[str, int]:
    """Maps other than these by which stored events are attached -> how many (of the version that has most)."""
    known = [name for (name,) in client.execute("SELECT DISTINCT map FROM journey_raw.maps") if name not in names]
    if not known:
        return {}
    query = (
        "SELECT map, max(events) FROM (SELECT map, map_version, sum(sign) AS events FROM journey_raw.ledger "
        "WHERE kind = 'attached' AND map IN %(maps)s GROUP BY map, map_version) GROUP BY map HAVING max(events) > 0 ORDER BY map"
    )
    return {str(name): int(events) for name, events in client.execute(query, {"maps": tuple(known)})}


def require_no_map_left_out(client: Client, names: Collection[str], retired: Collection[str]) -> None:
    """A worker that does not run a map takes a person's events out of it as soon as that person comes again.

    Raises WrongUsage where the ledger has events under a map that is neither among these names nor retired.
    """
    for name, events in maps_left_out(client, {*names, *retired}).items():
        raise WrongUsage(
            f"{counted(events, 'event')} of the ledger {'is' if events == 1 else 'are'} attached by the map {name}, which the setting "
            "`maps` leaves out: they would leave its numbers one person after the other",
            f"add {name} to `maps` (and its file to journeys_dir); or, if nobody needs its numbers, name it in `retired_maps`",
        )


def set_default_map(client: Client, name: str, version: int) -> bool:
    """Choose the map by which touchpoints, answers, orders and unmapped are shown. Returns whether that is a change."""
    newest = client.execute("SELECT map, version FROM journey_raw.default_map ORDER BY chosen_at DESC LIMIT 1")
    if newest == [(name, version)]:
        return False
    _insert(client, "default_map", [(name, version, datetime.now(UTC))])
    return True


def register_hub_neighbours(client: Client, neighbours: int) -> bool:
    """Tell readers how many neighbours an identifier may have before its links count for nothing. Returns whether that is a change."""
    newest = client.execute("SELECT neighbours FROM journey_raw.hub_limits ORDER BY set_at DESC LIMIT 1")
    if newest == [(neighbours,)]:
        return False
    _insert(client, "hub_limits", [(neighbours, datetime.now(UTC))])
    return True


def register_places(client: Client, places: Iterable[Place]) -> int:
    """Make places known to readers, or what is known of them up to date. Returns how many were new or changed."""
    query = "SELECT place, name, kind, zone, city, region, country FROM journey_raw.places ORDER BY registered_at DESC LIMIT 1 BY place"
    return _append_changed(client, "places", query, [tuple(place) for place in places])


def register_sources(client: Client, sources: Mapping[str, Source]) -> int:
    """Make the declared sources known to readers, or up to date. Returns how many were new or changed."""
    rows = [
        (
            name,
            source.name,
            source.zone or "",
            source.legal_basis,
            source.brand or "",
            source.default_channel or "",
            source.retention_days,
        )
        for name, source in sources.items()
    ]
    query = (
        "SELECT source, name, zone, legal_basis, brand, channel, retention_days FROM journey_raw.sources "
        "ORDER BY registered_at DESC LIMIT 1 BY source"
    )
    return _append_changed(client, "sources", query, rows)


def _append_changed(client: Client, table: str, known_query: str, rows: Sequence[tuple[object, ...]]) -> int:
    known = set(client.execute(known_query))
    changed = [(*row, datetime.now(UTC)) for row in dict.fromkeys(rows) if row not in known]
    _insert(client, table, changed)
    return len(changed)


def _require_same_content(client: Client, journey_map: JourneyMap) -> bool:
    """Whether the map is known, with just this content. Raises WrongUsage when with another."""
    known = client.execute(
        "SELECT content_hash FROM journey_raw.maps WHERE map = %(map)s AND version = %(version)s ORDER BY registered_at LIMIT 1",
        {"map": journey_map.map, "version": journey_map.version},
    )
    if known and known[0][0] != journey_map.content_hash():
        raise WrongUsage(
            f"map {journey_map.map} version {journey_map.version} is already known with other content",
            f"raise its version to {_highest_version(client, journey_map.map) + 1}, or restore the file",
        )
    return bool(known)


def _newest_content(client: Client, journey_map: JourneyMap) -> str:
    """What `dim_map` shows."""
    rows = client.execute(
        "SELECT content FROM journey_raw.maps WHERE map = %(map)s AND version = %(version)s ORDER BY registered_at DESC LIMIT 1",
        {"map": journey_map.map, "version": journey_map.version},
    )
    return str(rows[0][0])


def _insert_map(client: Client, journey_map: JourneyMap, content: str) -> None:
    key = (journey_map.map, journey_map.version)
    head = (*key, journey_map.content_hash(), journey_map.title, journey_map.description, len(journey_map.stages))
    _insert(client, "maps", [(*head, content, datetime.now(UTC))])


def _insert(client: Client, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        client.execute(f"INSERT INTO journey_raw.{table} VALUES", rows)


def _highest_version(client: Client, name: str) -> int:
    rows = client.execute("SELECT max(version) FROM journey_raw.maps WHERE map = %(map)s", {"map": name})
    return int(rows[0][0])
