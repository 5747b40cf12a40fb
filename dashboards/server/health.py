"""Whether the server can answer questions: ClickHouse is there, and has the views of this release."""

from __future__ import annotations

from collections.abc import Collection

import orjson

from touchline.dashboards.server.clickhouse import ClickHouse
from touchline.dashboards.server.problem import RequestRefused
from touchline.dashboards.server.sharing import Shared

KEPT_SECONDS = 2.0
NAMES_TOLD = 5
_VIEWS = "SELECT concat(database, '.', name) FROM system.tables WHERE database IN ('journey', 'journey_api')"


class Readiness:
    """`expected` are the full names of the views that must be there."""

    def __init__(self, clickhouse: ClickHouse, expected: Collection[str]) -> None:
        self._clickhouse = clickhouse
        self._expected = frozenset(expected)
        self._shared: Shared[frozenset[str]] = Shared(KEPT_SECONDS)

    async def require(self) -> None:
        """Raises RequestRefused (503) with what is missing."""
        found, _ = await self._shared.get("views", self._ask)
        missing = sorted(self._expected - found)
        if missing:
            told = ", ".join(missing[:NAMES_TOLD]) + (", …" if len(missing) > NAMES_TOLD else "")
            raise RequestRefused(
                503, f"ClickHouse lacks {len(missing)} views of this release: {told}", "run `touchline migrate`"
            )

    async def _ask(self) -> frozenset[str]:
        lines = await self._clickhouse.rows("readiness", _VIEWS)
        return frozenset(orjson.loads(line)[0] for line in lines[1:])
