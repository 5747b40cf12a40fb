"""Finds rules, goals and conditions that can never come true: always a mistake in the order or the spelling of
something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from touchline.schemas.journey.conditions import Before, Condition, ContentTest, EventCondition
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.parts import Rule
from touchline.schemas.journey.problems import FileProblem
from touchline.schemas.journey.walk import parts_of
from touchline.schemas.journey.yaml_lines import Document

Place = tuple[str | None, str | None]
"""A touchpoint and an action; None stands for all that the map does not name."""


def reach_problems(journey_map: JourneyMap, document: Document) -> Iterator[FileProblem]:
    """Nothing for a good map."""
    yield from _unreachable_rules(journey_map, document)
    yield from _unreachable_goals(journey_map, document)
    yield from _impossible_history(journey_map, document)


def _unreachable_rules(journey_map: JourneyMap, document: Document) -> Iterator[FileProblem]:
    for position, rule in enumerate(journey_map.rules):
        takers = [_taker(rule, place, journey_map.rules[:position]) for place in places(rule.when, journey_map)]
        if None in takers:
            continue
        names = ", ".join(dict.fromkeys(repr(name) for name in takers))
        what = f"rule {rule.id!r} can never decide: what it asks for is taken by {names} before it"
        yield document.problem(("rules", position), what, f"move it before {names}, or narrow what they ask")


def _taker(rule: Rule, place: Place, earlier: tuple[Rule, ...]) -> str | None:
    """The earlier rule that takes all events of this place that `rule` would take."""
    for other in earlier:
        if allows(other.when, place) and _implied(other.when, by=rule.when):
            return other.id
    return None


def places(condition: EventCondition, journey_map: JourneyMap) -> list[Place]:
    """All the places that a condition allows."""
    asked = [part.action or () for _, part in parts_of(journey_map) if isinstance(part, EventCondition)]
    known_actions = sorted({action for actions in asked for action in actions})
    touchpoints: Sequence[str | None] = condition.touchpoint or [*(known.id for known in journey_map.touchpoints), None]
    actions: Sequence[str | None] = condition.action or [*known_actions, None]
    return [(touchpoint, action) for touchpoint in touchpoints for action in actions]


def allows(condition: EventCondition, place: Place) -> bool:
    """Whether events of this place can meet the condition."""
    touchpoint, action = place
    return (not condition.touchpoint or touchpoint in condition.touchpoint) and (
        not condition.action or action in condition.action
    )


def _implied(asked: Condition, by: Condition) -> bool:
    """Whether all events that meet `by` meet `asked`, touchpoint and action aside. May say no where the truth is
    yes."""
    return (
        _within(by.persona, asked.persona)
        and _within(by.segment, asked.segment)
        and all(_content_implied(test, by.content.get(name)) for name, test in asked.content.items())
        and (asked.before is None or (by.before is not None and _before_implied(asked.before, by.before)))
    )


def _within(narrow: tuple[str, ...] | None, wide: tuple[str, ...] | None) -> bool:
    return wide is None or (narrow is not None and set(narrow) <= set(wide))


def _beyond(narrow: tuple[str, ...] | None, wide: tuple[str, ...] | None) -> bool:
    return wide is None or (narrow is not None and set(narrow) >= set(wide))


def _at_least(narrow: float | None, wide: float | None) -> bool:
    return wide is None or (narrow is not None and narrow >= wide)


def _at_most(narrow: float | None, wide: float | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)


def _content_implied(asked: ContentTest, by: ContentTest | None) -> bool:
    if by is None:
        return False
    return (
        (not asked.is_ or (bool(by.is_) and set(by.is_) <= set(asked.is_)))
        and set(asked.not_) <= set(by.not_)
        and _at_least(by.at_least, asked.at_least)
        and _at_most(by.at_most, asked.at_most)
        and (asked.present is None or asked.present == _presence(by))
    )


def _presence(test: ContentTest) -> bool | None:
    asks_value = bool(test.is_) or test.at_least is not None or test.at_most is not None
    return True if asks_value else test.present


def _before_implied(asked: Before, by: Before) -> bool:
    return (
        _within(by.stage, asked.stage)
        and _beyond(by.no_stage, asked.no_stage)
        and _within(by.touchpoint, asked.touchpoint)
        and _beyond(by.no_touchpoint, asked.no_touchpoint)
        and _within(by.last_stage, asked.last_stage)
        and _within(by.last_touchpoint, asked.last_touchpoint)
        and (asked.converted is None or asked.converted == by.converted)
        and _at_least(by.conversions_at_least, asked.conversions_at_least)
        and _at_most(by.conversions_at_most, asked.conversions_at_most)
        and _at_least(by.idle_days_at_least, asked.idle_days_at_least)
        and _at_most(by.idle_days_at_most, asked.idle_days_at_most)
    )


def _unreachable_goals(journey_map: JourneyMap, document: Document) -> Iterator[FileProblem]:
    """A conversion is a mapped event: some rule must give a stage to what the goal asks for."""
    for position, goal in enumerate(journey_map.goals):
        for alternative, condition in enumerate(goal.when):
            stages = condition.stage or tuple(stage.id for stage in journey_map.stages)
            rules = [rule for rule in journey_map.rules if rule.stage in stages]
            if not any(allows(rule.when, place) for rule in rules for place in places(condition, journey_map)):
                what = f"goal {goal.id!r} can never be reached: no rule gives these events a stage that it asks for"
                hint = "add a rule for them, or ask for a touchpoint, action or stage that a rule has"
                yield document.problem(("goals", position, "when", alternative), what, hint)


def _impossible_history(journey_map: JourneyMap, document: Document) -> Iterator[FileProblem]:
    reached = {rule.stage for rule in journey_map.rules}
    everywhere = any(not rule.when.touchpoint for rule in journey_map.rules)
    mapped = {touchpoint for rule in journey_map.rules for touchpoint in rule.when.touchpoint or ()}
    for path, part in parts_of(journey_map):
        if not isinstance(part, Before):
            continue
        for field in ("stage", "last_stage"):
            if (names := getattr(part, field)) and not reached & set(names):
                yield document.problem((*path, field), *_never("stage", names))
        for field in ("touchpoint", "last_touchpoint"):
            if (names := getattr(part, field)) and not everywhere and not mapped & set(names):
                yield document.problem((*path, field), *_never("touchpoint", names))


def _never(kind: str, names: tuple[str, ...]) -> tuple[str, str]:
    shown = ", ".join(repr(name) for name in names)
    what = "no rule leads to" if kind == "stage" else "no rule maps events of"
    return f"this can never hold: {what} {kind} {shown}", f"add such a rule, or ask for another {kind}"
