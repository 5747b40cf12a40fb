"""Attaches the events of one person to the stages of a journey map.

`attach(events of one person in order, map, tail) -> attachments, tail`: a pure fold, without I/O, clock or hidden
state. Its result for an event depends on the events before it only, so `attach(A + B)` equals `attach(A)` followed by
`attach(B)` with the tail of A, and any cut into batches gives the same rows.

What happens to an event:

1. *Lost?* At or after `churn_due_at` of the event before, the open journey is over (unless the map lets returning
   persons go on).
2. *Who?* The event's own persona and segment count, else the first persona and segment rule that holds, else what was
   known.
3. *Where?* The first stage rule that holds gives the stage; goals and exits are looked up with it.
4. *Which cycle?* A mapped event opens the next cycle if no journey is open, or if the open one has converted and the
   event either converts again or belongs to a stage that does not stay (`cycle.stays`).
5. *How far?* Transition against the stage before, highest stage reached, depth of the ordered funnel.
6. *First of the day?* Bits for persons and journeys.

Events that no rule maps are still touchpoints of the person: they are numbered, waits count from them, they put the
loss off, and they count in the first-of bits of person, touchpoint and channel. They open no journey, convert nothing
and have no stage. Answers (`moves=False`) are placed into the state of the moment and change nothing.

Events at the very same microsecond count as ordered for the funnel whichever stands first, as in ClickHouse's
windowFunnel."""

from __future__ import annotations

from collections.abc import Sequence

from touchline.processors.attaching.values import (
    JOURNEY,
    JOURNEY_CHANNEL,
    JOURNEY_STAGE,
    JOURNEY_TOUCHPOINT,
    NO_TAIL,
    PERSON,
    PERSON_CHANNEL,
    PERSON_STAGE,
    PERSON_TOUCHPOINT,
    Attachment,
    Day,
    JourneyEvent,
    Tail,
    dump_tail,
    load_tail,
)
from touchline.schemas.channels import ONLINE_CHANNELS, is_online_channel
from touchline.schemas.journey.compile import CHANNEL_KEY, TOUCHPOINT_KEY, Cell, Choice, CompiledMap, decide
from touchline.schemas.journey.predicates import Moment
from touchline.schemas.journey_map import compile_map

__all__ = [
    "NO_TAIL",
    "Attachment",
    "CompiledMap",
    "JourneyEvent",
    "Tail",
    "attach",
    "attach_alone",
    "compile_map",
    "dump_tail",
    "load_tail",
]

US_PER_SECOND = 1_000_000
US_PER_DAY = 86_400 * US_PER_SECOND
OF_PERSON = PERSON | PERSON_TOUCHPOINT | PERSON_STAGE | PERSON_CHANNEL
OF_JOURNEY = JOURNEY | JOURNEY_TOUCHPOINT | JOURNEY_STAGE | JOURNEY_CHANNEL
FIRST_UNMAPPED = (OF_PERSON | OF_JOURNEY) & ~(PERSON_STAGE | JOURNEY_STAGE)
WESTMOST_ZONE_US = 12 * 3_600 * US_PER_SECOND


