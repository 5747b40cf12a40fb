"""What was done when, to whom, and what was seen: one JSON object a line, and in memory for the report."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """`at` in seconds since the beginning of the run; `what` is begins, ends, seen, restarted, sample or note."""

    at: float
    what: str
    text: str
    fields: dict[str, Any]


class Timeline:
    """Appends to a file and remembers; several threads may."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self._began = time.monotonic()
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def note(self, what: str, text: str, *, is_told: bool = True, **fields: Any) -> None:
        """One line; `is_told` also shows it to whoever looks on."""
        entry = Entry(round(self.seconds, 2), what, text, fields)
        with self._lock:
            self.entries.append(entry)
            self._file.write(json.dumps({"at": entry.at, "what": what, "text": text, **fields}) + "\n")
            self._file.flush()
        if is_told:
            print(f"{entry.at:7.1f} s  {what:9} {text}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the file."""
        self._file.close()
