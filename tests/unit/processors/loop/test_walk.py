"""A version of a map that comes, stands beside the old one, and goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.processors.loop.partition import tables_of
from tests.unit.processors.loop.two_partitions import PARTITIONS, home, records_by_partition
from tests.unit.processors.loop.world import MAP, TOPIC, compiled, event, make_loop, make_pipeline
from touchline.journey.compile import CompiledMap
from touchline.processors.homes import Homes
from touchline.processors.ledger.ledger import MapVersion
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.values.protocol import Assigned
from touchline.processors.values.records import ReceivedBatch

SECOND = MAP.replace("version: 1", "version: 2").replace("stage: awareness}", "stage: interest}")
CONTENTS = {("shop", 1): compiled(MAP), ("shop", 2): compiled(SECOND)}


class Maps:
    """Both versions, and the changes for which readers were switched."""

    def __init__(self) -> None:
        self.switched: list[int] = []

    def load(self, keys: Collection[MapVersion]) -> Mapping[MapVersion, CompiledMap]:
        return {key: CONTENTS[key] for key in keys}

    def switch_readers(self, change: int) -> None:
        self.switched.append(change)


class Shop:
    """Two partitions, each with a worker, and events that come while maps change."""

    def __init__(self, folder: Path, events: list[dict[str, Any]]) -> None:
        self.ledger, self.maps = MemoryLedger(), Maps()
        self.ledger.map_changes.append((1, "shop", 1, "stands"))
        self._log = records_by_partition(events)
        self._next = [0] * PARTITIONS
        self._folder = folder
        self.loops = [self._started(number) for number in range(PARTITIONS)]

    def _started(self, number: int) -> StoreLoop:
        pipeline = make_pipeline(Homes(home, PARTITIONS))
        pipeline.attach_under(1, pipeline.maps)
        return make_loop(self.ledger, self._folder / str(number), f"w{number}", pipeline=pipeline, maps=self.maps)

    def change(self, version: int, state: str) -> None:
        self.ledger.map_changes.append((len(self.ledger.map_changes) + 1, "shop", version, state))

    def deliver(self, count: int) -> None:
        for number, records in enumerate(self._log):
            start = self._next[number]
            chosen = records[start : start + count]
            if chosen:
                self.loops[number].store(ReceivedBatch(TOPIC, number, 1, chosen, start))
                self._next[number] += len(chosen)

    def tick(self, rounds: int = 4) -> None:
        for number in [*range(PARTITIONS)] * rounds:
            self.loops[number].tick(Assigned(TOPIC, number, 1))

    def rows(self, version: int) -> Any:
        return tables_of(self.ledger, lambda row: row.get("map_version") == version).attached


def events() -> list[dict[str, Any]]:
    """Of two persons and nobody, the last one late."""
    people = [
        (1, 1, 10, "poster"),
        (2, 2, 20, "site"),
        (3, None, 30, "poster"),
        (4, 1, 40, "till"),
        (5, 2, 50, "till"),
        (6, 1, 5, "poster"),
    ]
    return [event(number, person, minute, touchpoint) for number, person, minute, touchpoint in people]


def test_a_version_that_comes_later_holds_what_it_would_hold_from_the_beginning(tmp_path: Path) -> None:
    first, later = Shop(tmp_path / "first", events()), Shop(tmp_path / "later", events())
    first.change(2, "stands")
    first.tick()
    first.deliver(9)
    first.tick()
    later.deliver(1)
    later.tick()
    later.change(2, "stands")
    later.deliver(1)
    later.tick()
    later.deliver(9)
    later.tick()
    for version in (1, 2):
        assert later.rows(version) == first.rows(version)
        assert sum(later.rows(version).values()) == 6
    assert later.maps.switched[-1] == 2


def test_readers_are_switched_when_all_partitions_have_walked(tmp_path: Path) -> None:
    shop = Shop(tmp_path, events())
    shop.deliver(9)
    shop.change(2, "stands")
    shop.loops[0].tick(Assigned(TOPIC, 0, 1))
    shop.loops[0].tick(Assigned(TOPIC, 0, 1))
    assert 2 not in shop.maps.switched
    shop.tick()
    assert 2 in shop.maps.switched


def test_a_version_that_was_dropped_leaves_no_rows_and_the_others_stay(tmp_path: Path) -> None:
    shop = Shop(tmp_path, events())
    shop.change(2, "stands")
    shop.deliver(9)
    shop.tick()
    kept = shop.rows(2)
    shop.change(1, "dropped")
    shop.tick()
    assert (sum(shop.rows(1).values()), shop.rows(2)) == (0, kept)


def test_a_worker_that_takes_over_goes_on_with_the_walk(tmp_path: Path) -> None:
    shop = Shop(tmp_path, events())
    shop.deliver(9)
    shop.change(2, "stands")
    shop.tick(1)
    shop.loops[0].close()
    shop.loops[0] = shop._started(0)
    shop.tick()
    assert sum(shop.rows(2).values()) == 6


def test_what_is_stored_from_the_first_insert_on_is_not_walked_and_readers_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, walked = Shop(tmp_path, events()), list[str]()

    def identifiers_after(identifier: str, count: int) -> list[str]:
        walked.append(identifier)
        return []

    monkeypatch.setattr(shop.ledger, "identifiers_after", identifiers_after)
    shop.deliver(9)
    shop.tick()
    assert (walked, set(shop.maps.switched)) == ([], {1})
    assert sum(shop.rows(1).values()) == 6


def test_a_lone_partition_without_a_record_says_that_it_has_walked(tmp_path: Path) -> None:
    ledger, maps = MemoryLedger(), Maps()
    ledger.map_changes.append((1, "shop", 1, "stands"))
    pipeline = make_pipeline(Homes(lambda _: 0, 1))
    loop = make_loop(ledger, tmp_path, "w", pipeline=pipeline, maps=maps)
    loop.tick(Assigned(TOPIC, 0, 1))
    assert maps.switched == [1]


@pytest.mark.parametrize("is_stored_first", [True, False])
def test_what_others_stored_before_the_first_insert_of_its_home_stands_under_each_version(
    tmp_path: Path, is_stored_first: bool
) -> None:
    shop = Shop(tmp_path, events())
    shop._log = [shop._log[0] + [one._replace(offset=len(shop._log[0]) + one.offset) for one in shop._log[1]], []]
    for step in range(2):
        if (step == 0) is is_stored_first:
            shop.deliver(9)
            shop.loops[0].tick(Assigned(TOPIC, 0, 1))
        else:
            shop.change(2, "stands")
    shop.tick()
    assert [sum(shop.rows(version).values()) for version in (1, 2)] == [6, 6]
    assert shop.maps.switched[-1] == 2
