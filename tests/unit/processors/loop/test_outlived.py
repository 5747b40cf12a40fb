"""Persons of whom retention left nothing leave the state of the workers, some at a time; whoever is still named stays."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lmdb
import pytest

from tests.support.erasures import SECRET
from tests.unit.processors.loop.test_forget import holds, known
from tests.unit.processors.loop.world import (
    SOURCES,
    TOPIC,
    event,
    journey_rows,
    make_loop,
    make_pipeline,
    person_key,
    records_of,
    store_all,
)
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.state.erasures import Erasures
from touchline.processors.state.tails import Tails
from touchline.processors.values.protocol import Assigned
from touchline.schemas.sources import Source, Sources

TERM = 3
DAY_MINUTES = 1_440
PERSONS = range(1, 41)
LATER = 5
"""Of each tenth person something happened on this day."""
EVENTS = [
    *(event(person, person, person) for person in PERSONS),
    *(event(100 + person, person, LATER * DAY_MINUTES) for person in PERSONS if person % 10 == 0),
]


class Asked(MemoryLedger):
    """Counts for how many identifiers it is asked at once whether it names them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def still_named(self, identifiers: Collection[str]) -> set[str]:
        self.asked.append(len(identifiers))
        return super().still_named(identifiers)


class Shop:
    """One worker over one partition, with a clock of days from the first of June 2025 on."""

    def __init__(self, folder: Path, how: str | None = "erase") -> None:
        self.ledger = Asked()
        self._folder = folder
        self._sources: Sources = {
            name: Source.model_validate({**one.model_dump(), "retention_days": TERM, "when_expired": how})
            for name, one in SOURCES.items()
        }
        self.ms = 0
        self.on(1)
        self.loop = self._start("w1")
        self.told = list(EVENTS)
        store_all(self.loop, records_of(self.told))

    def _start(self, writer: str) -> StoreLoop:
        pipeline = make_pipeline(sources=self._sources, erasures=Erasures(SECRET), now_ms=lambda: self.ms)
        return make_loop(self.ledger, self._folder, writer, pipeline=pipeline, now_ms=lambda: self.ms)

    def restart(self) -> None:
        self.loop.close()
        self.loop = self._start("w2")

    def on(self, day: int) -> None:
        self.ms = int((datetime(2025, 6, 1, tzinfo=UTC) + timedelta(days=day)).timestamp()) * 1_000

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.ms += 300_001  # another look for what came late
            self.loop.tick(Assigned(TOPIC, 0, 1))

    def blank(self) -> None:
        """As `touchline retention --blank` does: rows of what has ended name nobody."""
        for row in self.ledger.rows:
            ended = (
                row["event_time"] < self.ms * 1_000 - TERM * DAY_MINUTES * 60_000_000 if "event_time" in row else True
            )
            if ended and row["kind"] != "mark":
                row.update({name: "" for name in ("identifier", "person") if name in row})

    def known(self) -> list[int]:
        return [one for one in PERSONS if known(self.loop, one)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.loop.close()


def test_who_is_named_by_nothing_any_more_leaves_the_state_and_the_file_and_the_others_stay(
    shop: Shop, tmp_path: Path
) -> None:
    shop.on(6)
    shop.tick(4)
    assert shop.known() == [*PERSONS], "what has ended is not blank yet"
    shop.blank()
    shop.tick(4)
    assert shop.known() == [*PERSONS], "there is one pass a day"
    shop.on(7)
    shop.tick(4)
    assert shop.known() == [10, 20, 30, 40]
    assert [one for one in PERSONS if holds(tmp_path, one)] == [10, 20, 30, 40]


def test_a_worker_that_starts_looks_at_once(shop: Shop) -> None:
    shop.on(6)
    shop.tick(4)
    shop.blank()
    shop.restart()
    shop.tick(4)
    assert shop.known() == [10, 20, 30, 40]


def test_the_steps_are_bounded_and_only_those_are_asked_for_whose_last_event_is_past_a_term(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("touchline.processors.loop.forget.LOOKED_AT_ONCE", 7)
    shop.on(6)
    shop.tick(10)
    shop.blank()
    shop.on(7)
    shop.ledger.asked.clear()
    shop.tick(5)
    assert shop.known() == [*PERSONS], "the pass is not through"
    assert max(shop.ledger.asked) <= 7
    assert sum(shop.ledger.asked) <= 35 - 3
    shop.tick(1)
    assert shop.known() == [10, 20, 30, 40]
    before = len(shop.ledger.asked)
    shop.tick(10)
    assert len(shop.ledger.asked) == before, "until the next day nobody is asked for"


def test_much_is_taken_out_bit_by_bit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("touchline.processors.loop.forget.LOOKED_AT_ONCE", 4)
    monkeypatch.setattr("touchline.processors.state.outlived.GONE_MAX", 10)
    shop.on(6)
    shop.tick(12)
    shop.blank()
    shop.on(7)
    shop.tick(12)
    assert shop.known() == [10, 20, 30, 40]


def test_who_came_back_while_the_pass_went_on_stays(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("touchline.processors.loop.forget.LOOKED_AT_ONCE", 25)
    shop.on(6)
    shop.tick(4)
    shop.blank()
    shop.on(7)
    shop.tick(1)
    shop.told += [event(300 + one, one, 6 * DAY_MINUTES + one) for one in (1, 2, 3)]
    store_all(shop.loop, records_of(shop.told))
    shop.tick(3)
    assert shop.known() == [1, 2, 3, 10, 20, 30, 40]


@pytest.mark.parametrize("how", ["erase", "anonymise"])
def test_what_comes_afterwards_is_stored_as_with_a_state_that_was_made_anew(how: str, tmp_path: Path) -> None:
    tables = []
    for name in ("forgotten", "made anew"):
        shop = Shop(tmp_path / name, how)
        shop.on(6)
        shop.tick(4)
        shop.blank()
        shop.on(7)
        if name == "forgotten":
            shop.tick(4)
            shop.tick(4)
        else:
            shop.loop.close()
            shop._folder = tmp_path / "another"
            shop.loop = shop._start("w2")
            shop.tick(8)
        shop.told += [event(300 + one, one, 6 * DAY_MINUTES + one) for one in PERSONS if one % 3 == 0]
        store_all(shop.loop, records_of(shop.told))
        shop.tick(2)
        tables.append(journey_rows(shop.ledger))
        shop.loop.close()
    assert tables[0]
    assert tables[0] == tables[1]


def test_where_nothing_ends_nothing_is_looked_at(tmp_path: Path) -> None:
    shop = Shop(tmp_path, None)
    shop.on(30)
    shop.tick(4)
    assert shop.ledger.asked == []
    assert shop.known() == [*PERSONS]
    shop.loop.close()


def test_a_state_that_cannot_be_rewritten_stays_and_the_next_day_tries_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.on(6)
    shop.tick(4)
    shop.blank()

    def full(*_: object) -> int:
        raise lmdb.DiskError("no space left")

    shop.on(7)
    with monkeypatch.context() as patched:
        patched.setattr(Tails, "_copy", full)
        shop.tick(4)
    assert shop.known() == [*PERSONS]
    shop.on(8)
    shop.tick(4)
    assert 1 not in shop.known()


def test_persons_are_looked_through_in_the_order_of_their_keys_and_once(shop: Shop) -> None:
    (partition,) = shop.loop._owned.values() if shop.loop._owned else (None,)
    assert partition is not None
    late_us = shop.ms * 1_000 + 30 * DAY_MINUTES * 60_000_000
    found: list[str] = []
    after = ""
    while True:
        keys, after = partition.tails.not_later(late_us, after, 9)
        assert len(keys) <= 9
        found += keys
        if not after:
            break
    assert found == sorted(map(person_key, PERSONS))
    assert partition.tails.not_later(0, "", 1_000) == ([], "")
