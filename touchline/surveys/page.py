"""Policies, checks and a tried decision, as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.parts import Ask
from touchline.schemas.times import US_PER_HOUR, format_time
from touchline.surveys.asked import Asked
from touchline.surveys.decide import IN_WORDS, AskReason, Decision, EventFacts
from touchline.surveys.policies import Asking, Policy, PolicyAsk
from touchline.surveys.questions import Catalogue
from touchline.terminal import whole_table
from touchline.wording import counted

_SHOWN_ASKS = 10


class Trial(NamedTuple):
    """What would be decided, about which event, and the asks of the person so far, the newest first."""

    reason: AskReason
    event: EventFacts | None
    asking: Asking | None
    decision: Decision | None
    asks: Sequence[Asked]


def render_policies(policies: Sequence[Policy], chosen: str) -> RenderableType:
    """Each policy with its questions and its rules."""
    return Group(*(part for one in policies for part in _policy(one, is_chosen=one.policy == chosen)))


def _policy(policy: Policy, *, is_chosen: bool) -> Iterator[RenderableType]:
    yield Text(f"\n{policy.policy}{' (chosen)' if is_chosen else ''}: {policy.title}")
    if not policy.questions:
        yield Text("  the questions of the map's kpis")
    else:
        yield _questions(policy)
    for rule in policy.fatigue:
        of = rule.segment or rule.kpi or ""
        yield Text(
            f"  {rule.id}: at most {rule.at_most} {rule.counts} in {rule.within_hours:g} h, {rule.scope}{' ' + of if of else ''}"
        )
    yield Text(f"  needs the consent for {', '.join(policy.purposes) or 'nothing'}")


def _questions(policy: Policy) -> Table:
    table = whole_table("question", "asked at", "after (h)", "for (h)", "of how many")
    for one in policy.questions:
        valid = policy.valid_hours if one.valid_hours is None else one.valid_hours
        share = policy.sampling if one.sampling is None else one.sampling
        table.add_row(one.question, where_in_words(one.ask), f"{one.delay_hours:g}", f"{valid:g}", f"{100 * share:g} %")
    return table


def where_in_words(ask: Ask) -> str:
    """Where a question is asked."""
    moments = ask.moments if isinstance(ask, PolicyAsk) else None
    parts = {"touchpoints": ask.touchpoints, "stages": ask.stages, "goals": ask.goals, "moments": moments}
    named = {name: value if isinstance(value, str) else ", ".join(value) for name, value in parts.items() if value}
    return "; ".join(f"{name}: {value}" for name, value in named.items())


def checked_policy(policy: Policy, askings: Sequence[Asking], journey_map: JourneyMap) -> list[str]:
    """What a policy asks on a map, and what of it cannot be compared."""
    lines = [
        f"ok: policy {policy.policy} {policy.version} asks {counted(len(askings), 'question')} on the map {journey_map.map}"
    ]
    for one in askings:
        delay, valid = one.where.delay_us / US_PER_HOUR, one.valid_us / US_PER_HOUR
        lines.append(
            f"  {one.question.id}: {where_in_words(one.where.ask)}; after {delay:g} h, for {valid:g} h, {100 * one.sampling:g} %"
        )
    kinds: defaultdict[str, set[tuple[object, ...]]] = defaultdict(set)
    for one in askings:
        question = one.question
        kinds[question.kpi].add((question.id, question.variant, question.scope, question.scale.min, question.scale.max))
    for kpi, found in sorted(kinds.items()):
        if len(found) > 1:
            names = ", ".join(sorted(str(one[0]) for one in found))
            lines.append(f"note: {kpi} is asked by {names}: other words, so their answers are never one number")
    if not policy.fatigue:
        lines.append("note: no fatigue rule: everybody may be asked after every event")
    return lines


def checked_questions(catalogue: Catalogue) -> list[str]:
    """The questions there are with an owner's file, and their languages."""
    lines = [f"ok: {counted(len(catalogue.questions), 'question')}, those that are shipped included"]
    for one in catalogue.questions.values():
        scale = f"{one.scale.min} to {one.scale.max}" if one.kind in ("score", "emotion") else "no score"
        lines.append(f"  {one.id} {one.version}: {one.kind}, {one.kpi}, {scale}, in {', '.join(sorted(one.wordings))}")
    return lines


def render_trial(trial: Trial) -> RenderableType:
    """The decision first, then what it is about, then the asks so far."""
    return Group(*_trial(trial))


def _trial(trial: Trial) -> Iterator[RenderableType]:
    decision, asking = trial.decision, trial.asking
    rule = f" ({decision.rule})" if decision is not None and decision.rule else ""
    yield Text(
        f"{'yes' if trial.reason == AskReason.ASKED else 'no'}: {trial.reason.value}{rule}, {IN_WORDS[trial.reason]}"
    )
    if trial.event is not None:
        event = trial.event
        yield Text(f"about {event.event_id} of {event.source} at {event.touchpoint}, {format_time(event.time_us)}")
    if asking is not None and decision is not None:
        yield Text(
            f"question {asking.question.id} {asking.question.version} of policy {asking.policy} {asking.policy_version}"
        )
        yield Text(f"may be asked from {format_time(decision.due_us)} until {format_time(decision.expires_us)}")
        if decision.retry_us:
            yield Text(f"may be otherwise from {format_time(decision.retry_us)} on")
    yield Text("\nasks so far" if trial.asks else "\nthe person was never asked")
    if trial.asks:
        yield _asks(trial.asks[:_SHOWN_ASKS])


def _asks(asks: Sequence[Asked]) -> Table:
    table = whole_table("when (UTC)", "survey", "question", "about", "came to", "by")
    for one in asks:
        about = " ".join(filter(None, (one.touchpoint, one.about_event_id)))
        table.add_row(format_time(one.time_us), one.survey, one.question, about, one.disposition, one.source)
    return table


def trial_object(trial: Trial) -> dict[str, Any]:
    """The same as values for JSON."""
    decision, asking, event = trial.decision, trial.asking, trial.event
    said: dict[str, Any] = {"ask": trial.reason == AskReason.ASKED, "reason": trial.reason.value}
    if event is not None:
        said["about"] = {"touchpoint": event.touchpoint, "source": event.source, "event_id": event.event_id}
    if asking is not None and decision is not None:
        said |= {"policy": asking.policy, "question": asking.question.id, "rule": decision.rule or None}
        said |= {"due_at": format_time(decision.due_us), "expires_at": format_time(decision.expires_us)}
        said["retry_at"] = format_time(decision.retry_us) if decision.retry_us else None
    said["asks"] = [one._asdict() for one in trial.asks]
    return said
