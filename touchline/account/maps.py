"""Checks of maps over time: what each version holds is a function of the stored events and that version alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.account.differences import Mismatch
from touchline.journey.compile import CompiledMap
from touchline.map_changes.progress import APPLIED, DROPPED, read_versions
from touchline.map_changes.tables import compiled_maps
from touchline.map_changes.values import Key
from touchline.sql.ledger.projections import JOURNEY_SUMS
from touchline.sql.ledger.rows import NET_ROWS
from touchline.sql.ledger.withheld import HAS_WITHDRAWN, ON_A_JOURNEY, withheld
from touchline.wording import counted

SAME_EVENTS: Final = "every version of a map holds all events that it takes"
BEGINNINGS: Final = "every journey has a beginning"
NO_REMAINS: Final = "no rows of maps that nobody runs"
APPLY_AGAIN: Final = (
    "while workers store, or give persons to each other, it may differ for a moment: run it again. If it stays, `touchline map drop` this "
    "version and `touchline map apply` it again: its rows are made anew. Of the version that readers see apply a copy under the next number"
)
RETRACTED_SOON: Final = (
    "workers retract them bit by bit: run it again; if it stays, no worker runs (`touchline up`, or `touchline worker`)"
)
APPLY_IT: Final = "`touchline map apply FILE` lets workers keep it up; `touchline map drop` then takes it away"
_HASHES: Final = 1 << 64


class Held(NamedTuple):
    """A set of events: how many, and the sum of their hashes."""

    events: int
    hashes: int

    def __add__(self, other: object) -> Held:
        if not isinstance(other, Held):
            return NotImplemented
        return Held(self.events + other.events, (self.hashes + other.hashes) % _HASHES)


NOTHING: Final = Held(0, 0)


def check_maps(client: Client) -> Iterator[Mismatch]:
    """All checks of this module; a version that is being applied holds less, and no view shows it, so it is not looked at."""
    versions = read_versions(client)
    applied = [one.key for one in versions if one.state == APPLIED]
    held = _held(client)
    yield from _check_events(_stored(client), held, compiled_maps(client, applied))
    yield from _check_beginnings(client)
    known = {one.key: one.state for one in versions}
    for key in sorted({one for one, _ in held}):
        events = sum((of.events for (one, _), of in held.items() if one == key), 0)
        if events and known.get(key, DROPPED) == DROPPED:
            said = f"{counted(events, 'event')} attached, and it {'was dropped' if key in known else 'was never registered'}"
            yield Mismatch(NO_REMAINS, _named(key), said, RETRACTED_SOON if key in known else APPLY_IT)


def _check_events(
    stored: Mapping[tuple[str, str, bool], Held],
    held: Mapping[tuple[Key, bool], Held],
    maps: Mapping[Key, CompiledMap],
) -> Iterator[Mismatch]:
    for key, one in maps.items():
        # An answer that names an event is of that event's source: only a map that takes everything takes it for certain.
        sides = (False, True) if one.takes_all else (False,)
        taken, found = NOTHING, NOTHING
        for (source, brand, is_about), of in stored.items():
            if is_about in sides and (one.takes_all or one.takes(source, brand)):
                taken += of
        for is_about in sides:
            found += held.get((key, is_about), NOTHING)
        if taken != found:
            yield Mismatch(SAME_EVENTS, _named(key), _said(found, taken), APPLY_AGAIN)


def _said(found: Held, taken: Held) -> str:
    if found.events != taken.events:
        return f"{counted(found.events, 'event')} attached, {taken.events:,} stored that it takes"
    return f"{counted(found.events, 'event')} attached, and as many stored that it takes, but others"


def _check_beginnings(client: Client) -> Iterator[Mismatch]:
    for name, version, journeys in client.execute(_WITHOUT_BEGINNING):
        said = f"{counted(journeys, 'journey')} without the event that began {'it' if journeys == 1 else 'them'} (started 1970)"
        yield Mismatch(BEGINNINGS, _named((name, version)), said, APPLY_AGAIN)


def _stored(client: Client) -> dict[tuple[str, str, bool], Held]:
    """By source, brand, and whether it is an answer that names an event: what a map that takes it must hold. What nobody holds since its
    person has withdrawn a consent is not among it."""
    rows = client.execute(_STORED)
    if client.execute(HAS_WITHDRAWN):
        rows += [(*of, -events, -hashes) for *of, events, hashes in client.execute(_WITHHELD)]
    held: dict[tuple[str, str, bool], Held] = {}
    for source, brand, is_about, events, hashes in rows:
        key = (source, brand, bool(is_about))
        held[key] = held.get(key, NOTHING) + Held(events, hashes)
    return held


def _held(client: Client) -> dict[tuple[Key, bool], Held]:
    rows = client.execute(_HELD)
    return {
        ((name, version), bool(about)): Held(events, hashes % _HASHES) for name, version, about, events, hashes in rows
    }


def _named(key: Key) -> str:
    return f"map {key[0]} version {key[1]}"


_STORED: Final = f"""
SELECT toString(source), toString(brand), about_event_id != '' AS is_about, count(), sum(cityHash64(source, event_id))
FROM journey_raw.ledger WHERE kind = 'received' AND fate = 'stored' AND {ON_A_JOURNEY} AND {NET_ROWS}
GROUP BY source, brand, is_about"""
_WITHHELD: Final = withheld(
    "toString(source), toString(brand), about_event_id != '' AS is_about, count(), sum(cityHash64(source, event_id))",
    "source, brand, is_about",
)
_HELD: Final = f"""
SELECT toString(map), map_version, about_event_id != '' AS is_about, sum(sign), sum(sign * toInt128(cityHash64(source, event_id)))
FROM journey_raw.ledger WHERE kind = 'attached' AND {ON_A_JOURNEY}
GROUP BY map, map_version, is_about"""
_SUMS: Final = JOURNEY_SUMS.of_all_versions("", JOURNEY_SUMS.keys)
_WITHOUT_BEGINNING: Final = f"""
SELECT toString(map), map_version, count()
FROM
(
{_SUMS}
)
WHERE touchpoints > 0 AND started_us = 0 AND (toString(map), map_version) NOT IN (SELECT map, version FROM journey_raw.hidden_maps)
GROUP BY map, map_version ORDER BY map, map_version"""
