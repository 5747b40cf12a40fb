"""The first event of a source, as a command to paste: whoever has a key is to see it work before any sender is written."""

from __future__ import annotations

import json
import shlex
from typing import Any, Final

_CONSENT: Final = "consent"


def first_event(source: str, legal_basis: str, at: str) -> dict[str, Any]:
    """An event that the contract takes, of nobody and marked as simulated; under consent with a grant."""
    event = {
        "type": "touchline.touchpoint.v1",
        "source": source,
        "id": "first-1",
        "time": at,
        "touchpoint": "first_event",
        "simulated": True,
    }
    return event | ({"consent": {"id": "try-1", "purposes": ["analytics"]}} if legal_basis == _CONSENT else {})


def curl_line(url: str, write_key: str, event: dict[str, Any]) -> str:
    """A command of the shell that posts the event."""
    headers = (f"Authorization: Bearer {write_key}", "Content-Type: application/json")
    given = " ".join(f"-H {shlex.quote(header)}" for header in headers)
    return f"curl -s {url}/v1/events {given} -d {shlex.quote(json.dumps(event))}"
