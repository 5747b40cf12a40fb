"""A journey map as a page of text: the stages side by side, as on the wall, and below them how events find their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from touchline.schemas.journey.conditions import EventCondition, describe
from touchline.schemas.journey.coverage import coverage, touchpoints_of_stages
from touchline.schemas.journey.facts import FACT_KINDS, Emotion, Expectation, Facts, Initiative, Remark
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.parts import KpiQuestion

SIGN = {"positive": "+", "neutral": "·", "negative": "-"}


def print_map(journey_map: JourneyMap, console: Console) -> None:
    """Everything that the file holds but annotations' details."""
    seen = coverage(journey_map)
    console.print(f"[bold]{escape(journey_map.title)}[/bold]  ({journey_map.map} version {journey_map.version})")
    console.print(escape(journey_map.description))
    console.print()
    console.print(_wall(journey_map))
    console.print(
        f"\n[bold]Touchpoints[/bold]  {seen.traceable} traceable, {seen.survey_only} survey-only, "
        f"{seen.unobservable} unobservable ({seen.untraceable_share:.0%} cannot be traced)"
    )
    console.print(_touchpoints(journey_map))
    console.print("\n[bold]Rules[/bold]  the first that holds decides")
    console.print(_rules(journey_map))
    _print_groups(journey_map, console)
    _print_ends(journey_map, console)
    if journey_map.kpis:
        console.print("\n[bold]KPIs asked[/bold]")
        console.print(_table(("id", "kpi", "scope", "asked at", "delay", "target", "question"), _kpis(journey_map)))
    for note in journey_map.annotations:
        console.print(f"{note.date}{f' to {note.until}' if note.until else ''}: {escape(note.text)}")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def _wall(journey_map: JourneyMap) -> Table:
    table = Table(show_lines=True)
    table.add_column("")
    for order, stage in enumerate(journey_map.stages, start=1):
        table.add_column(escape(f"{order} {stage.name}"), overflow="fold")
    touchpoints = touchpoints_of_stages(journey_map)
    table.add_row("touchpoints", *(escape("\n".join(touchpoints[stage.id])) for stage in journey_map.stages))
    for kind in FACT_KINDS:
        if any(getattr(stage, kind) for stage in journey_map.stages):
            table.add_row(kind, *(escape(_facts(stage, kind)) for stage in journey_map.stages))
    stays = set(journey_map.cycle.stays)
    after = ("stays in the cycle" if stage.id in stays else "opens the next" for stage in journey_map.stages)
    table.add_row("after a conversion", *after)
    return table


def _facts(facts: Facts, kind: str) -> str:
    return "\n".join(_fact(fact) for fact in getattr(facts, kind))


def _fact(fact: Remark | Emotion | Expectation | Initiative) -> str:
    persona = getattr(fact, "persona", None)
    suffix = f" ({persona})" if persona else ""
    if isinstance(fact, Emotion):
        return f"{SIGN[fact.valence]} {fact.emotion}{suffix}"
    if isinstance(fact, Initiative):
        return f"{fact.text} [{fact.id}]"
    if isinstance(fact, Expectation) and fact.target:
        target = fact.target
        low = f"at least {target.at_least:g} " if target.at_least is not None else ""
        high = f"at most {target.at_most:g} " if target.at_most is not None else ""
        return f"{fact.text}: {target.quantity} {low}{high}{target.unit}{suffix}"
    return f"{fact.text}{suffix}"


def _touchpoints(journey_map: JourneyMap) -> Table:
    rows = (
        (
            touchpoint.id,
            touchpoint.name,
            touchpoint.channel,
            "online" if touchpoint.is_online else "offline",
            touchpoint.ownership,
            touchpoint.observability.replace("_", "-"),
            touchpoint.owner,
        )
        for touchpoint in journey_map.touchpoints
    )
    return _table(("id", "name", "channel", "", "", "", "owner"), rows)


def _rules(journey_map: JourneyMap) -> Table:
    rows = (
        (str(number), rule.id, describe(rule.when), rule.stage, rule.note)
        for number, rule in enumerate(journey_map.rules, start=1)
    )
    return _table(("", "id", "when", "stage", "note"), rows)


def _print_groups(journey_map: JourneyMap, console: Console) -> None:
    for title, groups in (("Personas", journey_map.personas), ("Segments", journey_map.segments)):
        if groups:
            console.print(f"\n[bold]{title}[/bold]")
            console.print(
                _table(
                    ("id", "name", "from the event on that meets", "description"),
                    ((g.id, g.name, _any_of(g.when or ()) or "(events say it)", g.description) for g in groups),
                )
            )


def _print_ends(journey_map: JourneyMap, console: Console) -> None:
    console.print("\n[bold]Conversions[/bold]")
    console.print(_table(("id", "name", "when"), ((g.id, g.name, _any_of(g.when)) for g in journey_map.goals)))
    churn = journey_map.churn
    if churn:
        term = f"after {churn.inactivity_days} days without a touchpoint" if churn.inactivity_days else ""
        leaving = f"at once when {_any_of(churn.exit)}" if churn.exit else ""
        back = "opens the next cycle" if churn.return_opens_cycle else "goes on with the old cycle"
        console.print(f"\n[bold]Lost[/bold]  {escape(', '.join(filter(None, (term, leaving))))}; a return {back}")


def _any_of(conditions: Sequence[EventCondition]) -> str:
    return " or ".join(describe(condition) for condition in conditions)


def _kpis(journey_map: JourneyMap) -> Iterable[tuple[str, ...]]:
    for asked in journey_map.kpis:
        target = "" if asked.target is None else f"{asked.target:g}"
        delay = f"{asked.delay_hours:g} h" if asked.delay_hours else "at once"
        scale = f"{asked.kpi} ({asked.variant}, {asked.scale.min}-{asked.scale.max})"
        yield asked.id, scale, asked.scope, _asked_at(asked), delay, target, asked.question


def _asked_at(asked: KpiQuestion) -> str:
    places = {"stages": asked.ask.stages, "touchpoints": asked.ask.touchpoints, "after": asked.ask.goals}
    return "; ".join(
        f"{kind} {names if isinstance(names, str) else ', '.join(names)}" for kind, names in places.items() if names
    )
