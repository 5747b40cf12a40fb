"""Compiles persona and segment rules: which group an event gives its person.

Most such rules ask nothing of the past, or only how often the person has converted (first order, regular, loyal).
Those become a row of names by number of conversions, so that the hot loop looks one up instead of testing conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from touchline.journey.predicates import Numbering, Predicate, Situation, predicate_of, until_certain
from touchline.schemas.journey.conditions import Before, EventCondition

LONGEST_ROW = 1_000


class Groups(NamedTuple):
    """What a cell says of persona or segment. At most one of the two is filled.

    `by_conversions`: the name for 0, 1, 2, … conversions before the event; the last holds for all greater numbers.
    `tests`: conditions with names, in order. A name "" means: no rule holds."""

    by_conversions: tuple[str, ...]
    tests: tuple[tuple[Predicate | None, str], ...]


def compile_groups(rules: Sequence[tuple[EventCondition, str]], numbering: Numbering) -> Groups:
    """`rules`: the conditions that a cell's touchpoint and action allow, in declared order, with the name that each
    gives."""
    befores = [_conversions_only(condition) for condition, _ in rules]
    if None not in befores:
        counts = [before for before in befores if before is not None]
        longest = max((max(b.conversions_at_least or 0, (b.conversions_at_most or 0) + 1) for b in counts), default=-1)
        if longest < LONGEST_ROW:
            return Groups(tuple(_named(rules, conversions) for conversions in range(longest + 1)), ())
    return Groups((), tuple(until_certain((predicate_of(condition, numbering), name) for condition, name in rules)))


def choose(groups: Groups, situation: Situation) -> str:
    """The name that the first rule which holds gives, "" if none does. The hot loop has the look-up inline."""
    if groups.by_conversions:
        return groups.by_conversions[min(situation.conversions, len(groups.by_conversions) - 1)]
    for predicate, name in groups.tests:
        if predicate is None or predicate(situation):
            return name
    return ""


def _conversions_only(condition: EventCondition) -> Before | None:
    """What is asked of the number of conversions, if nothing else is asked of content and past."""
    before = condition.before or Before.model_construct()
    counts = {"conversions_at_least": None, "conversions_at_most": None}
    return before if not condition.content and before.model_copy(update=counts).is_blank() else None


def _named(rules: Sequence[tuple[EventCondition, str]], conversions: int) -> str:
    for condition, name in rules:
        before = condition.before
        low, high = (before.conversions_at_least, before.conversions_at_most) if before else (None, None)
        if (low is None or conversions >= low) and (high is None or conversions <= high):
            return name
    return ""
