"""Stages as columns, touchpoints as cards: what happened there, and what people say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from touchline.dashboards.server.snapshot.facts import facts_of
from touchline.dashboards.server.snapshot.kpis import badge, kpi_block, simulated_badge
from touchline.dashboards.server.snapshot.read import Rows, Seen
from touchline.dashboards.server.snapshot.words import NONE, PageWords
from touchline.markup import Child, Markup, tag
from touchline.schemas.journey.coverage import touchpoints_of_stages
from touchline.schemas.journey.facts import Facts
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.parts import Stage, Touchpoint

Row = Mapping[str, Any]


class Card(NamedTuple):
    """A touchpoint at a stage: its rows. `declared` None: the map's file does not name it."""

    touchpoint: str
    stage: str | None
    declared: Touchpoint | None
    seen: Seen

    def rows(self, view: str) -> list[Row]:
        """Those of this touchpoint at this stage."""
        return [
            row for row in self.seen.rows[view] if row["touchpoint"] == self.touchpoint and row["stage"] == self.stage
        ]

    @property
    def events(self) -> int:
        """Touchpoint events in the period."""
        return sum(row["events"] for row in self.rows("volume_by_touchpoint"))


def wall(words: PageWords, seen: Seen) -> Markup:
    """All stages side by side; a last column for what no rule places."""
    columns = list(_columns(seen))
    placed = [_stage(words, seen, number, stage, cards) for number, (stage, cards) in enumerate(columns, start=1)]
    return tag(
        "section",
        placed,
        class_="wall",
        style=f"--stages: {len(columns)}",
        aria_label=words.say("view.map"),
        tabindex="0",
    )


def _columns(seen: Seen) -> Iterable[tuple[Stage | None, list[Card]]]:
    journey_map = seen.journey_map
    if journey_map is None:
        return
    names = {touchpoint.id: touchpoint for touchpoint in journey_map.touchpoints}
    placed: dict[str | None, list[str]] = {None: []}
    placed.update(touchpoints_of_stages(journey_map))
    for row in [*seen.rows["volume_by_touchpoint"], *seen.rows["survey_by_touchpoint"]]:
        there = placed.setdefault(row["stage"], [])
        if row["touchpoint"] not in there:
            there.append(row["touchpoint"])
    anywhere = {touchpoint for touchpoints in placed.values() for touchpoint in touchpoints}
    placed[None] += [name for name in names if name not in anywhere]
    for stage in [*journey_map.stages, None]:
        key = None if stage is None else stage.id
        cards = [Card(touchpoint, key, names.get(touchpoint), seen) for touchpoint in placed[key]]
        if stage is not None or cards:
            yield stage, sorted(cards, key=lambda card: -card.events)


def _stage(words: PageWords, seen: Seen, number: int, stage: Stage | None, cards: Sequence[Card]) -> Markup:
    if stage is None:
        head: list[Child] = [tag("h2", words.say("stage.none")), tag("p", words.say("stage.none.note"), class_="muted")]
    else:
        head = [
            tag("h2", f"{number} {stage.name}"),
            tag("p", stage.description, class_="muted"),
            _stage_facts(words, seen, stage),
        ]
    journey_map = seen.journey_map
    told = facts_of(words, stage, journey_map) if stage is not None and journey_map is not None else None
    return tag("article", tag("header", head), [_card(words, card, journey_map) for card in cards], told)


def _stage_facts(words: PageWords, seen: Seen, stage: Stage) -> Markup | None:
    """Events and journeys of a stage; none at all in a selection without events."""
    volume = seen.rows["volume_by_touchpoint"]
    row = next((row for row in seen.rows["funnel_stage"] if row["stage"] == stage.id), None)
    if row is None or not volume:
        return None
    here = [one for one in volume if one["stage"] == stage.id]
    mode = words.say(f"funnel.mode.{seen.selection.mode}")
    facts: list[tuple[str, Child]] = [
        ("stage.events", tag("b", words.whole(sum(one["events"] for one in here)) if here else NONE)),
        ("stage.reached", tag("b", words.whole(row["reached"]))),
        ("stage.open", tag("b", words.whole(row["open"]))),
    ]
    is_last = all(other["stage_order"] <= row["stage_order"] for other in seen.rows["funnel_stage"])
    facts.append(("stage.advanced", _advanced(words, row, is_last)))
    simulated = next((one for one in (row, *here) if one.get("is_simulated")), None)
    mark = tag("p", simulated_badge(words, simulated)) if simulated else None
    pairs = [tag("div", tag("dt", words.say(key, mode=mode)), tag("dd", value)) for key, value in facts]
    return tag("div", mark, tag("dl", pairs, class_="stage-facts"))


