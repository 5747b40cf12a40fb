"""What `touchline backup` and `touchline restore` say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.unit.backup.test_again import NAMES, NOW, SECRET, erased
from tests.unit.backup.test_register import EPOCH, register
from touchline.backup.again import Again, Held, Row, plan
from touchline.backup.behind import Behind
from touchline.backup.manifest import FORMAT, Manifest, TableBackup
from touchline.backup.page import again_lines, again_object, behind_lines, manifest_object, register_lines, totals_line
from touchline.backup.register import Written

MANIFEST = Manifest(
    format=FORMAT,
    taken_at="2026-03-01T10:00:00+00:00",
    touchline="0.1.0",
    clickhouse="26.9",
    schema_version=9,
    tables={
        "ledger": TableBackup(parts={"all_1_1_0": 1_200, "all_2_2_0": 34}, size_bytes=2_500_000),
        "maps": TableBackup(parts={"all_1_1_0": 1}, size_bytes=500_000),
    },
)


def test_a_backup_is_told_by_its_rows_tables_and_size() -> None:
    assert totals_line(MANIFEST) == "1,234 rows of the ledger and 1 more table, 3.0 MB"
    assert manifest_object(MANIFEST)["tables"] == {
        "ledger": {"rows": 1_234, "parts": 2, "bytes": 2_500_000},
        "maps": {"rows": 1, "parts": 1, "bytes": 500_000},
    }


def test_what_waits_and_what_is_lost_is_said_apart() -> None:
    waits, lost = behind_lines([Behind(0, 1, 0), Behind(1, 0, 7)])
    assert waits == "1 record waits in Kafka; workers store it now, or when they start"
    assert lost.startswith("partition 1: 7 records are lost")


def test_a_kafka_that_does_not_answer_is_no_loss() -> None:
    (said,) = behind_lines(None)
    assert "is not known" in said


def found_again() -> Again:
    known = register(erased(NAMES[0], "r1"), erased(NAMES[1], "r2"))
    return plan(register(), known, iter(()), SECRET, set(), NOW, 4)


def back_again() -> Sequence[Row]:
    return plan(
        register(), register(erased(NAMES[0])), iter([Held(NAMES[0], "login", EPOCH, EPOCH)]), SECRET, set(), NOW, 4
    ).rows


def test_where_nobody_is_back_nothing_is_left_to_do() -> None:
    assert list(again_lines(Again(), is_followed=True, is_known=True)) == ["nobody was ever erased here"]
    (said,) = again_lines(found_again(), is_followed=True, is_known=True)
    assert said.startswith("2 requests to erase: the backup holds nothing of them")


def test_whether_views_show_the_erased_is_said_and_what_to_do_then() -> None:
    again = Again(1, back_again(), (), 5)
    gone, blanks = again_lines(again, is_followed=True, is_known=True)
    assert gone == "1 identifier of erased persons was in this backup: out of every view again"
    shown, to_do = again_lines(again, is_followed=False, is_known=True)
    assert "VIEWS SHOW THEM" in shown
    assert "start the workers now" in to_do
    assert all("touchline erase --resume" in line for line in (blanks, to_do))
    assert again_object(again, is_followed=False, is_known=True) == {
        "requests": 1,
        "identifiers_again": 1,
        "is_followed": False,
    }


def test_a_restore_without_the_register_says_plainly_who_is_back() -> None:
    text = "\n".join(again_lines(Again(), is_followed=True, is_known=False))
    assert "whoever was erased after this backup was taken is BACK" in text
    assert again_object(Again(), is_followed=True, is_known=False) is None


def test_a_copy_of_the_register_that_could_not_be_written_is_named() -> None:
    written = Written(register(erased(NAMES[0])), [Path("/a/erasures.json")], [Path("/b/erasures.json")])
    kept, missed = register_lines(written)
    assert kept == "register of 1 request to erase in /a/erasures.json"
    assert "/b/erasures.json could not be written" in missed
