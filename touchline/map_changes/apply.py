"""Bring a version of a map, or take it away: one row each, which the workers follow."""

from __future__ import annotations

from enum import StrEnum

from clickhouse_driver import Client

from touchline.errors import WrongUsage
from touchline.map_changes.start import has_marks
from touchline.map_changes.tables import (
    newest_change,
    read_changes,
    read_shown,
    switch_readers,
    write_changes,
    write_shown,
)
from touchline.map_changes.values import DROPPED, STANDS, Key, Shown, ShownMaps, being_applied, standing
from touchline.schemas.journey.model import JourneyMap
from touchline.sql.schema.reference import register_map, require_same_contents


class Outcome(StrEnum):
    """What `apply` did. Closed set, also in `map apply --json`."""

    BEGUN = "begun"
    """Workers attach events under it from now on."""
    UNDER_WAY = "under way"
    """They did already."""
    SHOWN = "shown"
    """Readers see it: it was applied, or nothing is stored."""


def apply_map(client: Client, journey_map: JourneyMap) -> Outcome:
    """Let events be attached under this version, and readers see it as soon as all are. Again is no harm: it goes on. A version that is
    applied and not seen, since a newer one is, is seen at once.

    Raises WrongUsage when the version is known with other content.
    """
    require_same_contents(client, [journey_map])
    register_map(client, journey_map)
    key = (journey_map.map, journey_map.version)
    changes, shown = read_changes(client), read_shown(client)
    stands = {one.key: one for one in standing(changes)}
    if key not in stands:
        write_changes(client, [(*key, STANDS)])
        outcome = Outcome.BEGUN
    elif any(one.key == key for one in being_applied(changes, shown)):
        outcome = Outcome.UNDER_WAY
    else:
        _see(client, shown, key, stands[key].number)
        return Outcome.SHOWN
    if not has_marks(client):
        switch_readers(client, newest_change(client))
        return Outcome.SHOWN
    return outcome


def _see(client: Client, shown: ShownMaps, key: Key, change: int) -> None:
    name, version = key
    if shown.newest[name].version != version:
        write_shown(client, [Shown(name, version, change, shown.default == name)])


def drop_version(client: Client, name: str, version: int) -> None:
    """Take a version away: no view shows it from now on, and workers retract its rows.

    Raises WrongUsage for one that does not stand, and for the one that readers see.
    """
    changes, shown = read_changes(client), read_shown(client)
    stands = [one.version for one in standing(changes) if one.map == name]
    if version not in stands:
        raise _unknown(name, stands, f"map {name} has no version {version} that could be dropped")
    if name in shown.newest and shown.newest[name].version == version:
        whole = "" if name == shown.default else f"; `touchline map drop {name}` takes the whole map away"
        raise WrongUsage(
            f"readers see version {version} of map {name}",
            f"apply another version first (`touchline map apply FILE`){whole}",
        )
    write_changes(client, [(name, version, DROPPED)])


def drop_map(client: Client, name: str) -> list[int]:
    """Take all versions of a map away, and return them. Raises WrongUsage for one of which none stands, and for the default map."""
    changes, shown = read_changes(client), read_shown(client)
    stands = sorted(one.version for one in standing(changes) if one.map == name)
    if not stands:
        raise _unknown(name, stands, f"there is no map {name} that could be dropped")
    if name == shown.default:
        raise WrongUsage(
            f"map {name} is the default: touchpoints, answers and orders are shown by it",
            "let another map be the first of the setting `maps` and restart the workers, then drop this one",
        )
    write_changes(client, [(name, version, DROPPED) for version in stands])
    return stands


def _unknown(name: str, stands: list[int], what: str) -> WrongUsage:
    known = f"versions that stand: {', '.join(map(str, sorted(stands)))}" if stands else f"no version of {name} stands"
    return WrongUsage(what, f"{known}; `touchline map list` shows all")
