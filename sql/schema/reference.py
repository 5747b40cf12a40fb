"""Writes the reference tables: which maps, places and sources there are. Each function may be called again with the same values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.errors import WrongUsage
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.sources import Source


class Place(NamedTuple):
    """A shop, kiosk, branch ... as `dim_place` shows it; empty texts are shown as NULL. `zone` is an IANA zone."""

    place: str
    name: str = ""
    kind: str = ""
    zone: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


def require_same_contents(client: Client, maps: Sequence[JourneyMap]) -> None:
    """Raises WrongUsage where a version of one of the maps is known with other content, among these maps or to ClickHouse."""
    hashes: dict[tuple[str, int], str] = {}
    for one in maps:
        if hashes.setdefault((one.map, one.version), one.content_hash()) != one.content_hash():
            raise _other_content(one, one.version + 1)
        _require_same_content(client, one)


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
        raise _other_content(journey_map, _highest_version(client, journey_map.map) + 1)
    return bool(known)


def _other_content(journey_map: JourneyMap, next_version: int) -> WrongUsage:
    return WrongUsage(
        f"map {journey_map.map} version {journey_map.version} is already known with other content",
        f"raise its version to {next_version}, or restore the file",
    )


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
