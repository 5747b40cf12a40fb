"""What happens to one person: stage after stage, with waits between, over one cycle or several.

A journey goes through the stages in the map's order, sometimes one step back, and ends anywhere. Whoever converts may use, ask, return
goods, and begin anew. Cycles are those of the map: a new one begins with a first stage that does not stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from touchline.schemas.times import US_PER_DAY, US_PER_HOUR, US_PER_SECOND
from touchline.simulate.arrivals import Person
from touchline.simulate.chance import Chance
from touchline.simulate.effects import MEAN_WAIT_SECONDS
from touchline.simulate.world import Meeting, World

CARRIES_ON = 0.78
AGAIN_AT_STAGE = 0.3
STEP_BACK = 0.1
AFTERWARDS = 0.5
NEXT_CYCLE = 0.6
_MEAN_WAIT_US = 30 * US_PER_HOUR
_MEAN_PAUSE_US = 12 * US_PER_DAY
_MOST_CYCLES = 40


class Happening(NamedTuple):
    """One touchpoint of a person, as it truly was. `number` counts the person's happenings from 1."""

    number: int
    time_us: int
    meeting: Meeting
    cycle: int
    wait_seconds: int | None
    amount_minor: int | None
    order: str


def journey(person: Person, world: World, queue: str, seed: int) -> Iterator[Happening]:
    """All happenings of a person in order, without end: the caller stops where the simulation does."""
    chance = Chance(seed, "journey", person.number)
    time_us, number, order, paid_minor = person.arrives_us, 0, "", 0
    for cycle in range(1, _MOST_CYCLES + 1):
        has_converted = False
        for meeting in _steps(world, chance):
            number += 1
            wait = round(chance.exponential(MEAN_WAIT_SECONDS)) if meeting.touchpoint == queue else None
            amount = None
            if meeting.is_conversion:
                has_converted, order, paid_minor = True, f"{person.login}-o{cycle}", 200 + chance.below(15_000)
                amount = paid_minor
            elif meeting.action == "refund" and order:
                amount = -1 - chance.below(paid_minor)
            yield Happening(number, time_us, meeting, cycle, wait, amount, order if amount is not None else "")
            time_us += _pause(chance, _MEAN_WAIT_US, world.longest_wait_us)
        if not has_converted or not chance.happens(NEXT_CYCLE):
            return
        time_us += _pause(chance, _MEAN_PAUSE_US, 6 * _MEAN_PAUSE_US)


def _steps(world: World, chance: Chance) -> Iterator[Meeting]:
    """The meetings of one cycle."""
    has_converted = False
    before: tuple[Meeting, ...] = ()
    for stage in world.meetings:
        if not stage:
            continue
        if has_converted:
            afterwards = [one for one in stage if one.stays and not one.is_conversion]
            if afterwards and chance.happens(AFTERWARDS):
                yield chance.pick(afterwards)
            continue
        usual = [one for one in stage if not one.is_conversion and one.action != "refund" and not one.stays]
        converting = [one for one in stage if one.is_conversion]
        if not usual and not converting:
            continue
        if usual and (not converting or chance.happens(AGAIN_AT_STAGE)):
            yield chance.pick(usual)
            while chance.happens(AGAIN_AT_STAGE):
                yield chance.pick(usual)
        if before and chance.happens(STEP_BACK):
            yield chance.pick(before)
            yield chance.pick(usual or before)
        if not chance.happens(CARRIES_ON):
            return
        if converting:
            yield chance.pick(converting)
            has_converted = True
        before = tuple(usual)


def _pause(chance: Chance, mean_us: int, longest_us: int) -> int:
    """At least a second, so that no two happenings of a person fall together."""
    return US_PER_SECOND + round(min(chance.exponential(mean_us), longest_us - US_PER_SECOND))
