"""What the draining process says of itself, for `touchline outbox show` in any other process."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from touchline.producers.outbox.folder import DRAINER, replace_file
from touchline.schemas.times import format_time

_SECONDS_BETWEEN_REPORTS: Final = 1.0


class DrainerStatus:
    """Written when something changes, but not more often than once a second for the same error."""

    def __init__(self, folder: Path, clock_us: Callable[[], int]) -> None:
        self._path = folder / DRAINER
        self._clock_us = clock_us
        self._shown: dict[str, Any] = {}
        self._next_s = 0.0

    def began(self) -> None:
        """This process drains from now on; the last error of the one before stays until something is acknowledged."""
        before = read_status(self._path.parent)
        self._shown = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": self._now(),
            "last_error": before.get("last_error"),
            "last_error_at": before.get("last_error_at"),
            "clock_ahead_seconds": before.get("clock_ahead_seconds"),
        }
        self._write()

    def failed(self, error: str) -> None:
        """What keeps records from Kafka; names no event."""
        is_new = self._shown.get("last_error") != error
        self._shown.update(last_error=error, last_error_at=self._now())
        if is_new or time.monotonic() >= self._next_s:
            self._write()

    def works(self, clock_ahead_seconds: float | None) -> None:
        """Kafka acknowledges; and how far ahead of its clock this machine's is, where Kafka has said it."""
        ahead = None if clock_ahead_seconds is None else round(clock_ahead_seconds, 1)
        if self._shown.get("last_error") is not None or self._shown.get("clock_ahead_seconds") != ahead:
            self._shown.update(last_error=None, last_error_at=None, clock_ahead_seconds=ahead)
            self._write()

    def _now(self) -> str:
        return format_time(self._clock_us())

    def _write(self) -> None:
        self._next_s = time.monotonic() + _SECONDS_BETWEEN_REPORTS
        try:
            replace_file(self._path, json.dumps(self._shown))
        except OSError:
            pass  # a full disk must not stop the draining, which empties it


def read_status(folder: Path) -> dict[str, Any]:
    """What was said last; empty where nobody has drained yet."""
    try:
        found = json.loads((folder / DRAINER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
