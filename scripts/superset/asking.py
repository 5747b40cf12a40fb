"""Asks Superset for the data of every chart of the dashboard, as a report or a script would: by its API, without a browser."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

from scripts.superset.home import USER, Home

TIMEOUT_SECONDS = 120


class Answer(NamedTuple):
    """What one chart got: rows of its first query, or the error."""

    chart: str
    rows: int
    seconds: float
    error: str = ""


class Api:
    """Superset's REST API as the user `admin`."""

    def __init__(self, home: Home) -> None:
        self._address = home.address
        self._token = ""
        login = {"username": USER, "password": home.password, "provider": "db", "refresh": False}
        self._token = self.ask("/api/v1/security/login", login)["access_token"]

    def ask(self, path: str, body: object = None) -> Any:
        """The answer's JSON. Raises urllib's HTTPError when Superset refuses."""
        request = urllib.request.Request(
            self._address + path,
            data=None if body is None else json.dumps(body).encode(),
            # A request without a body that says it has one of JSON is refused.
            headers={"Authorization": f"Bearer {self._token}"} | ({"Content-Type": "application/json"} if body else {}),
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)


def ask_every_chart(home: Home, slug: str) -> Iterator[Answer]:
    """The charts of the dashboard, each with what its stored query gave."""
    api = Api(home)
    for chart in api.ask(f"/api/v1/dashboard/{slug}/charts")["result"]:
        started = time.monotonic()
        try:
            results = api.ask(f"/api/v1/chart/{chart['id']}/data/?force=true")["result"]
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace").strip()[:2000]
            yield Answer(chart["slice_name"], 0, time.monotonic() - started, f"{error.code}: {said}")
            continue
        failed = [str(one["error"]) for one in results if one.get("error")]
        empty = "" if all(one.get("rowcount") for one in results) else "no rows"
        yield Answer(
            chart["slice_name"], results[0].get("rowcount") or 0, time.monotonic() - started, "; ".join(failed) or empty
        )
