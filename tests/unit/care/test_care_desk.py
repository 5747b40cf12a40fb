"""What a desk says of reasons that are away for a moment, and of what happened before its first start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.care_world import HOUR_US, RULES, Insert, World
from touchline.care.desk import LAPSE_AFTER_US, CareDesk
from touchline.care.facts import CareFact, Granted
from touchline.care.since import began_event, earlier
from touchline.care.store import CareStore
from touchline.errors import WrongUsage
from touchline.schemas.case import CaseEvent
from touchline.settings import load_settings

EVENT = ("shop", "e1")
START_US = 1_000 * HOUR_US
PERSON = "k1:a"


class _Place:
    """A world with one detractor, and the desk over it."""

    def __init__(self, folder: Path, since_us: int = 0) -> None:
        self.world = World(1)
        self.folder, self.since_us = folder, since_us
        self.world.consents[PERSON] = [Granted("contact_me", 0, None)]
        self.store = CareStore(folder)
        self.desk = self.begin()

    def begin(self) -> CareDesk:
        world = self.world
        sinks = {"desk": frozenset(("recovery",))}
        self.desk = CareDesk(
            world, self.store, world.post, RULES, sinks, lambda _at, _in: {}, "care", lambda: world.now_us, self.since_us
        )  # fmt: skip
        return self.desk

    def answer(self, at_us: int = START_US, event: tuple[str, str] = EVENT) -> None:
        fact = CareFact(
            at_us, *event, True, "till", "", {}, 1, "use", 1, False, "nps", "", 2.0, (0, 10), "bad", received_us=at_us,
        )  # fmt: skip
        self.world.facts[event] = (PERSON, fact)
        self._changed(event)

    def take_back(self) -> None:
        self.world.facts.pop(EVENT)
        self._changed(EVENT)

    def _changed(self, event: tuple[str, str]) -> None:
        self.world.streams["a"].append(Insert(frozenset((PERSON,)), frozenset((event,))))

    def look(self, after_us: int = 0) -> list[str]:
        """What is said then, each as its state; and stored."""
        self.world.now_us += after_us
        self.desk.look()
        said = [event["state"] for event in self.world.sent]
        self.world.store_some(len(self.world.sent))
        while self.world.sent:
            self.world.store_some(len(self.world.sent))
        return said

    def told(self) -> list[dict[str, Any]]:
        return [one.body for one in self.store.waiting("desk", 1 << 60, 100)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[_Place]:
    one = _Place(tmp_path)
    yield one
    one.store.close()


def test_a_reason_that_is_away_for_a_moment_lapses_no_case(place: _Place) -> None:
    place.answer()
    assert place.look() == ["opened"]
    place.take_back()
    assert place.look() == []
    place.answer()
    assert place.look(LAPSE_AFTER_US - 1) == []
    assert place.look(LAPSE_AFTER_US) == []
    assert len(place.told()) == 1


def test_a_reason_that_stays_away_lapses_the_case_once_the_moment_is_over(place: _Place) -> None:
    place.answer()
    place.look()
    place.take_back()
    assert place.look() == []
    assert place.look(LAPSE_AFTER_US - 1) == []
    assert place.look(1) == ["lapsed"]
    assert place.look(LAPSE_AFTER_US) == []
    place.answer()
    assert place.look() == ["restored"]


def test_each_time_that_a_reason_goes_the_moment_begins_anew(place: _Place) -> None:
    place.answer()
    place.look()
    place.take_back()
    place.look()
    place.answer()
    place.look(LAPSE_AFTER_US - 1)
    place.take_back()
    assert place.look() == []
    assert place.look(LAPSE_AFTER_US - 1) == []
    assert place.look(1) == ["lapsed"]


def test_a_process_that_ends_while_a_reason_is_away_has_not_forgotten_it(place: _Place) -> None:
    place.answer()
    place.look()
    place.take_back()
    place.look()
    place.begin()
    assert place.look(LAPSE_AFTER_US) == ["lapsed"]


def test_what_happened_before_the_first_start_opens_no_case(tmp_path: Path) -> None:
    place = _Place(tmp_path, since_us=START_US)
    place.answer(START_US - 1, ("shop", "old"))
    place.answer(START_US)
    assert place.look() == ["opened"]
    ((case,),) = [[one["about"]["event_id"] for one in place.world.cases.values()]]
    assert case == "e1"
    place.store.close()


def test_a_later_moment_takes_back_no_case_that_was_opened(tmp_path: Path) -> None:
    place = _Place(tmp_path)
    place.answer()
    assert place.look() == ["opened"]
    place.since_us = START_US + HOUR_US
    place.begin()
    place.answer()
    assert place.look(LAPSE_AFTER_US) == []
    assert place.look(LAPSE_AFTER_US) == []
    place.store.close()


def test_the_time_of_the_settings_counts_where_it_is_earlier_than_the_first_start() -> None:
    assert [earlier(10, asked) for asked in (None, 5, 15)] == [10, 5, 10]


def test_the_first_start_is_an_event_of_the_topic() -> None:
    event = began_event(START_US, "care")
    assert CaseEvent.model_validate(event | {"received_at": event["time"]}).state == "began"


@pytest.mark.parametrize("text", ["yesterday", "2026-11-01", "2026-11-01T00:00:00"])
def test_a_time_of_the_settings_has_an_offset(text: str) -> None:
    with pytest.raises(WrongUsage, match="2026-11-01T00:00:00Z"):
        load_settings(care_since=text)
    assert load_settings(care_since="2026-11-01T01:00:00+01:00").care_since == "2026-11-01T01:00:00+01:00"
