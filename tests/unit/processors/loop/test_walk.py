"""A version of a map that comes, stands beside the old one, and goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

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