def _advanced(words: PageWords, row: Row, is_last: bool) -> list[Child]:
    if row["rate"] is None:
        value, rest = NONE, words.say("stage.advanced.last" if is_last else "stage.advanced.none")
    else:
        interval = words.range(words.percent(row["ci_low"]), words.percent(row["ci_high"]))
        value, rest = (
            words.percent(row["rate"]),
            words.say("stage.advanced.of", interval=interval, n=row["denominator"]),
        )
    return [tag("b", value), " ", tag("span", rest, class_="muted small")]


def _card(words: PageWords, card: Card, journey_map: JourneyMap | None) -> Markup:
    declared = card.declared
    volume = card.rows("volume_by_touchpoint")
    marks: list[Child] = []
    if declared is not None:
        channel = words.named(f"channel.{declared.channel}", declared.channel)
        line = words.say("line.online" if declared.is_online else "line.offline")
        marks = [badge(channel), " ", badge(line), " ", badge(words.say(f"ownership.{declared.ownership}"))]
        if declared.observability != "traceable":
            marks += [" ", badge(words.say(f"observability.{declared.observability}"))]
    if simulated := next((row for row in volume if row["is_simulated"]), None):
        marks += [" ", simulated_badge(words, simulated)]
    answers = [kpi_block(words, row) for row in _as_asked(card.rows("survey_by_touchpoint"), journey_map)]
    told = facts_of(words, declared, journey_map) if isinstance(declared, Facts) and journey_map is not None else None
    name = declared.name if declared is not None else card.touchpoint
    return tag("section", tag("h3", name), tag("p", marks), _facts(words, card), answers, told, class_="card")


def _as_asked(rows: Rows, journey_map: JourneyMap | None) -> list[Row]:
    """In the order in which the map asks their KPIs, as on the page; others come last."""
    asked = [(one.kpi, one.variant, one.scope) for one in journey_map.kpis] if journey_map else []

    def place(row: Row) -> tuple[int, str, str, str, int]:
        key = (row["kpi"], row["variant"], row["scope"] or "")
        return (asked.index(key) if key in asked else len(asked), *key, row["is_simulated"])

    return sorted(rows, key=place)


def _facts(words: PageWords, card: Card) -> Markup:
    """Events, persons, drop-off and revenue of the touchpoint at this stage."""
    person = next(iter(card.rows("persons_by_touchpoint")), None)
    journey_map = card.seen.journey_map
    days = journey_map.churn.inactivity_days if journey_map and journey_map.churn else None
    facts = [
        ("fact.events", words.whole(card.events)),
        ("fact.persons", words.whole(person["persons"]) if person else NONE),
        ("fact.drop_off" if days else "fact.drop_off.ever", _drop_off(words, person)),
        ("fact.revenue", _revenue(words, card.rows("revenue_by_touchpoint"))),
    ]
    return tag("dl", [[tag("dt", words.say(key, days=days)), tag("dd", value)] for key, value in facts])


def _drop_off(words: PageWords, person: Row | None) -> str:
    """No zero before anybody could be lost: while the churn term runs, whoever was here may still go on."""
    if person is None or not person["journeys"]:
        return NONE
    if person["drop_off"] is None:
        return words.say("fact.drop_off.unknown", count=person["journeys"])
    interval = words.range(words.percent(person["ci_low"]), words.percent(person["ci_high"]))
    return f"{words.percent(person['drop_off'])} ({interval}), n {words.whole(person['denominator'])}"


def _revenue(words: PageWords, rows: Rows) -> str:
    paid = [
        words.money(Decimal(row["amount"]), row["currency"])
        + (f" ({words.say('simulated')})" if row["is_simulated"] else "")
        for row in rows
        if row["currency"]
    ]
    return ", ".join(paid) or NONE
