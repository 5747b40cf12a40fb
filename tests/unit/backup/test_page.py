"""What `touchline backup` and `touchline restore` say."""

from __future__ import annotations

from touchline.backup.behind import Behind
from touchline.backup.manifest import FORMAT, Manifest, TableBackup
from touchline.backup.page import behind_lines, manifest_object, totals_line

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
