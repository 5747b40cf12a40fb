"""What a running collector says of a source: whether it answers, which files it cannot read, and what it refused lately."""

from __future__ import annotations

import http.client
import json
from datetime import datetime
from typing import Any, Final

from touchline.settings import Settings
from touchline.sources.values import CollectorRefused, CollectorSays

ANSWER_SECONDS: Final = 2.0
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_FILES: Final = ("sources", "write_keys")


def collector_url(settings: Settings) -> str:
    """Where a sender on this machine reaches the collector."""
    host = _host(settings)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.collector_port}"


def ask_collector(settings: Settings, source: str, write_key: str | None) -> CollectorSays | None:
    """Ask the collector of these settings; None where none answers. Without a key that may send for the source, or of an older release,
    it does not tell what it refused."""
    connection = http.client.HTTPConnection(_host(settings), settings.collector_port, timeout=ANSWER_SECONDS)
    try:
        state = _get(connection, "/readyz", {})
        refused: dict[str, Any] = {}
        if write_key is not None:
            refused = _get(connection, f"/v1/refused?source={source}", {"Authorization": f"Bearer {write_key}"})
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    stale = [name for name in _FILES if state.get(name) == "stale"]
    lately = [_refused(one) for one in refused.get("lately", ())]
    return CollectorSays(collector_url(settings), stale, refused.get("refused", 0), lately)


def _host(settings: Settings) -> str:
    return _EVERY_ADDRESS.get(settings.collector_host, settings.collector_host)


def _get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> dict[str, Any]:
    connection.request("GET", path, headers=headers)
    found = json.loads(connection.getresponse().read())
    return found if isinstance(found, dict) else {}


def _refused(one: dict[str, Any]) -> CollectorRefused:
    at = datetime.fromisoformat(one["at"])
    return CollectorRefused(one["number"], at, one["reason"], one["field"], one.get("found", ""), one["hint"])
