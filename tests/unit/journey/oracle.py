"""What `attach` must give, written the slow and obvious way.

It shares no code with attach or the compiler: rules are read from the model for every event, and everything about the
past is found by going through all earlier rows again. O(n²), and meant to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from touchline.journey.values import JourneyEvent
from touchline.schemas.channels import ONLINE_CHANNELS
from touchline.schemas.journey.conditions import Before, ContentTest
from touchline.schemas.journey.model import JourneyMap

Row = dict[str, Any]
DAY_US = 86_400_000_000


def oracle(events: Sequence[JourneyEvent], journey_map: JourneyMap) -> list[Row]:
    """Rows in the order of `events`, which ascend in time; what may have come at once is followed as docs/decisions/0184 says."""
    past: list[Row] = []
    rows: dict[int, Row] = {}
    answers = [position for position, event in enumerate(events) if not event.moves]
    left = [position for position, event in enumerate(events) if event.moves]
    while left:
        run = _run_of(left[0], left, events)
        left = [position for position in left if position not in run]
        moment_us = 0
        for position in _in_turn(run, events, list(past), journey_map):
            event = events[position]
            for one in [one for one in answers if _ends(events[one]) < event.time_us]:
                answers.remove(one)
                rows[one] = _answer(events[one], past, journey_map)
            moment_us = max(moment_us, event.time_us)
            rows[position] = _moving(event._replace(time_us=moment_us), past, journey_map)
            past.append(rows[position])
    rows |= {one: _answer(events[one], past, journey_map) for one in answers}
    return [rows[position] for position in range(len(events))]


def _ends(event: JourneyEvent) -> int:
    return event.time_us + event.span_us


def _run_of(first: int, among: Sequence[int], events: Sequence[JourneyEvent]) -> list[int]:
    """All that may have come at the time of the first event, or at that of one of those."""
    run = [first]
    for one in run:
        run += [
            other
            for other in among
            if other not in run
            and events[other].time_us <= _ends(events[one])
            and events[one].time_us <= _ends(events[other])
        ]
    return run


def _in_turn(
    run: Sequence[int], events: Sequence[JourneyEvent], before: list[Row], journey_map: JourneyMap
) -> list[int]:
    """One after another: the next of the stages in their own order where it may come next, else the least of the others that may."""
    together = [events[position] for position in run]
    places = {position: _place(events[position], together, before, journey_map) for position in run}

    def may_come(left: list[int]) -> list[int]:
        return [one for one in left if not any(_ends(events[other]) < events[one].time_us for other in left)]

    def least_first(left: list[int]) -> list[int]:
        order = []
        while left:
            order.append(min(may_come(left), key=lambda one: (places[one], one)))
            left = [one for one in left if one not in order]
        return order

    staged = least_first([one for one in run if places[one][0][0] in "12"])
    order: list[int] = []
    while len(order) < len(run):
        free = may_come([one for one in run if one not in order])
        following = [one for one in staged if one not in order][:1]
        others = [one for one in free if one not in staged]
        order.append(following[0] if set(following) & set(free) else min(others, key=lambda one: (places[one], one)))
    return order


def _place(event: JourneyEvent, now: Sequence[JourneyEvent], before: list[Row], journey_map: JourneyMap) -> list[Any]:
    """What decides among events that may have come at once: what each would be if it came alone, when it came at the latest, then what
    it says."""

    def turn(one: JourneyEvent) -> list[Any]:
        row = _moving(one, before, journey_map)
        if row["is_exit"]:
            return ["4 exit", row["stage_order"], row["is_conversion"]]
        if not row["is_mapped"]:
            return ["3 unmapped", 0, False]
        goals = [
            other["stage_order"]
            for other in (_moving(event, before, journey_map) for event in now)
            if other["is_conversion"]
        ]
        stays_behind = row["stage"] in journey_map.cycle.stays and any(goal <= row["stage_order"] for goal in goals)
        name = "2 from the conversion on" if row["is_conversion"] or stays_behind else "1 before it"
        return [name, row["stage_order"], row["is_conversion"]]

    said = event._asdict()
    texts = [said[name] for name in ("touchpoint", "action", "channel", "local_day", "persona", "segment")]
    return [*turn(event), _ends(event), *texts, sorted(event.properties.items())]


def _moving(event: JourneyEvent, past: list[Row], journey_map: JourneyMap) -> Row:
    open_rows = _open_journey(event, past, journey_map)
    idle_us = event.time_us - past[-1]["event"].time_us if past else None
    persona = event.persona or _group(event, journey_map.personas, past, open_rows, idle_us) or _last(past, "persona")
    segment = event.segment or _group(event, journey_map.segments, past, open_rows, idle_us) or _last(past, "segment")
    rule = next(
        (r for r in journey_map.rules if _meets(r.when, event, past, open_rows, idle_us, persona, segment)), None
    )
    stage = rule.stage if rule else ""

    def meets_any(conditions: Any) -> bool:
        return any(
            (not c.stage or stage in c.stage) and _meets(c, event, past, open_rows, idle_us, persona, segment)
            for c in conditions or ()
        )

    is_conversion = bool(rule) and any(meets_any(goal.when) for goal in journey_map.goals)
    is_exit = bool(journey_map.churn) and meets_any(journey_map.churn.exit if journey_map.churn else None)
    converted = any(row["is_conversion"] for row in open_rows)
    if rule and open_rows and converted and (is_conversion or stage not in journey_map.cycle.stays):
        open_rows = []
    last_cycle = max((row["cycle"] for row in past), default=0)
    cycle = 0 if not rule and not open_rows else open_rows[-1]["cycle"] if open_rows else last_cycle + 1
    order = [known.id for known in journey_map.stages].index(stage) + 1 if stage else 0
    mapped_before = [row for row in open_rows if row["stage_order"]]
    channel, is_online = _channel(event, journey_map)
    row: Row = {
        "event": event,
        "stage": stage,
        "stage_order": order,
        "is_mapped": bool(rule),
        "channel": channel,
        "is_online": is_online,
        "cycle": cycle,
        "transition": _transition(order, mapped_before),
        "touchpoint_number": len(past) + 1,
        "wait_us": idle_us or 0,
        "is_conversion": is_conversion,
        "is_exit": is_exit,
        "rule": rule.id if rule else "",
        "persona": persona,
        "segment": segment,
        "stage_max_before": max((r["stage_order"] for r in mapped_before), default=0),
        "stage_max": max([order, *(r["stage_order"] for r in mapped_before)]),
        "funnel_before": _funnel_depth(mapped_before),
        "churn_due_at_s": _due(event, cycle, is_exit, journey_map),
    }
    row["funnel_depth"] = _funnel_depth([*mapped_before, row] if rule else mapped_before)
    row["first_of"] = _first_of(row, past)
    return row


def _answer(event: JourneyEvent, past: list[Row], journey_map: JourneyMap) -> Row:
    """The state of the moment: that after the last moving event, whatever the time."""
    open_rows = _rows_of_open_journey(past)
    mapped = [row for row in open_rows if row["stage_order"]]
    asked = [rule for rule in journey_map.rules if _names(rule.when.touchpoint, event.touchpoint)]
    moment = mapped[-1]["stage"] if mapped else ""
    if event.touchpoint not in [known.id for known in journey_map.touchpoints]:
        asked = []
    by_rule = next((r for r in asked if r.stage == moment), asked[0] if asked else None)
    stage = by_rule.stage if by_rule else moment
    channel, is_online = _channel(event, journey_map)
    reach = max((row["stage_order"] for row in mapped), default=0)
    depth = _funnel_depth(mapped)
    return {
        "event": event,
        "stage": stage,
        "stage_order": [known.id for known in journey_map.stages].index(stage) + 1 if stage else 0,
        "is_mapped": bool(stage),
        "channel": channel,
        "is_online": is_online,
        "cycle": mapped[-1]["cycle"] if mapped else 0,
        "transition": "",
        "touchpoint_number": 0,
        "wait_us": 0,
        "is_conversion": False,
        "is_exit": False,
        "rule": by_rule.id if by_rule else "",
        "persona": event.persona or _last(past, "persona"),
        "segment": event.segment or _last(past, "segment"),
        "stage_max_before": reach,
        "stage_max": reach,
        "funnel_before": depth,
        "funnel_depth": depth,
        "churn_due_at_s": past[-1]["churn_due_at_s"] if mapped else 0,
        "first_of": 0,
    }


def _rows_of_open_journey(past: list[Row]) -> list[Row]:
    if not past or past[-1]["cycle"] == 0:
        return []
    return [row for row in past if row["cycle"] == past[-1]["cycle"]]


def _open_journey(event: JourneyEvent, past: list[Row], journey_map: JourneyMap) -> list[Row]:
    rows = _rows_of_open_journey(past)
    if rows and journey_map.churn:
        due = rows[-1]["churn_due_at_s"]
        ends = rows[-1]["is_exit"] or journey_map.churn.return_opens_cycle
        if due and ends and event.time_us >= due * 1_000_000:
            return []
    return rows


def _due(event: JourneyEvent, cycle: int, is_exit: bool, journey_map: JourneyMap) -> int:
    if not cycle or not journey_map.churn:
        return 0
    if is_exit:
        return event.time_us // 1_000_000
    days = journey_map.churn.inactivity_days
    return event.time_us // 1_000_000 + days * 86_400 if days else 0


def _transition(order: int, mapped_before: list[Row]) -> str:
    if not order:
        return ""
    if not mapped_before:
        return "enter"
    step = order - mapped_before[-1]["stage_order"]
    return "stay" if step == 0 else "return" if step < 0 else "advance" if step == 1 else "skip"


def _funnel_depth(rows: list[Row]) -> int:
    """windowFunnel, default mode, without a window: stage k+1 at or after the earliest time at which k was reached."""
    depth, time_us = 0, -(10**18)
    while True:
        times = [
            row["event"].time_us for row in rows if row["stage_order"] == depth + 1 and row["event"].time_us >= time_us
        ]
        if not times:
            return depth
        depth, time_us = depth + 1, min(times)


def _first_of(row: Row, past: list[Row]) -> int:
    same_day = [r for r in past if r["event"].local_day == row["event"].local_day]
    bits = 0
    for position, key in enumerate((None, "touchpoint", "stage", "channel")):
        if key == "stage" and not row["stage_order"]:
            continue
        same = [r for r in same_day if key is None or _value(r, key) == _value(row, key)]
        if not same:
            bits |= 1 << position
        if row["cycle"] and not [r for r in same if r["cycle"] == row["cycle"]]:
            bits |= 16 << position
    return bits


def _value(row: Row, key: str) -> Any:
    return row["event"].touchpoint if key == "touchpoint" else row[key]


def _last(past: list[Row], key: str) -> str:
    return past[-1][key] if past else ""


def _channel(event: JourneyEvent, journey_map: JourneyMap) -> tuple[str, bool]:
    known = next((t for t in journey_map.touchpoints if t.id == event.touchpoint), None)
    if known is None:
        return event.channel, event.channel in ONLINE_CHANNELS
    return event.channel or known.channel, known.channel in ONLINE_CHANNELS if known.online is None else known.online


def _group(event: JourneyEvent, groups: Any, past: list[Row], open_rows: list[Row], idle_us: int | None) -> str:
    for group in groups:
        for condition in group.when or ():
            if _meets(condition, event, past, open_rows, idle_us, "", ""):
                return str(group.id)
    return ""


def _names(asked: Sequence[str] | None, value: str) -> bool:
    return not asked or value in asked


def _meets(
    condition: Any,
    event: JourneyEvent,
    past: list[Row],
    open_rows: list[Row],
    idle_us: int | None,
    persona: str,
    segment: str,
) -> bool:
    return (
        _names(condition.touchpoint, event.touchpoint)
        and _names(condition.action, event.action)
        and _names(getattr(condition, "persona", None), persona)
        and _names(getattr(condition, "segment", None), segment)
        and all(_content(test, event.properties.get(name)) for name, test in condition.content.items())
        and (condition.before is None or _came_before(condition.before, past, open_rows, idle_us))
    )


def _content(test: ContentTest, text: str | None) -> bool:
    if test.present is not None and test.present != (text is not None):
        return False
    if test.is_ and (text is None or text not in [_written(value) for value in test.is_]):
        return False
    if text is not None and text in [_written(value) for value in test.not_]:
        return False
    if test.at_least is not None and not (text is not None and _float(text) >= test.at_least):
        return False
    return test.at_most is None or (text is not None and _float(text) <= test.at_most)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _came_before(before: Before, past: list[Row], open_rows: list[Row], idle_us: int | None) -> bool:
    mapped = [row for row in open_rows if row["stage_order"]]
    stages = {row["stage"] for row in mapped}
    touchpoints = {row["event"].touchpoint for row in mapped}
    conversions = sum(row["is_conversion"] for row in past)
    checks = [
        not before.stage or bool(stages & set(before.stage)),
        not before.no_stage or not stages & set(before.no_stage),
        not before.touchpoint or bool(touchpoints & set(before.touchpoint)),
        not before.no_touchpoint or not touchpoints & set(before.no_touchpoint),
        not before.last_stage or (bool(mapped) and mapped[-1]["stage"] in before.last_stage),
        not before.last_touchpoint or (bool(mapped) and mapped[-1]["event"].touchpoint in before.last_touchpoint),
        before.converted is None or before.converted == any(row["is_conversion"] for row in open_rows),
        before.conversions_at_least is None or conversions >= before.conversions_at_least,
        before.conversions_at_most is None or conversions <= before.conversions_at_most,
    ]
    if before.idle_days_at_least is not None:
        checks.append(idle_us is not None and idle_us >= before.idle_days_at_least * DAY_US)
    if before.idle_days_at_most is not None:
        checks.append(idle_us is not None and idle_us <= before.idle_days_at_most * DAY_US)
    return all(checks)
