"""The chain: persons arrive, live their journeys, are asked; their events come as the world's disturbances let them.

    head, effects ─▶ ( person ─▶ story ─▶ arrivals )* in the order of arrival ─▶ totals

All comes as lines of a ledger: dictionaries with a `kind`. Those of kind `sent` hold the `event`, ready to be emitted. Only the events
of persons whose story is under way are in memory.

Why: docs/decisions/0130.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.times import format_time
from touchline.simulate.arrivals import Person, arrive
from touchline.simulate.disturbances import Arrival, disturb
from touchline.simulate.effects import Plan, base_quality, plan_of
from touchline.simulate.identities import ManyIdentifiers
from touchline.simulate.parameters import SimulationParameters
from touchline.simulate.stories import StoryEvent, tell
from touchline.simulate.truth import TrueTotals
from touchline.simulate.world import World, world_of
from touchline.simulate.writing import initiative_event

Line = dict[str, Any]
_Waiting = tuple[int, str, int, int, Arrival]
"""An arrival behind its place in the order: time, id, revision, copy."""


def simulate(parameters: SimulationParameters, journey_map: JourneyMap) -> Iterator[Line]:
    """The ledger of one simulation, line by line. Raises WrongUsage for a map under which nobody can be simulated."""
    world = world_of(journey_map)
    plan = plan_of(world, parameters)
    run_id = parameters.run_id(journey_map.map, journey_map.version)
    totals = TrueTotals(len(journey_map.stages))
    yield _head(parameters, journey_map, run_id)
    yield from _planted(plan, world, parameters)
    waiting: list[_Waiting] = []
    for told in _initiatives(plan, run_id):
        _await(waiting, told, parameters)
    for person in arrive(parameters, run_id):
        yield from _due(waiting, person.arrives_us, totals)
        story = list(tell(person, world, plan, parameters))
        totals.add_story(story)
        yield _line_of(person, parameters)
        for told in story:
            _await(waiting, told, parameters)
    yield from _due(waiting, None, totals)
    yield totals.as_line()


def _await(waiting: list[_Waiting], told: StoryEvent, parameters: SimulationParameters) -> None:
    arrivals = disturb(told, parameters.seed) if parameters.is_disturbed else [Arrival(told.time_us, 0, 0, told)]
    for one in arrivals:
        heappush(waiting, (one.time_us, told.event["id"], told.event.get("revision", 0), one.copy, one))


def _due(waiting: list[_Waiting], until_us: int | None, totals: TrueTotals) -> Iterator[Line]:
    """What arrives before that instant, or all of it."""
    while waiting and (until_us is None or waiting[0][0] < until_us):
        one = heappop(waiting)[-1]
        totals.sent += 1
        totals.copies += one.copy
        arrives_at = format_time(one.time_us) if one.delay_us else one.told.event["time"]
        line = {"kind": "sent", "arrives_at": arrives_at, "copy": one.copy}
        yield line | {"late_seconds": one.delay_us / 1e6, "event": one.told.event, "truth": one.told.truth}


def _initiatives(plan: Plan, run_id: str) -> list[StoryEvent]:
    return [
        StoryEvent(one.starts_us, initiative_event(one, f"{run_id}-initiative-{one.name}"), {})
        for one in plan.effects
        if one.kind == "initiative"
    ]


def _head(parameters: SimulationParameters, journey_map: JourneyMap, run_id: str) -> Line:
    fields = parameters._asdict() | {"begin": parameters.begin.isoformat()}
    del fields["identities"]
    if parameters.identities is not None:
        fields["identities"] = parameters.identities._asdict()
    return {"kind": "simulation", "run": run_id, "map": journey_map.map, "map_version": journey_map.version, **fields}


def _planted(plan: Plan, world: World, parameters: SimulationParameters) -> Iterator[Line]:
    for name in world.touchpoints:
        yield {"kind": "touchpoint", "touchpoint": name, "quality": base_quality(parameters.seed, name)}
    for effect in plan.effects:
        starts = None if effect.kind == "wait" else format_time(effect.starts_us)
        fields = {"effect": effect.kind, "name": effect.name, "touchpoint": effect.touchpoint}
        yield {"kind": "effect", **fields, "starts_at": starts, "quality_shift": effect.shift}


def _line_of(person: Person, parameters: SimulationParameters) -> Line:
    identifiers = [["login", person.login], *([["device", person.device]] if person.begins_unknown else [])]
    if parameters.identities is not None:
        identifiers = [list(one) for one in ManyIdentifiers(person, parameters, parameters.identities).all]
    fields = {"person": person.number, "identifiers": identifiers, "trait": person.trait}
    return {"kind": "person", **fields, "arrives_at": format_time(person.arrives_us)}
