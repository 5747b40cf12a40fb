"""What must be true when all is at rest: everything equals one pass over the sorted set."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.identity_world.oracle import Expected, expected_of
from tests.support.identity_world.plan import Plan
from tests.support.identity_world.reader import MapVersion, Reader, Violation
from tests.support.identity_world.said import Version, first_positions
from tests.support.identity_world.staging import Place
from touchline.journey.compile import CompiledMap


def check_end(
    plan: Plan, said: Mapping[Place, Version], maps: Mapping[MapVersion, CompiledMap], reader: Reader
) -> None:
    """Raises Violation."""
    expected = expected_of(said, [maps[one] for one in reader.standing_maps], plan.neighbours_max)
    _check_fates(plan, said, reader, expected)
    if reader.claims:
        raise Violation(f"at the end {len(reader.claims)} claims wait")
    for key, best in expected.counting.items():
        if reader.stored[key] != 1:
            raise Violation(f"at the end {reader.stored[key]} versions of {best.key[1]} are stored")
    places = first_positions(said)
    rows = {(places[one.row[0]], one.row[1]) for one in reader.attached.values()}
    if rows != expected.rows or len(rows) != len(reader.attached):
        many, missing = len(rows - expected.rows), len(expected.rows - rows)
        raise Violation(f"at the end {many} rows are too many, {missing} are missing")
    if +reader.links != expected.links:
        raise Violation("at the end the links are not those of the events that count")
    for one, smallest in expected.components.items():
        holder, leader = reader.holder(one[1]), plan.home(smallest[1].encode())
        if holder != leader:
            raise Violation(f"at the end {one[1][-8:]} is held by {holder}, not by {leader}")


def _check_fates(plan: Plan, said: Mapping[Place, Version], reader: Reader, expected: Expected) -> None:
    fate_of: dict[object, str] = {}
    for place, fate in expected.fates.items():
        version = said[place]
        found = reader.fates.get(place)
        # Of one version in several partitions it does not matter which record counts; the others are duplicates, or beaten as it is.
        if version.key in plan.faulty:
            allowed = {fate_of.setdefault(version.identity, fate), "duplicate"}
            if found not in allowed:
                raise Violation(f"at the end {place} is {found}, not one of {sorted(allowed)}")
        elif found != fate:
            raise Violation(f"at the end {place} is {found}, not {fate}")
