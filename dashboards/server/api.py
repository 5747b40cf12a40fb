"""What `/api/` answers: maps, values to filter by, and the rows of any view with the SQL that they came from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from touchline.dashboards.server.asking.catalogue import AskedView
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.asking.question import Question, read_question
from touchline.dashboards.server.asking.statement import statement
from touchline.dashboards.server.clickhouse import ClickHouse
from touchline.dashboards.server.known_maps import KnownMaps
from touchline.dashboards.server.sharing import Shared
from touchline.metrics.declared import SHARED_ANSWERS

KEPT_SECONDS = 2.0
VALUES_VIEW = "dimension_values"


class Found(NamedTuple):
    """Rows as ClickHouse wrote them: JSON arrays, the columns' names first; and how long it took."""

    lines: Sequence[bytes]
    seconds: float


class Api:
    """The questions of all readers. `now` is the clock from which the default of `as_of` comes (UTC)."""

    def __init__(
        self, clickhouse: ClickHouse, maps: KnownMaps, views: Mapping[str, AskedView], now: Callable[[], datetime]
    ) -> None:
        self.clickhouse = clickhouse
        self.maps = maps
        self.views = views
        self.now = now
        self._shared: Shared[Found] = Shared(KEPT_SECONDS)

    async def question(self, name: str, parameters: Parameters, *, is_whole: bool = False) -> Question:
        """What is asked of a view. Raises RequestRefused as `read_question` does."""
        maps = await self.maps.read()
        return read_question(name.replace("-", "_"), self.views, parameters, maps, self.now(), is_whole=is_whole)

    async def answer(self, question: Question) -> bytes:
        """{"columns", "rows", "sql", "seconds", "is_complete"}; not complete: the limit was reached, there may be more."""
        sql = statement(question)
        found = await self.found(question.name, sql)
        names, *rows = found.lines
        limit = question.rows.limit
        return b'{"columns":%b,"rows":[%b],"sql":%b,"seconds":%.4f,"is_complete":%b}' % (
            names,
            b",\n".join(rows),
            orjson.dumps(sql),
            found.seconds,
            b"false" if limit is not None and len(rows) >= limit else b"true",
        )

    async def values(self, parameters: Parameters) -> bytes:
        """Key of the filter -> [value, events] with the greatest first; '' is what is not known."""
        question = await self.question(VALUES_VIEW, parameters, is_whole=True)
        found = await self.found(question.name, statement(question, "key, value, events"))
        values: dict[str, list[tuple[str, int]]] = {}
        for key, value, events in map(orjson.loads, found.lines[1:]):
            values.setdefault(key, []).append((value, events))
        ranked = {key: sorted(pairs, key=lambda pair: (-pair[1], pair[0])) for key, pairs in values.items()}
        return orjson.dumps(ranked)

    async def found(self, name: str, sql: str) -> Found:
        """The rows of a statement, shared by all who ask the same within two seconds."""
        found, is_shared = await self._shared.get(sql, lambda: self._ask(name, sql))
        if is_shared:
            self.clickhouse.meter.add(SHARED_ANSWERS)
        return found

    async def _ask(self, name: str, sql: str) -> Found:
        began = time.monotonic()
        lines = await self.clickhouse.rows(name, sql)
        return Found(lines, time.monotonic() - began)
