"""What must be true when all is at rest: everything equals one pass over the sorted set."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.identity_world.oracle import Expected, expected_of
from tests.support.identity_world.plan import Plan, is_covered, is_erased
from tests.support.identity_world.reader import MapVersion, Reader, Violation
from tests.support.identity_world.said import Version, first_positions
from tests.support.identity_world.staging import Place
from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.columns import ATTACHED
from touchline.processors.values.records import offset_of, partition_of

_MAP, _IDENTIFIER, _PERSON = map(ATTACHED.index, ("map", "identifier", "person"))


def check_end(
    plan: Plan, said: Mapping[Place, Version], maps: Mapping[MapVersion, CompiledMap], reader: Reader
) -> None:
    """Raises Violation."""
    if plan.is_any_answer:
        _check_nobody_is_back(plan, said, reader)
        return
    kept = {place: version for place, version in said.items() if not is_covered(version.event, plan.requests)}
    expected = expected_of(said, [maps[one] for one in reader.standing_maps], plan.neighbours_max, plan.requests)
    _check_fates(plan, said, reader, expected)
    for place in said.keys() - kept.keys():
        if reader.fates[place] != "erased" and place not in reader.cut:
            raise Violation(f"at the end {place} is {reader.fates[place]}, not erased")
    if reader.claims:
        raise Violation(f"at the end {len(reader.claims)} claims wait")
    for key, best in expected.counting.items():
        if reader.stored[key] != 1:
            raise Violation(f"at the end {reader.stored[key]} versions of {best.key[1]} are stored")
    places = first_positions(said)
    standing = [one.row for one in reader.attached.values() if _place(one.row[0]) not in reader.cut]
    cut = {said[place].key for place in reader.cut}

    def seen(position: int, values: tuple[object, ...]) -> tuple[int, tuple[object, ...]]:
        """Answers of others keep what they took from an event that counts on as nobody's, if they came before."""
        named = said[_place(position)].event.get("about", {})
        is_kept = (named.get("source"), named.get("event_id")) in cut
        return (places[position], values[_MAP : _MAP + 2] if is_kept else values)

    rows = {seen(*row) for row in standing}
    wanted = {seen(*row) for row in expected.rows}
    if rows != wanted or len(rows) != len(standing):
        many, missing = len(rows - wanted), len(wanted - rows)
        raise Violation(f"at the end {many} rows are too many, {missing} are missing")
    if +reader.links != expected.links:
        raise Violation("at the end the links are not those of the events that count")
    for one, smallest in expected.components.items():
        holder, leader = reader.holder(one[1]), plan.home(smallest[1].encode())
        if holder != leader:
            raise Violation(f"at the end {one[1][-8:]} is held by {holder}, not by {leader}")
    for one in {one for version in said.values() for one in version.ids} - expected.components.keys():
        if reader.holder(one[1]) != plan.home(one[1].encode()):
            raise Violation(f"at the end {one[1][-8:]}, of which nothing is left, is not held at home")


def _check_nobody_is_back(plan: Plan, said: Mapping[Place, Version], reader: Reader) -> None:
    """Whatever others' events say: of the erased no record counts, no row has their identifiers in the times that are meant, and no person
    goes by a key of which all is meant. Of each event at most one version stands, and it is one that nobody asked to be erased."""
    for place, version in said.items():
        if is_covered(version.event, plan.requests) and place not in reader.cut and reader.fates.get(place) != "erased":
            raise Violation(f"at the end {place} of the erased is {reader.fates.get(place)}")
    last_us = max(version.fact.event_time for version in said.values())
    whole = {one.identifier for one in plan.requests if one.after_us < 0 and one.until_us >= last_us}
    for position, values in (one.row for one in reader.attached.values()):
        place = _place(position)
        if place in reader.cut:
            continue
        if is_erased(str(values[_IDENTIFIER]), said[place].fact.event_time, plan.requests):
            raise Violation(f"at the end a row of {place} is of the erased")
        if values[_PERSON] in whole:
            raise Violation(f"at the end {place} stands under the key of the erased")
    # Of two first versions, a sender's fault, one may have been anonymised before the other came.
    cut = {said[place].key for place in reader.cut}
    twice = [key for key, count in reader.stored.items() if count > 1 and not (key in plan.faulty and key in cut)]
    if twice or reader.claims:
        raise Violation(f"at the end {len(twice)} events are stored twice, {len(reader.claims)} claims wait")


def _place(position: int) -> Place:
    return (partition_of(position), offset_of(position))


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
