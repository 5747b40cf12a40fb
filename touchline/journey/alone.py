"""Places what moves no journey: events without a person, and answers."""

from __future__ import annotations

from touchline.journey.compile import Cell, CompiledMap, decide
from touchline.journey.groups import choose
from touchline.journey.predicates import Situation
from touchline.journey.values import Attachment, JourneyEvent
from touchline.schemas.channels import is_online_channel


def attach_alone(event: JourneyEvent, journey_map: CompiledMap) -> Attachment:
    """The attachment of an event without a person: stage and conversion by the rules, no journey, no first-of,
    nothing remembered. History conditions see an empty history."""
    if not event.moves:
        return place_answer(event, journey_map, 0, 0, 0, 0, "", "", 0)
    cell = journey_map.cell(event.touchpoint, event.action)
    situation = Situation(0, 0, 0, 0, False, 0, -1, event.properties, "", "")
    persona = event.persona or choose(cell.personas, situation)
    segment = event.segment or choose(cell.segments, situation)
    step = cell.fixed or decide(cell, situation._replace(persona=persona, segment=segment))
    channel, is_online = _channel(event, cell)
    return Attachment(
        stage=step.stage,
        stage_order=step.stage_order,
        is_mapped=step.stage_order > 0,
        channel=channel,
        is_online=is_online,
        cycle=0,
        transition="",
        touchpoint_number=0,
        wait_us=0,
        is_conversion=step.is_conversion,
        rule=step.rule,
        evidence=step.evidence,
        persona=persona,
        segment=segment,
        first_of=0,
        stage_max_before=0,
        stage_max=0,
        funnel_before=0,
        funnel_depth=0,
        churn_due_at_s=0,
    )


def place_answer(
    event: JourneyEvent,
    journey_map: CompiledMap,
    cycle: int,
    stage: int,
    stage_max: int,
    funnel_depth: int,
    persona: str,
    segment: str,
    due_s: int,
) -> Attachment:
    """An answer belongs to a stage of the touchpoint it is about: to the person's stage of the moment if that is one
    of them, else to the first that the rules name. About a touchpoint without stages it belongs to the stage of the
    moment."""
    stages = journey_map.asked.get(event.touchpoint)
    rule, evidence, order = "", "", stage
    if stages:
        order = stage if stage in stages else next(iter(stages))
        rule = stages[order][1]
        evidence = f"answer about touchpoint={event.touchpoint}"
    elif stage:
        evidence = "answer in the stage of the moment"
    channel, is_online = _channel(event, journey_map.cell(event.touchpoint, event.action))
    return Attachment(
        stage=journey_map.stages[order - 1] if order else "",
        stage_order=order,
        is_mapped=order > 0,
        channel=channel,
        is_online=is_online,
        cycle=cycle if stage else 0,
        transition="",
        touchpoint_number=0,
        wait_us=0,
        is_conversion=False,
        rule=rule,
        evidence=evidence,
        persona=event.persona or persona,
        segment=event.segment or segment,
        first_of=0,
        stage_max_before=stage_max,
        stage_max=stage_max,
        funnel_before=funnel_depth,
        funnel_depth=funnel_depth,
        churn_due_at_s=due_s,
    )


def _channel(event: JourneyEvent, cell: Cell) -> tuple[str, bool]:
    """The event's channel, else the touchpoint's; online by the touchpoint, else by the vocabulary."""
    channel = event.channel or cell.channel
    return channel, is_online_channel(channel) if cell.is_online is None else cell.is_online
