"""Whether the server can answer questions: ClickHouse is there, and has the views of this release."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import orjson

from touchline.dashboards.server.asking.catalogue import AskedView
from touchline.dashboards.server.clickhouse import ClickHouse
from touchline.dashboards.server.sharing import Shared
from touchline.service.problem import RequestRefused

KEPT_SECONDS = 2.0
PATIENCE_SECONDS = 3.0
"""A probe has no more itself."""
NAMES_TOLD = 5
_VIEWS = """
SELECT concat(database, '.', name) FROM system.tables WHERE database IN ('journey', 'journey_api')
UNION ALL
SELECT concat(database, '.', table, '.', name) FROM system.columns WHERE database IN ('journey', 'journey_api')
"""


class Readiness:
    """`views` must be there; those without arguments with all their columns, which ClickHouse does not tell of the others."""

    def __init__(self, clickhouse: ClickHouse, views: Iterable[AskedView]) -> None:
        self._clickhouse = clickhouse
        self._expected = frozenset(name for view in views for name in _names(view))
        self._shared: Shared[frozenset[str]] = Shared(KEPT_SECONDS)

    async def require(self) -> None:
        """Raises RequestRefused (503) with what is missing."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found, _ = await self._shared.get("views", self._ask)
        except TimeoutError:
            raise RequestRefused(
                503, "ClickHouse does not answer in time", "look at its load and its log", retry_after=5
            ) from None
        missing = sorted(self._expected - found)
        if missing:
            told = ", ".join(missing[:NAMES_TOLD]) + (", …" if len(missing) > NAMES_TOLD else "")
            raise RequestRefused(
                503, f"ClickHouse lacks views or columns of this release: {told}", "run `touchline migrate`"
            )

    async def _ask(self) -> frozenset[str]:
        lines = await self._clickhouse.rows("readiness", _VIEWS)
        return frozenset(orjson.loads(line)[0] for line in lines[1:])


def _names(view: AskedView) -> Iterator[str]:
    yield view.full_name
    if not view.parameters:
        yield from (f"{view.full_name}.{column}" for column in view.columns)
