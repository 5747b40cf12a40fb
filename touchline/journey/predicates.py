"""Compiles the parts of a condition that depend on more than touchpoint and action into small functions of the
moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from typing import NamedTuple, TypeVar

from touchline.schemas.journey.conditions import Before, Condition, ContentTest, EventCondition, Scalar

T = TypeVar("T")
US_PER_DAY = 86_400_000_000


class Situation(NamedTuple):
    """What a condition may look at: the event's content, and the person's state before the event. Stages and
    touchpoints are bits and orders of the compiled map; `idle_us` is -1 for a first touchpoint."""

    stages_seen: int
    touchpoints_seen: int
    last_stage: int
    last_touchpoint: int
    has_converted: bool
    conversions: int
    idle_us: int
    properties: Mapping[str, str]
    persona: str
    segment: str


Predicate = Callable[[Situation], bool]


class Numbering(NamedTuple):
    """Orders of the stages and bit numbers of the touchpoints that history conditions name."""

    stages: Mapping[str, int]
    touchpoints: Mapping[str, int]


def predicate_of(condition: EventCondition, numbering: Numbering) -> Predicate | None:
    """None if touchpoint and action say it all."""
    tests = [_content_predicate(name, test) for name, test in condition.content.items()]
    if isinstance(condition, Condition):
        if condition.persona:
            tests.append(_persona_in(frozenset(condition.persona)))
        if condition.segment:
            tests.append(_segment_in(frozenset(condition.segment)))
    if condition.before:
        tests += _before_predicates(condition.before, numbering)
    return reduce(_both, tests) if tests else None


def until_certain(possible: Iterable[tuple[Predicate | None, T]]) -> Iterator[tuple[Predicate | None, T]]:
    """The alternatives up to the first without a condition: it always holds, so none after it is ever tried."""
    for predicate, value in possible:
        yield predicate, value
        if predicate is None:
            return


def _both(one: Predicate, other: Predicate) -> Predicate:
    return lambda situation: one(situation) and other(situation)


def _persona_in(wanted: frozenset[str]) -> Predicate:
    return lambda situation: situation.persona in wanted


def _segment_in(wanted: frozenset[str]) -> Predicate:
    return lambda situation: situation.segment in wanted


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _equals(text: str, wanted: Scalar) -> bool:
    if isinstance(wanted, bool):
        return text.lower() == str(wanted).lower()
    if isinstance(wanted, int | float):
        return _number(text) == wanted
    return text == wanted


def content_holds(test: ContentTest, text: str | None) -> bool:
    """A missing property passes `not` and `present: false` only; a text that is no number passes no bound."""
    if text is None:
        return not test.is_ and test.at_least is None and test.at_most is None and test.present is not True
    if test.present is False or (test.is_ and not any(_equals(text, wanted) for wanted in test.is_)):
        return False
    if any(_equals(text, unwanted) for unwanted in test.not_):
        return False
    return _in_bounds(text, test)


def _content_predicate(name: str, test: ContentTest) -> Predicate:
    return lambda situation: content_holds(test, situation.properties.get(name))


def _in_bounds(text: str, test: ContentTest) -> bool:
    if test.at_least is None and test.at_most is None:
        return True
    number = _number(text)
    if number is None:
        return False
    return (test.at_least is None or number >= test.at_least) and (test.at_most is None or number <= test.at_most)


def _before_predicates(before: Before, numbering: Numbering) -> list[Predicate]:
    tests: list[Predicate] = []
    if before.stage:
        tests.append(_seen_stage(_mask(before.stage, numbering.stages), wanted=True))
    if before.no_stage:
        tests.append(_seen_stage(_mask(before.no_stage, numbering.stages), wanted=False))
    if before.touchpoint:
        tests.append(_seen_touchpoint(_mask(before.touchpoint, numbering.touchpoints), wanted=True))
    if before.no_touchpoint:
        tests.append(_seen_touchpoint(_mask(before.no_touchpoint, numbering.touchpoints), wanted=False))
    if before.last_stage:
        tests.append(_last_stage_in(frozenset(numbering.stages[stage] for stage in before.last_stage)))
    if before.last_touchpoint:
        tests.append(_last_touchpoint_in(frozenset(numbering.touchpoints[name] for name in before.last_touchpoint)))
    if before.converted is not None:
        tests.append(_converted(before.converted))
    return tests + _count_predicates(before)


def _mask(names: tuple[str, ...], numbers: Mapping[str, int]) -> int:
    return sum(1 << numbers[name] for name in set(names))


def _seen_stage(mask: int, *, wanted: bool) -> Predicate:
    return lambda situation: bool(situation.stages_seen & mask) is wanted


def _seen_touchpoint(mask: int, *, wanted: bool) -> Predicate:
    return lambda situation: bool(situation.touchpoints_seen & mask) is wanted


def _last_stage_in(orders: frozenset[int]) -> Predicate:
    return lambda situation: situation.last_stage in orders


def _last_touchpoint_in(numbers: frozenset[int]) -> Predicate:
    return lambda situation: situation.last_touchpoint in numbers


def _converted(wanted: bool) -> Predicate:
    return lambda situation: situation.has_converted is wanted


def _count_predicates(before: Before) -> list[Predicate]:
    tests: list[Predicate] = []
    if (fewest := before.conversions_at_least) is not None:
        tests.append(lambda situation: situation.conversions >= fewest)
    if (most := before.conversions_at_most) is not None:
        tests.append(lambda situation: situation.conversions <= most)
    if (days := before.idle_days_at_least) is not None:
        shortest_us = days * US_PER_DAY
        tests.append(lambda situation: situation.idle_us >= shortest_us)
    if (days := before.idle_days_at_most) is not None:
        longest_us = days * US_PER_DAY
        tests.append(lambda situation: 0 <= situation.idle_us <= longest_us)
    return tests
