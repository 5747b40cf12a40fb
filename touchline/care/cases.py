"""Which cases there are to be, by the facts of one person and the rules; and what is to be said, by what was said before.

Both are pure: the same facts, rules and moment give the same cases, whatever order, number and batches the facts came in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from touchline.care.facts import CareFact, PersonFacts
from touchline.care.rules import AnswerAsked, CareRules, CaseRule, EventAsked, StageOverdue
from touchline.journey.predicates import content_holds
from touchline.schemas.times import US_PER_HOUR

CASE_ID_BYTES: Final = 16
CONTEXT_FACTS: Final = 5
"""So many of the person's last facts stand in an alert."""

Change = Literal["opened", "lapsed", "restored"]
Row = Sequence[CareFact]


class Wanted(NamedTuple):
    """A case that there is to be: its reason is the last of `row`; `before` are the person's facts up to it."""

    case: str
    rule: CaseRule
    row: Row
    before: Row
    begins_us: int
    """When the reason was complete and known: when its last fact was received, of an overdue journey the end of its term. So a case of a
    file that came days late has its whole term, and deciding again gives the same moment."""

    @property
    def reason(self) -> CareFact:
        """The fact that the case is about."""
        return self.row[-1]

    @property
    def happened_us(self) -> int:
        """When it came to the case: with the last of its facts, or where a journey is overdue with the end of its term."""
        return self.begins_us if self.rule.overdue else self.reason.time_us

    @property
    def due_us(self) -> int | None:
        """Until when the person is to be reached."""
        hours = self.rule.contact_within_hours
        return None if hours is None else self.begins_us + round(hours * US_PER_HOUR)


def case_id(rule: str, version: int, source: str, event_id: str) -> str:
    """32 hex digits: BLAKE2b of rule, version and the identity of the reason."""
    text = "\0".join((rule, str(version), source, event_id))
    return hashlib.blake2b(text.encode(), digest_size=CASE_ID_BYTES).hexdigest()


def wanted_cases(person: PersonFacts, rules: CareRules, now_us: int) -> dict[str, Wanted]:
    """Case id -> case, of one person. `now_us` decides which journeys are overdue, nothing else."""
    facts = person.ordered()
    found: dict[str, Wanted] = {}
    for rule in rules.rules:
        for row, begins_us in _rows(facts, rule, now_us):
            reason = row[-1]
            if person.may_be_contacted(rule.needs, reason.time_us):
                name = case_id(rule.id, rules.version, reason.source, reason.event_id)
                until = facts.index(reason) + 1
                found[name] = Wanted(name, rule, row, facts[max(0, until - CONTEXT_FACTS) : until], begins_us)
    return found


def next_look_us(person: PersonFacts, rules: CareRules, now_us: int) -> int | None:
    """When a rule may find something though nothing happened: a journey that would be overdue then."""
    newest = next((one for one in reversed(person.ordered()) if not one.is_answer and one.cycle > 0), None)
    if newest is None or newest.is_conversion:
        return None
    waits = [one.overdue.after_hours for one in rules.rules if one.overdue and one.overdue.stage == newest.stage]
    moments = [newest.time_us + round(hours * US_PER_HOUR) + 1 for hours in waits]
    return min((moment for moment in moments if moment > now_us), default=None)


def changes(wanted: Mapping[str, object], standing: Mapping[str, bool]) -> list[tuple[str, Change]]:
    """What is to be said of the cases of one person. `standing` maps the ids of those that were opened to whether they stand (False:
    lapsed). Sorted, so that the same facts say the same."""
    said: list[tuple[str, Change]] = []
    for name in sorted(wanted.keys() | standing.keys()):
        if name not in standing:
            said.append((name, "opened"))
        elif (name in wanted) != standing[name]:
            said.append((name, "restored" if name in wanted else "lapsed"))
    return said


def still_gone(
    said: Mapping[str, Change | None], gone: Mapping[str, int], now_us: int, lapse_after_us: int
) -> dict[str, int | None]:
    """Of the cases that were looked at, by what is to be said of them, when those lapse that do not yet; None for those that wait for it no
    longer. `gone` is what this said the last time."""
    held: dict[str, int | None] = {}
    for name, change in said.items():
        if change != "lapsed":
            held |= {name: None} if name in gone else {}
        elif gone.get(name, now_us + 1) > now_us and lapse_after_us > 0:
            held[name] = gone.get(name, now_us + lapse_after_us)
        elif name in gone:
            held[name] = None
    return held


