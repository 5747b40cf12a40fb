"""What a file of rules means, and what sinks did not take, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from touchline.care.kpi.rules import KpiAsked, UnusualDay
from touchline.care.rules import AnswerAsked, CareRules, CaseRule
from touchline.care.sinks.model import Sink
from touchline.care.store import Dead
from touchline.schemas.journey.conditions import EventCondition, describe
from touchline.wording import counted


def rules_lines(rules: CareRules) -> Iterator[str]:
    """One line a rule, one a sink."""
    yield f"version {rules.version}: {counted(len(rules.rules), 'rule')}, {counted(len(rules.sinks), 'sink')}"
    for rule in rules.rules:
        yield f"{rule.id}: {rule.kind} ({rule.severity}) when {reason_of(rule)}{_term(rule)}; {_needs(rule)}"
    for sink in rules.sinks:
        yield f"{sink.id}: {', '.join(sink.kinds)} to {_place(sink)}; {counted(sink.attempts, 'attempt')}"
    if not rules.sinks:
        yield "no sinks: cases are opened, and nobody is told"


def rules_object(rules: CareRules) -> dict[str, Any]:
    """For JSON."""
    return {
        "version": rules.version,
        "rules": [
            {
                "id": one.id,
                "kind": one.kind,
                "severity": one.severity,
                "when": reason_of(one),
                "needs": "" if one.of_kpi else one.needs,
            }
            for one in rules.rules
        ],
        "sinks": [
            {"id": one.id, "kinds": one.kinds, "to": _place(one), "attempts": one.attempts} for one in rules.sinks
        ],
    }


def reason_of(rule: CaseRule) -> str:
    """The condition in words, such as `2 answers in a row are csat, scored bad`."""
    if rule.of_kpi is not None:
        return _of_kpi(rule.of_kpi)
    if rule.overdue is not None:
        return f"a journey stands at {rule.overdue.stage} for {rule.overdue.after_hours:g} hours"
    asked = f"an answer is {_answer(rule.answer)}" if rule.answer else f"an event has {_event(rule)}"
    number = max(rule.in_a_row, rule.repeated)
    within = f" within {rule.within_hours:g} hours" if rule.within_hours is not None else ""
    if number == 1:
        return asked
    how = "in a row" if rule.in_a_row > 1 else "in all"
    return f"{asked}, {number} times {how}{within}"


def dead_lines(letters: Sequence[Dead]) -> Iterator[str]:
    """One line a letter."""
    for one in letters:
        yield f"{one.sink}  {one.key}  since {one.since}  {counted(one.attempts, 'attempt')}: {one.error}"
    yield counted(len(letters), "dead letter")


def _answer(asked: AnswerAsked) -> str:
    parts = ["|".join(asked.kpi), asked.scope or "", f"scored {asked.scored}" if asked.scored else ""]
    if asked.touchpoint:
        parts.append(f"about {'|'.join(asked.touchpoint)}")
    if asked.scale:
        bounds = {"at least": asked.score_at_least, "at most": asked.score_at_most}
        said = " and ".join(f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None)
        parts.append(f"{said} on {asked.scale.min} to {asked.scale.max}")
    return ", ".join(filter(None, parts))


def _event(rule: CaseRule) -> str:
    assert rule.event is not None  # a rule asks one thing
    asked = rule.event
    return describe(EventCondition(touchpoint=asked.touchpoint, action=asked.action, content=asked.content))


def _of_kpi(asked: KpiAsked) -> str:
    at = f" at {'|'.join(asked.touchpoint)}" if asked.touchpoint else ""
    what = "the number of events" if isinstance(asked, UnusualDay) and asked.volume else None
    what = what or ("|".join(asked.kpi) if asked.kpi else "any KPI")
    if isinstance(asked, UnusualDay):
        return (
            f"on a day {what}{at} is beyond the limits of the {asked.days} days before; "
            f"false alarms on at most {100 * asked.false_alarms:g} % of days"
        )
    return f"{what}{at} over {asked.days} days has its whole interval on the bad side of the map's target"


def _needs(rule: CaseRule) -> str:
    return "about no person" if rule.of_kpi is not None else f"needs {rule.needs or 'no consent'}"


def _term(rule: CaseRule) -> str:
    return "" if rule.contact_within_hours is None else f"; to be reached within {rule.contact_within_hours:g} hours"


def _place(sink: Sink) -> str:
    """Without an address that may hold a secret."""
    if sink.kafka is not None:
        return f"topic {sink.kafka.topic}"
    assert sink.webhook is not None  # a sink is one of the two
    signed = "signed" if sink.webhook.secret_file else "not signed"
    return f"webhook ({sink.webhook.template}, {signed})"
