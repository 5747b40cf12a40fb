"""The journal of imports: what it saves, and that nothing hangs on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.producers.imports.build import BAD_ROWS, events_by_id, new_producer, receipt, send, write_csv
from touchline.errors import WrongUsage
from touchline.producers.imports.journal import ImportJournal, Progress


def test_what_went_to_another_topic_does_not_count(tmp_path: Path) -> None:
    with ImportJournal(tmp_path / "journal", "one") as one, ImportJournal(tmp_path / "journal", "other") as other:
        one.advance(one.work(b"file"), Progress(7, 1), [b"hash"])
        assert one.progress(one.work(b"file")) == (7, 1)
        assert other.progress(other.work(b"file")) == (0, 0)
        assert one.work(b"a", b"bc") != one.work(b"ab", b"c")


def test_a_refused_row_goes_to_each_topic_once(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "till.csv", [row for row, _, _ in BAD_ROWS.values()])
    outcomes = []
    for target in ("one", "other", "one"):
        with ImportJournal(tmp_path / "journal", target) as journal:
            journal.end(journal.work(path.read_bytes()))
            outcomes.append(send(path, journal, new_producer()).quarantined)
    assert outcomes == [len(BAD_ROWS), len(BAD_ROWS), 0]


def test_without_the_journal_nothing_is_lost_and_nothing_counts_twice(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "till.csv", [receipt(number) for number in range(1, 40)])
    producer = new_producer()
    for number in range(2):
        with ImportJournal(tmp_path / f"journal-{number}", "t") as journal:
            assert send(path, journal, producer).accepted == 39
    assert len(producer.events) == 2 * len(events_by_id(producer)) == 78


def test_a_journal_that_is_no_database_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "journal").write_bytes(b"something else" * 1_000)
    with pytest.raises(WrongUsage, match="cannot be used") as refused:
        ImportJournal(tmp_path / "journal", "t")
    assert "delete" in refused.value.hint
    (tmp_path / "folder").write_text("")
    with pytest.raises(WrongUsage, match="cannot be used"):
        ImportJournal(tmp_path / "folder" / "journal", "t")
