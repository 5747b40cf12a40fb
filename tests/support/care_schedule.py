"""Schedules of `touchline care` over the made-up ledger: what happens in one, and what must be true in the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from tests.support.care_world import HOUR_US, PERSONS, SINKS, Insert, Process, World
from tests.unit.processors.loop.world import quick_folder
from touchline.care.facts import CareFact, Granted
from touchline.care.reader import Event

STEPS: Final = 60
ROUNDS: Final = 200
_CLASSES: Final = ("bad", "neutral", "good")


class Outcome(NamedTuple):
    """What a schedule came to; `problems` is empty where all is as promised."""

    problems: list[str]
    cases: int
    changes: int
    kills: int
    losses: int


def run_schedule(seed: int, process_type: type[Process] = Process) -> Outcome:
    """One schedule, always the same of one seed."""
    world, loop = World(seed), asyncio.new_event_loop()
    try:
        with quick_folder() as folder:
            process = process_type(world, folder / "care", loop)
            for key in world.random.sample(PERSONS, 2):
                world.consents[key] = [Granted("contact_me", 0, None)]
            for _ in range(STEPS):
                _step(world, process)
            _settle(world, process)
            problems = _problems(world, process)
            process.store.close()
    finally:
        loop.close()
    states = Counter(event["state"] for event in world.cases.values())
    return Outcome(problems, states["opened"], states.total() - states["opened"], process.kills, process.losses)


def _step(world: World, process: Process) -> None:
    dice = world.random
    steps: list[tuple[int, Callable[[], None]]] = [
        (6, lambda: _new_fact(world)), (2, lambda: _corrected(world)), (1, lambda: _taken_back(world)), (1, lambda: _moved(world)),
        (1, lambda: _said_again(world)), (1, lambda: _merged(world)), (3, lambda: _consent(world)),
        (3, lambda: world.store_some(dice.randrange(1, 4))), (8, lambda: process.guarded(lambda: _look(process))),
        (4, lambda: process.guarded(lambda: _deliver(process, dice.choice(SINKS)))), (2, lambda: _time_goes(world)),
        (4, lambda: setattr(world, "until_kill", dice.randrange(16))),
        (1, lambda: setattr(process.sides[dice.choice(SINKS)], "is_away", dice.random() < 0.5)),
    ]  # fmt: skip
    if seldom := dice.random() < 0.004:
        process.lose_folder()
    weights, works = zip(*steps, strict=True)
    if not seldom:
        dice.choices(works, weights)[0]()


def _look(process: Process) -> None:
    process.look()


def _deliver(process: Process, name: str) -> None:
    process.deliver(name)


def _new_fact(world: World) -> None:
    dice, number = world.random, len(world.facts) + 1_000 * dice_number(world)
    event = ("shop", f"e{number}")
    world.facts[event] = (dice.choice(PERSONS), _fact(world, event))
    _say(world, event)


def dice_number(world: World) -> int:
    """Makes ids that do not come twice."""
    return world.random.randrange(1 << 30)


def _fact(world: World, event: Event) -> CareFact:
    dice = world.random
    is_answer = dice.random() < 0.4
    kind = dice.choice(_CLASSES)
    stage, converts = dice.choice((("choice", False), ("use", False), ("purchase", True)))
    return CareFact(
        world.now_us - dice.randrange(24) * HOUR_US - dice.randrange(1_000), *event, is_answer, dice.choice(("hotline", "till")), "", {}, 1,
        stage, 1, converts and not is_answer, "nps" if is_answer else "", "", 5.0 if is_answer else None, (0, 10),
        kind if is_answer else "", received_us=world.now_us,
    )  # fmt: skip


def _say(world: World, *events: Event, more: frozenset[str] = frozenset()) -> None:
    identifiers = {world.facts[one][0] for one in events if one in world.facts}
    persons = {world.person_of[one] for one in identifiers}
    world.say(Insert(frozenset(identifiers | persons | more), frozenset(events)))


def _any(world: World) -> Event | None:
    return world.random.choice(sorted(world.facts)) if world.facts else None


def _corrected(world: World) -> None:
    if event := _any(world):
        identifier, fact = world.facts[event]
        other = _fact(world, event)
        world.facts[event] = (identifier, other._replace(is_answer=fact.is_answer, kpi=fact.kpi))
        _say(world, event)


def _taken_back(world: World) -> None:
    if event := _any(world):
        identifier, _ = world.facts.pop(event)
        _say(world, event, more=frozenset((identifier, world.person_of[identifier])))


def _moved(world: World) -> None:
    """To another identifier: one insert takes it back, a later one, of another stream, says where it is now."""
    if event := _any(world):
        before, fact = world.facts[event]
        world.facts[event] = (world.random.choice(PERSONS), fact)
        world.say(Insert(frozenset((before, world.person_of[before])), frozenset((event,))))
        _say(world, event)


def _said_again(world: World) -> None:
    if event := _any(world):
        _say(world, event)


def _merged(world: World) -> None:
    one, other = world.random.sample(PERSONS, 2)
    before = frozenset(world.person_of.values())
    world.person_of[one] = one if world.person_of[one] != one else world.person_of[other]
    for key in PERSONS:  # whoever was merged with somebody who has left is a person of their own
        if world.person_of[world.person_of[key]] != world.person_of[key]:
            world.person_of[key] = key
    events = [event for event, (identifier, _) in world.facts.items() if identifier in PERSONS]
    _say(world, *events, more=before)


def _consent(world: World) -> None:
    key, now_us = world.random.choice(PERSONS), world.now_us
    if world.random.random() < 0.8:
        world.consents[key] = [Granted("contact_me", 0, None)]
    else:
        world.consents[key] = [Granted("contact_me", 0, now_us)]
    world.say(Insert(frozenset((key, world.person_of[key]))))


def _time_goes(world: World) -> None:
    world.now_us += world.random.randrange(1, 3 * HOUR_US)


def _settle(world: World, process: Process) -> None:
    """Nothing fails any more; until nothing changes any more. Then hours go by, so that journeys are overdue, and again; meanwhile some
    think again about being called, so that cases lapse and come back more than once."""
    world.until_kill = None
    for side in process.sides.values():
        side.is_away = False
    for number, hours in enumerate((12, 12, 12, 12, 0)):
        for _ in range(ROUNDS):
            is_quiet = process.look() and not world.sent
            world.store_some(len(world.sent))
            world.now_us += 1
            due = [process.deliver(name) for name in SINKS]
            if is_quiet and not any(due) and process.store.cursor() == world.newest():
                break
        else:
            raise AssertionError("it does not come to rest")
        world.now_us += hours * HOUR_US
        if (
            number < 3 and world.random.random() < 0.5
        ):  # after that time must pass, since a reason is away for a moment only
            _all_think_again(world)


def _all_think_again(world: World) -> None:
    """Who may be called now may not any more, and the other way round."""
    for key in PERSONS:
        may_be_called = any(one.until_us is None for one in world.consents.get(key, ()))
        world.consents[key] = [Granted("contact_me", 0, world.now_us if may_be_called else None)]
        world.say(Insert(frozenset((key, world.person_of[key]))))


def _problems(world: World, process: Process) -> list[str]:
    found = []
    standing, wanted = world.standing(), world.wanted()
    stand = {name for name, one in standing.items() if one.is_standing}
    if stand != wanted:
        found.append(f"{len(stand - wanted)} cases stand that are not to be, {len(wanted - stand)} are missing")
    opened = Counter(event["case"] for event in world.cases.values() if event["state"] == "opened")
    if set(opened) != set(standing) or set(opened.values()) - {1}:
        found.append("a case was not opened by exactly one event")
    said = set(world.cases)
    # With a folder go the alerts that waited there; of cases that stand all are told again.
    unchanged = {f"{name}/opened" for name in stand if not standing[name].changes}
    excused = process.excused - unchanged
    for name, side in process.sides.items():
        if missing := said - set(side.told) - excused:
            found.append(f"{name} was never told of {len(missing)}")
        if not process.losses and (more := set(side.told) - said):
            found.append(f"{name} was told of {len(more)} of which the ledger knows nothing")
        if not process.kills and not process.losses and max(side.told.values(), default=1) > 1:
            found.append(f"{name} was told twice, and nothing had failed")
    return found
