"""Attaches the events of one person to the stages of a journey map.

`attach(events of one person by time, map, tail) -> attachments, tail`: a pure fold, without I/O, clock or hidden
state. Its result for an event depends on the events up to its instant only, so `attach(A + B)` equals `attach(A)`
followed by `attach(B)` with the tail of A, and any cut between two instants gives the same rows. Events that may have
come at the same time must come in one call: their order is the map's (instants.py), not that of their ids.

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
windowFunnel.

Why: docs/decisions/0030, 0184.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any

from touchline.journey.alone import place_answer
from touchline.journey.compile import CHANNEL_KEY, TOUCHPOINT_KEY, CompiledMap, decide
from touchline.journey.groups import choose
from touchline.journey.instants import US_PER_SECOND, at_moments, last_moment_of, order_within, runs_at_once
from touchline.journey.predicates import Situation
from touchline.journey.values import (
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
)
from touchline.schemas.channels import ONLINE_CHANNELS

US_PER_DAY = 86_400 * US_PER_SECOND
OF_PERSON = PERSON | PERSON_TOUCHPOINT | PERSON_STAGE | PERSON_CHANNEL
OF_JOURNEY = JOURNEY | JOURNEY_TOUCHPOINT | JOURNEY_STAGE | JOURNEY_CHANNEL
FIRST_UNMAPPED = (OF_PERSON | OF_JOURNEY) & ~(PERSON_STAGE | JOURNEY_STAGE)
LATEST_DUE_S = 2**32 - 1
"""2106-02-07, the end of ClickHouse's DateTime: a sender may write 2099, and a term may be ten years."""
LATEST_IN_A_DAY_US = 13 * 3_600 * US_PER_SECOND
"""No zone is further west than 12 hours, and an event of a source that knows hours may stand up to one later than its time says."""
_time_of: Any = itemgetter(JourneyEvent._fields.index("time_us"))
_span_of: Any = itemgetter(JourneyEvent._fields.index("span_us"))


def attach(
    events: Sequence[JourneyEvent], journey_map: CompiledMap, tail: Tail = NO_TAIL
) -> tuple[list[Attachment], Tail]:
    """The attachments of one person's `events`, one each as given, and the tail for the next call.

    `events` ascend in time, and all certainly came later than those that led to `tail`; those of one instant may come in any order.
    """
    if len(events) < 2 or (len(set(map(_time_of, events))) == len(events) and not any(map(_span_of, events))):
        return _fold(events, journey_map, tail)
    moving = [place for place, event in enumerate(events) if event.moves]
    times_us, lasts_us = (
        [events[place].time_us for place in moving],
        [last_moment_of(events[place]) for place in moving],
    )
    runs = runs_at_once(times_us, lasts_us)
    # Answers stand as late as they can have come, and change nothing: so they join no events into a run either.
    answers = sorted(
        (place for place, event in enumerate(events) if not event.moves), key=lambda p: last_moment_of(events[p])
    )
    waiting = deque(answers)
    attached: list[tuple[int, Attachment]] = []
    for number, (start, end) in enumerate(pairwise([0, *chain.from_iterable(runs), len(moving)])):
        places = moving[start:end]
        part = [events[place] for place in places]
        if number % 2:  # every other part is a run
            order = order_within(part, journey_map, tail)
            places, part = [places[place] for place in order], at_moments([part[place] for place in order])
        places, part = _with_answers(places, part, events, waiting)
        rows, tail = _fold(part, journey_map, tail)
        attached += zip(places, rows, strict=True)
    rows, tail = _fold([events[place] for place in waiting], journey_map, tail)
    attached += zip(waiting, rows, strict=True)
    return [row for _, row in sorted(attached, key=itemgetter(0))], tail


def _with_answers(
    places: Sequence[int], part: Sequence[JourneyEvent], events: Sequence[JourneyEvent], waiting: deque[int]
) -> tuple[list[int], list[JourneyEvent]]:
    """The part in its order, with the waiting answers that certainly came before one of its events; these are taken from `waiting`."""
    all_places: list[int] = []
    both: list[JourneyEvent] = []
    for place, event in zip(places, part, strict=True):
        while waiting and last_moment_of(events[waiting[0]]) < event.time_us:
            all_places.append(waiting[0])
            both.append(events[waiting.popleft()])
        all_places.append(place)
        both.append(event)
    return all_places, both


def _fold(events: Sequence[JourneyEvent], journey_map: CompiledMap, tail: Tail) -> tuple[list[Attachment], Tail]:
    """The attachments of events in order, and the tail after them.

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
        time_us, _, _, touchpoint, action, own_channel, local_day, own_persona, own_segment, properties, moves, _ = (
            event
        )
        if not moves:
            attached.append(
                place_answer(
                    event, journey_map, cycle, stage, stage_max, funnel_depth, persona, segment, due_s if stage else 0
                )
            )
            continue
        by_action = cells.get(touchpoint, other_cells)
        cell = by_action.get(action) or by_action[None]
        (
            step,
            tests_groups,
            _,
            personas,
            segments,
            persona_row,
            segment_row,
            touchpoint_key,
            channel,
            channel_key,
            is_online,
            seen_bit,
            cell_number,
        ) = cell
        time_s = time_us // US_PER_SECOND

        # 1. lost?  An exit sets the due time to the event's own time, which no term does.
        if due_s and time_s >= due_s and (return_opens or due_s <= touched_us // US_PER_SECOND):
            stage = stage_max = funnel_depth = stages_now = stages_seen = touchpoints_seen = last_touchpoint = due_s = 0
            has_converted = False

        # 2. who?  3. where?
        if own_persona:
            persona = own_persona
        elif persona_row:
            persona = persona_row[conversions if conversions < len(persona_row) else -1] or persona
        if own_segment:
            segment = own_segment
        elif segment_row:
            segment = segment_row[conversions if conversions < len(segment_row) else -1] or segment
        if step is None or tests_groups:
            idle_us = time_us - touched_us if number else -1
            history = (
                stages_seen,
                touchpoints_seen,
                stage,
                last_touchpoint,
                has_converted,
                conversions,
                idle_us,
                properties,
                persona,
                segment,
            )
            situation = new(Situation, history)
            if tests_groups:
                if not own_persona:
                    persona = choose(personas, situation) or persona
                if not own_segment:
                    segment = choose(segments, situation) or segment
                if step is None:
                    situation = situation._replace(persona=persona, segment=segment)
            if step is None:
                step = decide(cell, situation)
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
            if due_s > LATEST_DUE_S:
                due_s = LATEST_DUE_S
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


def _turn_to(
    local_day: int, days_before: tuple[Day, ...], day_left: Day, time_us: int
) -> tuple[tuple[Day, ...], dict[str, int]]:
    """The other days to remember, and the keys of `local_day` as a fresh dictionary to write to. Days are dropped
    that no later event can fall into, since event times do not go back."""
    earliest = (time_us - LATEST_IN_A_DAY_US) // US_PER_DAY
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