def _rows(facts: Row, rule: CaseRule, now_us: int) -> Iterator[tuple[Row, int]]:
    """The rows of facts that are a reason, each with the moment at which it was complete."""
    if rule.of_kpi is not None:
        return
    if rule.overdue is not None:
        yield from _overdue(facts, rule.overdue, now_us)
    elif rule.repeated > 1:
        yield from ((row, _known_us(row)) for row in _repeated(facts, rule))
    else:
        yield from ((row, _known_us(row)) for row in _in_a_row(facts, rule))


def _known_us(row: Row) -> int:
    return max(max(one.time_us, one.received_us) for one in row)


def _in_a_row(facts: Row, rule: CaseRule) -> Iterator[Row]:
    """Rows of exactly `in_a_row` facts: of a longer one its beginning."""
    is_asked, meets = _tests(rule)
    limit_us = None if rule.within_hours is None else round(rule.within_hours * US_PER_HOUR)
    row: list[CareFact] = []
    is_told = False
    for fact in filter(is_asked, facts):
        if not meets(fact):
            row, is_told = [], False
            continue
        row.append(fact)
        while limit_us is not None and row[-1].time_us - row[0].time_us > limit_us:
            row.pop(0)
            is_told = False
        if len(row) > rule.in_a_row:
            row.pop(0)
        if len(row) == rule.in_a_row and (not is_told or rule.in_a_row == 1):
            is_told = True
            yield tuple(row)


def _repeated(facts: Row, rule: CaseRule) -> Iterator[Row]:
    """Rows of `repeated` facts within the term; the next row begins after the last of the one before."""
    is_asked, meets = _tests(rule)
    limit_us = round((rule.within_hours or 0) * US_PER_HOUR)
    row: list[CareFact] = []
    for fact in filter(is_asked, facts):
        if meets(fact):
            row = [one for one in row if fact.time_us - one.time_us <= limit_us] + [fact]
            if len(row) == rule.repeated:
                yield tuple(row)
                row = []


def _overdue(facts: Row, asked: StageOverdue, now_us: int) -> Iterator[tuple[Row, int]]:
    """Of each journey the fact after which it stood still at the stage: the last before it went on, or the last of all."""
    wait_us = round(asked.after_hours * US_PER_HOUR)
    on_the_way = [one for one in facts if not one.is_answer and one.cycle > 0]
    for fact, following in pairwise([*on_the_way, None]):
        if fact is None or fact.stage != asked.stage or fact.is_conversion:
            continue
        due_us = fact.time_us + wait_us
        if due_us < (now_us if following is None else min(now_us, following.time_us)):
            yield (fact,), max(due_us, fact.received_us)


def _tests(rule: CaseRule) -> tuple[Callable[[CareFact], bool], Callable[[CareFact], bool]]:
    """Whether a fact is one of those that are asked about, and whether it meets the condition."""
    if rule.answer is not None:
        answer = rule.answer
        return lambda fact: _is_answer(fact, answer), lambda fact: _is_scored(fact, answer)
    event = rule.event
    assert event is not None  # a rule has one of the three
    return lambda fact: _is_event(fact, event), lambda fact: _has_content(fact, event)


def _is_answer(fact: CareFact, asked: AnswerAsked) -> bool:
    is_about = asked.touchpoint is None or fact.touchpoint in asked.touchpoint
    is_scope = asked.scope is None or fact.scope == asked.scope
    is_scale = asked.scale is None or fact.scale == (asked.scale.min, asked.scale.max)
    return fact.is_answer and bool(fact.score_class) and fact.kpi in asked.kpi and is_about and is_scope and is_scale


def _is_scored(fact: CareFact, asked: AnswerAsked) -> bool:
    low, high, score = asked.score_at_least, asked.score_at_most, fact.score
    is_class = asked.scored is None or fact.score_class == asked.scored
    return is_class and score is not None and (low is None or score >= low) and (high is None or score <= high)


def _is_event(fact: CareFact, asked: EventAsked) -> bool:
    is_action = asked.action is None or fact.action in asked.action
    return not fact.is_answer and fact.touchpoint in asked.touchpoint and is_action


def _has_content(fact: CareFact, asked: EventAsked) -> bool:
    return all(content_holds(test, fact.properties.get(name)) for name, test in asked.content.items())
