"""What must be true when all is at rest: everything equals one pass over the sorted set."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.identity_world.oracle import Expected, expected_of
from tests.support.identity_world.plan import Plan
from tests.support.identity_world.reader import MapVersion, Reader, Violation
from tests.support.identity_world.said import Place, Version
from touchline.journey.compile import CompiledMap


def check_end(
    plan: Plan, said: Mapping[Place, Version], maps: Mapping[MapVersion, CompiledMap], reader: Reader
) -> None:
    """Raises Violation. Where a sender sent first versions of an event into several partitions, nobody has compared them: then it is only
    known that every record has a fate and that nothing waits."""
    expected = expected_of(said, [maps[one] for one in reader.standing_maps], plan.neighbours_max)
    _check_fates(plan, said, reader, expected)
    if reader.claims:
        raise Violation(f"at the end {len(reader.claims)} claims wait")
    if plan.faulty:
        return
    rows = {one.row for one in reader.attached.values()}
    if rows != expected.rows:
        many, missing = len(rows - expected.rows), len(expected.rows - rows)
        raise Violation(f"at the end {many} rows are too many, {missing} are missing")
    if +reader.links != expected.links:
        raise Violation("at the end the links are not those of the events that count")
    for one, smallest in expected.components.items():
        holder, leader = reader.holder(one[1]), plan.home(smallest[1].encode())
        if holder != leader:
            raise Violation(f"at the end {one[1][-8:]} is held by {holder}, not by {leader}")


def _check_fates(plan: Plan, said: Mapping[Place, Version], reader: Reader, expected: Expected) -> None:
    for place, fate in expected.fates.items():
        found = reader.fates.get(place)
        if found == fate or (found and said[place].key in plan.faulty):
            continue
        # A conflict that a revision in another partition ended stays one as long as nobody compares them.
        if (found, fate) != ("quarantined", "superseded"):
            raise Violation(f"at the end {place} is {found}, not {fate}")
