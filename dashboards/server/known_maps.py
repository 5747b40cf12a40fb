"""Which maps there are, and which days they cover: read from `journey`, kept for a few seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import orjson

from touchline.dashboards.server.asking.maps import KnownMap
from touchline.dashboards.server.asking.parsing import day_of
from touchline.dashboards.server.clickhouse import ClickHouse
from touchline.dashboards.server.sharing import Shared
from touchline.sql.language.usual import moment_after, usual

KEPT_SECONDS = 5.0

_MAPS = """
SELECT map.id, map.map_version, name, is_default, content, first_day, last_day, usual_day, events, later_events, under_way
FROM journey.dim_map AS map
LEFT JOIN journey.map_days AS days ON days.map = map.id AND days.map_version = map.map_version
LEFT JOIN (
    SELECT map, groupArray((map_version, percent)) AS under_way FROM journey.map_versions WHERE state = 'applying' GROUP BY map
) AS walks ON walks.map = map.id
ORDER BY
    max(is_default) OVER (PARTITION BY map.id) DESC, min(registered_at) OVER (PARTITION BY map.id), map.id, is_shown DESC,
    map.map_version DESC
"""


Maps = tuple[list[KnownMap], bytes, dict[tuple[str, int], str]]
"""All of them, the same as JSON with the versions of each map that are being applied, and map and version -> its content."""


class KnownMaps:
    """Asked by every request, hence shared and kept for `KEPT_SECONDS`. `now` is the clock: a map that places nothing yet has today."""

    def __init__(self, clickhouse: ClickHouse, now: Callable[[], datetime]) -> None:
        self._clickhouse = clickhouse
        self._now = now
        self._shared: Shared[Maps] = Shared(KEPT_SECONDS)

    async def read(self) -> list[KnownMap]:
        """The default map first, of each map the version that readers see who name none first. Raises RequestRefused."""
        return (await self._read())[0]

    async def document(self) -> bytes:
        """The same as JSON, with the content of each map's file, and what is selected of it where the reader says nothing."""
        return (await self._read())[1]

    async def content(self, known: KnownMap) -> str:
        """The JSON of a map's file; empty where the ledger does not hold it."""
        return (await self._read())[2].get(known[:2], "")

    async def _read(self) -> Maps:
        return (await self._shared.get("maps", self._ask))[0]

    async def _ask(self) -> Maps:
        rows = [orjson.loads(line) for line in (await self._clickhouse.rows("maps", _MAPS))[1:]]
        maps, documents, contents = [], [], {}
        for name, version, title, is_default, content, first, last, usual_day, events, later, under_way in rows:
            first_day = day_of("first_day", first) if events else None
            last_day = day_of("last_day", last) if events else None
            ending = day_of("usual_day", usual_day) if events else None
            known = KnownMap(name, version, title, bool(is_default), first_day, last_day, ending, events, later)
            maps.append(known)
            contents[known[:2]] = content
            chosen = _selected(ending or self._now().date(), last_day)
            applying = [{"map_version": number, "percent": percent} for number, percent in under_way]
            documents.append(
                {
                    **known._asdict(),
                    "applying": applying,
                    "usual": chosen,
                    "content": orjson.Fragment(content or "null"),
                }
            )
        return maps, orjson.dumps(documents), contents


def _selected(usual_day: date, last_day: date | None) -> dict[str, Any]:
    period, before, as_of = usual(usual_day)
    later = moment_after(last_day or usual_day)
    return {
        "from": period.first,
        "to": period.last,
        "before_from": before.first,
        "before_to": before.last,
        "later_as_of": later.replace(tzinfo=None),
        "as_of": as_of.replace(tzinfo=None),  # parameters of the page's addresses have no zone: all moments are UTC
    }
