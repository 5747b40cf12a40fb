"""The short form of `./run check overload`: ten times what the collector carries, over a thousand connections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.checks.overload import overload
from tests.support.engines import fresh_topic

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack


@pytest.mark.timeout(240)
def test_ten_times_too_much_is_shed_with_429_and_what_was_acknowledged_is_kept_once(
    stack: LocalStack, tmp_path: Path
) -> None:
    settings = stack.settings.with_changes(topic=fresh_topic(stack))
    overload(
        settings, tmp_path, connections=1_000, times=10.0, seconds=4.0, events=50, measure_seconds=2.0
    ).require_sound()
