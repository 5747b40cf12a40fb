"""Which maps a worker may not leave out, without an engine."""

from __future__ import annotations

from typing import Any, cast

import pytest
from clickhouse_driver import Client
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.sql.schema.reference import require_no_map_left_out

NAMES = st.sets(st.sampled_from(["retail", "web_shop", "mine", "tried"]))


class LedgerOfMaps:
    """Answers as a ledger in which all four maps are registered, and events are attached by `used`."""

    def __init__(self, used: set[str]) -> None:
        self._used = used

    def execute(self, query: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        if values is None:
            return [("retail",), ("web_shop",), ("mine",), ("tried",)]
        return [(name, 3) for name in values["maps"] if name in self._used]


@given(NAMES, NAMES, NAMES)
def test_a_worker_starts_just_when_every_map_that_has_events_is_run_or_retired(
    used: set[str], run: set[str], retired: set[str]
) -> None:
    client = cast("Client", LedgerOfMaps(used))
    if used <= run | retired:
        require_no_map_left_out(client, run, retired)
        return
    with pytest.raises(WrongUsage) as refused:
        require_no_map_left_out(client, run, retired)
    (named,) = [name for name in used if f"by the map {name}," in refused.value.what]
    assert named not in run | retired
