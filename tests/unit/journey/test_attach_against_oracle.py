"""`attach` against the slow and obvious oracle, and against itself cut into batches."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.unit.journey.build import DAY_US, HOUR_US, RICH, SHIPPED, shipped
from tests.unit.journey.oracle import oracle
from touchline.journey.attach import attach
from touchline.journey.compile import CompiledMap, compile_map
from touchline.journey.instants import last_moment_of
from touchline.journey.values import NO_TAIL, Attachment, JourneyEvent, Tail, dump_tail, load_tail
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import parse_map

MODELS: dict[str, JourneyMap] = {
    "rich": parse_map(RICH),
    "patient": parse_map(RICH.replace("churn:", "churn:\n  return_opens_cycle: false")),
    **{name: shipped(name) for name in SHIPPED},
}
COMPILED: dict[str, CompiledMap] = {name: compile_map(model) for name, model in MODELS.items()}
START_US = 1_700_000_000_000_000


def events_of(name: str, max_size: int = 25) -> st.SearchStrategy[list[JourneyEvent]]:
    """One person's events by time: many of one instant, long gaps, unknown touchpoints, answers, zones from -12 to +14 hours, in some
    lists sources that know seconds, hours or days."""
    model = MODELS[name]
    touchpoints = [*(touchpoint.id for touchpoint in model.touchpoints), "elsewhere", "nowhere"]
    ruled = [
        (touchpoint, action)
        for rule in model.rules
        for touchpoint in rule.when.touchpoint or touchpoints
        for action in rule.when.action or ("",)
    ]
    goals = [pair for pair in ruled if "purchase" in pair]
    actions = sorted({action for _, action in ruled} | {"leave", "renew"})
    one = st.tuples(
        st.sampled_from([0, 0, 1, 1_000_000, HOUR_US, HOUR_US, 5 * HOUR_US, DAY_US, 3 * DAY_US, 200 * DAY_US]),
        st.sampled_from(["app", "pos"]),
        st.one_of(
            st.sampled_from(goals),
            st.sampled_from(ruled),
            st.sampled_from(ruled),
            st.tuples(st.sampled_from(touchpoints), st.sampled_from(actions)),
        ),
        st.sampled_from(["", "", "", "web", "kiosk", "nowhere"]),
        st.integers(-12, 14),
        st.sampled_from(["", "", "", "expert", "stranger"]),
        st.sampled_from(["", "", "", "", "big"]),
        st.dictionaries(
            st.sampled_from(["category", "price", "bot", "basket"]),
            st.sampled_from(["shoes", "hats", "49.5", "50", "empty", "true"]),
            max_size=2,
        ),
        st.sampled_from([True, True, True, True, False]),
        st.sampled_from([0, 0, 0, 1_000_000, HOUR_US, DAY_US]),
    )

    def in_order(drawn: list[Any], knows_units: bool) -> list[JourneyEvent]:
        events, sent_us = [], START_US
        for number, (
            gap_us,
            source,
            place,
            channel,
            offset_hours,
            persona,
            segment,
            content,
            moves,
            unit_us,
        ) in enumerate(drawn):
            sent_us += gap_us
            time_us, span_us = sent_us, 0
            if knows_units and unit_us:  # days of the zone's clock
                time_us = sent_us - (sent_us + offset_hours * HOUR_US) % unit_us
                span_us = unit_us - 1
            day = (time_us + offset_hours * HOUR_US) // DAY_US
            who = (persona, segment, content, moves, span_us)
            events.append(JourneyEvent._make((time_us, source, f"{number}", *place, channel, day, *who)))
        return sorted(events, key=lambda event: event.time_us)

    return st.builds(in_order, st.lists(one, max_size=max_size), st.booleans())


def between_instants(events: list[JourneyEvent], position: int) -> int:
    """The next position, this one or a later, at which a cut parts nothing that may have come at once: only there `attach` may be cut."""
    while 0 < position < len(events) and events[position].time_us <= max(map(last_moment_of, events[:position])):
        position += 1
    return position


named_events = st.sampled_from(["rich"] * 6 + ["patient"] * 3 + SHIPPED).flatmap(
    lambda name: st.tuples(st.just(name), events_of(name))
)


@settings(max_examples=150)
@given(named_events)
def test_every_field_of_every_row_equals_the_oracle(drawn: tuple[str, list[JourneyEvent]]) -> None:
    name, events = drawn
    attached, _ = attach(events, COMPILED[name])
    expected = oracle(events, MODELS[name])
    for row, wanted in zip(attached, expected, strict=True):
        fields = {field: value for field, value in row._asdict().items() if field != "evidence"}
        assert fields == {field: wanted[field] for field in fields}


@given(named_events, st.data())
def test_any_cut_between_instants_gives_the_same_rows_and_tail(
    drawn: tuple[str, list[JourneyEvent]], data: st.DataObject
) -> None:
    name, events = drawn
    whole, tail_of_whole = attach(events, COMPILED[name])
    drawn_cuts = data.draw(st.lists(st.integers(0, len(events)), max_size=4))
    cuts = sorted(between_instants(events, cut) for cut in drawn_cuts)
    rows: list[Attachment] = []
    tail = NO_TAIL
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        attached, tail = attach(events[start:end], COMPILED[name], tail)
        rows += attached
        tail = load_tail(json.loads(json.dumps(dump_tail(tail))))
    assert rows == whole
    assert tail == tail_of_whole


@given(named_events)
def test_the_tail_given_is_never_changed(drawn: tuple[str, list[JourneyEvent]]) -> None:
    name, events = drawn
    middle = between_instants(events, len(events) // 2)
    _, tail = attach(events[:middle], COMPILED[name])
    before = copy.deepcopy(tail)
    first = attach(events[middle:], COMPILED[name], tail)
    assert tail == before
    assert attach(events[middle:], COMPILED[name], tail) == first


@given(events_of("rich"))
def test_several_maps_over_the_same_events_keep_to_their_own_tails(events: list[JourneyEvent]) -> None:
    middle = between_instants(events, len(events) // 2)
    tails = [attach(events[:middle], one)[1] for one in COMPILED.values()]
    for tail, one in zip(tails, COMPILED.values(), strict=True):
        assert attach(events[:middle], one)[0] + attach(events[middle:], one, tail)[0] == attach(events, one)[0]


@given(st.lists(events_of("rich", max_size=12), max_size=4))
def test_sums_of_first_of_bits_count_distinct_persons_and_journeys(persons: list[list[JourneyEvent]]) -> None:
    sums: dict[tuple[int, int, str], int] = defaultdict(int)
    distinct: dict[tuple[int, int, str], set[tuple[int, int]]] = defaultdict(set)
    for person, events in enumerate(persons):
        for event, row in zip(events, attach(events, COMPILED["rich"])[0], strict=True):
            if not event.moves:
                assert row.first_of == 0
                continue
            for bit, value in ((1, ""), (2, event.touchpoint), (4, row.stage), (8, row.channel)):
                if bit == 4 and not row.is_mapped:
                    continue
                sums[event.local_day, bit, value] += bool(row.first_of & bit)
                distinct[event.local_day, bit, value].add((person, 0))
                sums[event.local_day, bit * 16, value] += bool(row.first_of & bit * 16)
                if row.cycle:
                    distinct[event.local_day, bit * 16, value].add((person, row.cycle))
    assert {key: count for key, count in sums.items() if count} == {
        key: len(members) for key, members in distinct.items() if members
    }


@pytest.mark.parametrize("name", MODELS)
def test_a_tail_stays_small_however_long_the_person_stays(name: str) -> None:
    touchpoints = [touchpoint.id for touchpoint in MODELS[name].touchpoints]
    tail: Tail = NO_TAIL
    for day in range(60):
        time_us = START_US + day * DAY_US
        events = [
            JourneyEvent(
                time_us + i, "s", f"{i}", touchpoint, "purchase", "", time_us // DAY_US + i % 2, "", "", {}, True
            )
            for i, touchpoint in enumerate(touchpoints)
        ]
        _, tail = attach(events, COMPILED[name], tail)
    assert len(tail.days_before) <= 3
    assert len(json.dumps(dump_tail(tail))) < 4_000
