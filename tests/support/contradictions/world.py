"""A ledger, the dashboard before it, and how its places are asked. Each question is asked once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from clickhouse_driver import Client

from tests.support.contradictions.selecting import Known, Selection
from tests.support.dashboards import DashboardProcess, dashboard, query_string
from touchline.clickhouse.connect import connect
from touchline.local.parts import settings_environment
from touchline.schemas.journey.model import JourneyMap
from touchline.settings import Settings

Row = dict[str, Any]
T = TypeVar("T")
VALUES_KNOWN = 12


class World:
    """`views` and `queries` remember what was answered; a test may put another answer there."""

    def __init__(self, settings: Settings, process: DashboardProcess, client: Client) -> None:
        self.settings = settings
        self.process = process
        self.client = client
        self.documents: list[dict[str, Any]] = process.get("/api/maps").json()
        self._asked: dict[str, Any] = {}
        self._report: dict[str, Any] | None = None

    def known_maps(self) -> list[Known]:
        """The maps that place an event."""
        return [self._known(one) for one in self.documents if one["events"]]

    def _known(self, one: Mapping[str, Any]) -> Known:
        values = self.process.get(
            f"/api/values?{query_string({'map': one['map'], 'version': one['map_version']})}"
        ).json()
        offered = {key: [value for value, _ in pairs[:VALUES_KNOWN]] for key, pairs in values.items()}
        first, last = (date.fromisoformat(one[name]) for name in ("first_day", "last_day"))
        return Known(one["map"], one["map_version"], bool(one["is_default"]), first, last, one["usual"], offered)

    def content(self, selection: Selection) -> JourneyMap:
        """The map's file."""
        (found,) = [one["content"] for one in self.documents if (one["map"], one["map_version"]) == selection[:2]]
        return JourneyMap.model_validate(found)

    def view(self, name: str, selection: Selection, **more: object) -> list[Row]:
        """What the page is answered for a view; `more` replaces parameters or adds some."""
        return self._once(
            f"{name}?{query_string({**selection.asked, **more})}",
            lambda: self.process.rows(name.replace("_", "-"), **{**selection.asked, **more}),
        )

    def count(self, selection: Selection, **more: object) -> int:
        """How many journeys a link opens."""
        (row,) = self.view("journeys", selection, as_of=selection.as_of, count=1, **more)
        return int(row["count"])

    def plain(self, name: str, **parameters: object) -> list[Row]:
        """What the page is answered for a view without arguments."""
        return self._once(
            f"{name}?{query_string(parameters)}", lambda: self.process.rows(name.replace("_", "-"), **parameters)
        )

    def sql(self, query: str, **parameters: object) -> list[Row]:
        """Rows of a query as a BI tool sends it."""
        return self._once(f"{query} {parameters}", lambda: self._query(query, parameters))

    def _query(self, query: str, parameters: Mapping[str, object]) -> list[Row]:
        rows, columns = self.client.execute(query, dict(parameters) or None, with_column_types=True)
        names = [name for name, _ in columns]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def document(self, selection: Selection) -> str:
        """The map as one file."""
        asked = {**selection.asked, "as_of": selection.as_of, "mode": selection.mode, "lang": "en"}

        def read() -> str:
            answer = self.process.get(f"/export/map.html?{query_string(asked)}")
            assert answer.status == 200, answer.body
            return answer.body.decode()

        return self._once(f"export {asked}", read)

    def report(self) -> dict[str, Any]:
        """What `touchline report --json` prints."""
        if self._report is None:
            command = [sys.executable, "-m", "touchline", "report", "--json"]
            printed = subprocess.run(
                command, env=settings_environment(self.settings), capture_output=True, text=True, check=True
            )
            self._report = json.loads(printed.stdout)
        return self._report

    def _once(self, key: str, ask: Callable[[], T]) -> T:
        if key not in self._asked:
            self._asked[key] = ask()
        found: T = self._asked[key]
        return found


@contextmanager
def world_of(settings: Settings, folder: Path) -> Iterator[World]:
    """The ledger of an engine behind a dashboard of its own, ended with the block."""
    with dashboard(settings, folder) as process:
        process.wait_ready()
        client = connect(settings)
        try:
            yield World(settings, process, client)
        finally:
            client.disconnect()