def attach(
    events: Sequence[JourneyEvent], journey_map: CompiledMap, tail: Tail = NO_TAIL
) -> tuple[list[Attachment], Tail]:
    """The attachments of one person's `events` (in order), and the tail for the next call.

    One long function on purpose: it runs for every event and map, and local variables are what makes it fast.
    """
    (
        touched_us,
        number,
        cycle,
        stage,
        stage_max,
        funnel_depth,
        stages_now,
        has_converted,
        conversions,
        due_s,
        persona,
        segment,
        stages_seen,
        touchpoints_seen,
        last_touchpoint,
        today,
        tail_keys,
        days_before,
    ) = tail
    first_keys: dict[str, int] | None = None
    cells, other_cells = journey_map.cells, journey_map.other_cells
    inactivity_s, return_opens = journey_map.inactivity_seconds, journey_map.return_opens_cycle
    attached: list[Attachment] = []
    new = tuple.__new__  # the named tuples' own constructors cost twice as much
    for event in events:
        time_us, _, _, touchpoint, action, own_channel, local_day, own_persona, own_segment, properties, moves = event
        if not moves:
            attached.append(
                _place_answer(
                    event, journey_map, cycle, stage, stage_max, funnel_depth, persona, segment, due_s if stage else 0
                )
            )
            continue
        by_action = cells.get(touchpoint, other_cells)
        cell = by_action.get(action) or by_action[None]
        step, chooses, _, personas, segments, touchpoint_key, channel, channel_key, is_online, seen_bit, cell_number = (
            cell
        )
        time_s = time_us // US_PER_SECOND

        # 1. lost?  An exit sets the due time to the event's own time, which no term does.
        if due_s and time_s >= due_s and (return_opens or due_s <= touched_us // US_PER_SECOND):
            stage = stage_max = funnel_depth = stages_now = stages_seen = touchpoints_seen = last_touchpoint = due_s = 0
            has_converted = False

        # 2. who?  3. where?
        if own_persona:
            persona = own_persona
        if own_segment:
            segment = own_segment
        if step is None or chooses:
            idle_us = time_us - touched_us if number else -1
            past = (stages_seen, touchpoints_seen, stage, last_touchpoint, has_converted, conversions, idle_us)
            if chooses:
                moment = new(Moment, (properties, persona, segment, *past))
                if personas and not own_persona:
                    persona = _choose(personas, moment) or persona
                if segments and not own_segment:
                    segment = _choose(segments, moment) or segment
            if step is None:
                step = decide(cell, new(Moment, (properties, persona, segment, *past)))
        stage_name, order, rule, evidence, is_conversion, is_exit, stays, stage_key, stage_bit = step

        number += 1
        wait_us = time_us - touched_us if number > 1 else 0
        if time_us != touched_us:
            stages_now = 0

        # 4. which cycle?  5. how far?
        if order:
            if stage and has_converted and (is_conversion or not stays):
                stage = stage_max = funnel_depth = stages_now = stages_seen = touchpoints_seen = last_touchpoint = 0
                has_converted = False
            if not stage:
                cycle += 1
                transition = "enter"
            elif order == stage:
                transition = "stay"
            elif order < stage:
                transition = "return"
            else:
                transition = "advance" if order == stage + 1 else "skip"
            stage = order
            max_before, depth_before = stage_max, funnel_depth
            if order > stage_max:
                stage_max = order
            stages_now |= stage_bit
            stages_seen |= stage_bit
            if order == funnel_depth + 1:
                funnel_depth = order
                while stages_now >> (funnel_depth + 1) & 1:
                    funnel_depth += 1
            touchpoints_seen |= seen_bit
            last_touchpoint = cell_number
            if is_conversion:
                has_converted = True
                conversions += 1
        else:
            transition = ""
            max_before, depth_before = stage_max, funnel_depth
        if is_exit:
            due_s = time_s if stage else 0
        elif inactivity_s:
            due_s = time_s + inactivity_s if stage else 0
        touched_us = time_us

        # 6. first of the day?
        if local_day != today:
            days_before, first_keys = _turn_to(local_day, days_before, (today, first_keys or tail_keys), time_us)
            today = local_day
        elif first_keys is None:
            first_keys = dict(tail_keys)
        if own_channel:
            channel = own_channel
            channel_key = CHANNEL_KEY + own_channel
            if is_online is None:
                is_online = own_channel in ONLINE_CHANNELS
        if not touchpoint_key:
            touchpoint_key = TOUCHPOINT_KEY + touchpoint
        journey = cycle if stage else 0
        if not first_keys:
            first_keys[""] = first_keys[touchpoint_key] = first_keys[channel_key] = journey
            first_of = FIRST_UNMAPPED if journey else FIRST_UNMAPPED & OF_PERSON
            if order:
                first_keys[stage_key] = journey
                first_of = OF_PERSON | OF_JOURNEY
        else:
            first_of = 0
            if (met := first_keys[""]) < journey:
                first_keys[""] = journey
                first_of = JOURNEY
            if (met := first_keys.get(touchpoint_key, -1)) < journey:
                first_keys[touchpoint_key] = journey
                first_of |= (PERSON_TOUCHPOINT if met < 0 else 0) | (JOURNEY_TOUCHPOINT if journey else 0)
            if (met := first_keys.get(channel_key, -1)) < journey:
                first_keys[channel_key] = journey
                first_of |= (PERSON_CHANNEL if met < 0 else 0) | (JOURNEY_CHANNEL if journey else 0)
            if order and (met := first_keys.get(stage_key, -1)) < journey:
                first_keys[stage_key] = journey
                first_of |= (PERSON_STAGE if met < 0 else 0) | JOURNEY_STAGE

        attached.append(
            new(
                Attachment,
                (
                    stage_name,
                    order,
                    order > 0,
                    channel,
                    is_online or False,
                    journey,
                    transition,
                    number,
                    wait_us,
                    is_conversion,
                    rule,
                    evidence,
                    persona,
                    segment,
                    first_of,
                    max_before,
                    stage_max,
                    depth_before,
                    funnel_depth,
                    due_s,
                ),
            )
        )
    last = (
        touched_us,
        number,
        cycle,
        stage,
        stage_max,
        funnel_depth,
        stages_now,
        has_converted,
        conversions,
        due_s,
        persona,
        segment,
        stages_seen,
        touchpoints_seen,
        last_touchpoint,
        today,
        tail_keys if first_keys is None else first_keys,
        days_before,
    )
    return attached, new(Tail, last)


def attach_alone(event: JourneyEvent, journey_map: CompiledMap) -> Attachment:
    """The attachment of an event without a person: stage and conversion by the rules, no journey, no first-of,
    nothing remembered. History conditions see an empty history."""
    if not event.moves:
        return _place_answer(event, journey_map, 0, 0, 0, 0, "", "", 0)
    cell = journey_map.cell(event.touchpoint, event.action)
    moment = Moment(event.properties, "", "", 0, 0, 0, 0, False, 0, -1)
    persona = event.persona or _choose(cell.personas, moment)
    segment = event.segment or _choose(cell.segments, moment)
    step = cell.fixed or decide(cell, moment._replace(persona=persona, segment=segment))
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


def _place_answer(
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


def _choose(choices: Sequence[Choice], moment: Moment) -> str:
    """The first persona or segment whose rule holds, "" if none does."""
    for predicate, name in choices:
        if predicate is None or predicate(moment):
            return name
    return ""


def _turn_to(
    local_day: int, days_before: tuple[Day, ...], day_left: Day, time_us: int
) -> tuple[tuple[Day, ...], dict[str, int]]:
    """The other days to remember, and the keys of `local_day` as a fresh dictionary to write to. Days are dropped
    that no later event can fall into: event times do not go back, and no zone is further west than 12 hours."""
    earliest = (time_us - WESTMOST_ZONE_US) // US_PER_DAY
    if day_left[0] < earliest and not days_before:
        return (), {}
    keys: dict[str, int] = {}
    kept = []
    for known in (*days_before, day_left):
        if known[0] == local_day:
            keys = dict(known[1])
        elif known[0] >= earliest:
            kept.append(known)
    return tuple(kept), keys
