"""News of which not all fits into one insert."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.processors.loop.partition import tables_of
from tests.unit.processors.loop.two_partitions import PARTITIONS, Workers, records_by_partition
from tests.unit.processors.loop.world import event, person_key
from touchline.processors.ledger import rows
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.news import News
from touchline.processors.pipeline import Pipeline
from touchline.processors.state.partition import Partition


def linked_late(tmp_path: Path) -> MemoryLedger:
    """Four persons of six events each, whose other identifier becomes known afterwards, each in an insert of its own."""
    many = [event(10 * person + n, person, n) for person in (1, 3, 5, 7) for n in range(6)]
    links = [
        event(
            90 + person,
            person + 1,
            30,
            persons=[{"type": "login", "key": person_key(one)} for one in (person - 1, person)],
        )
        for person in (1, 3, 5, 7)
    ]
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, records_by_partition([*many, *links]))
    workers.deliver(1, 99)
    for _ in links:
        workers.deliver(0, 1)
    for number in [*range(PARTITIONS)] * 20:
        workers.tick(number)
    workers.close()
    return ledger


def test_news_that_do_not_fit_into_one_insert_are_followed_in_smaller_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_at_once = linked_late(tmp_path / "whole")
    monkeypatch.setattr(rows, "INSERT_ROWS_MAX", 22)
    too_many: list[int] = []
    tick = Pipeline.tick

    def counted(pipeline: Pipeline, partition: Partition, news: News) -> Any:
        try:
            return tick(pipeline, partition, news)
        except rows.TooManyRows:
            too_many.append(partition.pieces)
            raise

    monkeypatch.setattr(Pipeline, "tick", counted)
    piecemeal = linked_late(tmp_path / "pieces")
    assert tables_of(piecemeal) == tables_of(all_at_once)
    assert too_many, "all fitted at once"
    assert len({row["person"] for row in piecemeal.standing("attached")}) == 4
