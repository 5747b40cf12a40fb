"""The short form of `./run check sleep`: a worker sleeps beyond its session, another one takes over, and no number changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.sleep import sleep


@pytest.mark.timeout(300)
def test_a_worker_stopped_beyond_its_session_is_fenced_and_changes_no_number(tmp_path: Path) -> None:
    slept = sleep(tmp_path, seconds=0.0)
    assert slept.writers > 1
    assert slept.disturbed == slept.undisturbed
