"""A backup taken while events flow, a disaster, a restore: the tables are those of an undisturbed run. Long form: ./run check restore."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.restore import Rehearsal


@pytest.mark.timeout(600)
def test_a_restored_backup_and_kafka_give_every_table_of_an_undisturbed_run(tmp_path: Path) -> None:
    """The worker is killed with ClickHouse in the first round, and runs through the second."""
    found = Rehearsal(tmp_path, seed=1, rounds=2, events_per_round=1_500).run()
    assert "2 disasters" in found
