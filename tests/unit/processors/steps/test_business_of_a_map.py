"""A map that names its sources or brands: its rows are those of its own events, as if no others had come."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st

from tests.unit.processors.loop.world import (
    MAP,
    event,
    journey_rows,
    make_loop,
    quick_folder,
    records_of,
    store_all,
)
from touchline.journey.compile import compile_map
from touchline.processors.homes import Homes
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.pipeline import Pipeline
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.validate import Validator
from touchline.schemas.journey.read import parse_map
from touchline.schemas.sources import Source

SOURCES = {name: Source(legal_basis="contract", zone=None) for name in ("tills", "clicks", "survey")}
OTHER = MAP.replace("map: shop", "map: other")
Event = dict[str, Any]


def rows(events: list[Event], *maps: str, sizes: tuple[int, ...] = (1_000,)) -> list[tuple[Any, ...]]:
    """What readers see of these events under these maps."""
    ledger, cipher = MemoryLedger(), Cipher("p1", bytes(32))
    compiled = [compile_map(parse_map(text)) for text in maps]
    pipeline = Pipeline(Validator(SOURCES, "UTC", cipher), compiled, cipher, Homes(lambda key: 0, 1), now_ms=lambda: 1)
    with quick_folder() as folder:
        loop = make_loop(ledger, folder, pipeline=pipeline)
        store_all(loop, records_of(events), sizes)
        loop.close()
    return journey_rows(ledger)


def answer(number: int, person: int | None, minute: int, source: str, about_source: str | None) -> Event:
    one = event(number, person, minute, source=source)
    del one["touchpoint"]
    about: Event = {"touchpoint": "till"} | ({"source": about_source, "id": "e1"} if about_source else {})
    asked = {"survey": "s", "question": "q", "kpi": "nps", "scope": "transactional", "scale_min": 0, "scale_max": 10}
    return one | asked | {"id": f"a{number}", "type": "touchline.answer.v1", "about": about, "score": 9}


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    found: list[Event] = []
    for number in range(draw(st.integers(1, 14))):
        person = draw(st.sampled_from((None, 1, 2)))
        minute = draw(st.integers(0, 90)) * 1_000 // 3
        source = draw(st.sampled_from(("tills", "clicks")))
        if draw(st.integers(0, 3)) == 0:
            about = draw(st.sampled_from((None, "tills", "clicks")))
            found.append(answer(number, person, minute, draw(st.sampled_from((source, "survey"))), about))
        else:
            touchpoint = draw(st.sampled_from(("poster", "site", "till", "kiosk")))
            brand = draw(st.sampled_from((None, "a", "b")))
            found.append(event(number, person, minute, touchpoint, source=source, brand=brand))
    return found


def of_tills(one: Event) -> bool:
    return bool((one.get("about", {}).get("source") or one["source"]) == "tills")


@given(histories(), st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple))
@settings(max_examples=60, deadline=None)
def test_under_its_own_map_stand_the_rows_of_its_own_events_as_if_no_others_had_come(
    events: list[Event], sizes: tuple[int, ...]
) -> None:
    own = MAP.replace("stages:", "sources: tills\nstages:", 1)
    assert rows(events, own, sizes=sizes) == rows([one for one in events if of_tills(one)], MAP)


@given(histories())
@settings(max_examples=30, deadline=None)
def test_a_map_may_take_all_but_the_sources_of_another_business(events: list[Event]) -> None:
    own = MAP.replace("stages:", "except_sources: [clicks]\nstages:", 1)
    others = [one for one in events if (one.get("about", {}).get("source") or one["source"]) != "clicks"]
    assert rows(events, own) == rows(others, MAP)


@given(histories())
@settings(max_examples=30, deadline=None)
def test_a_map_of_a_brand_has_the_events_of_that_brand_alone(events: list[Event]) -> None:
    own = MAP.replace("stages:", "brands: [a]\nstages:", 1)
    assert rows(events, own) == rows([one for one in events if one.get("brand") == "a"], MAP)


@given(histories())
@settings(max_examples=20, deadline=None)
def test_maps_do_not_disturb_each_other(events: list[Event]) -> None:
    own = MAP.replace("stages:", "sources: [tills]\nstages:", 1)
    assert rows(events, own, OTHER) == sorted([*rows(events, own), *rows(events, OTHER)])


def test_an_event_of_another_business_is_on_no_row_of_the_map() -> None:
    own = MAP.replace("stages:", "sources: tills\nstages:", 1)
    assert rows([event(1, 1, 0, "till", source="clicks"), event(2, None, 5, "till", source="clicks")], own) == []
