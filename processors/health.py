"""The worker's health as a file, for supervisors that can look at files only.

It is there from the first assignment to the end of the worker, and holds one line such as
`pid=7 generation=3 partitions=4 state=ready`. The other states are the watchdog's, `stalled_in_store` and
`stalled_in_reading`, and `rejoining` after the worker has left its group to join it anew.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from touchline.processors.log import log_event


def says_ready(path: Path) -> bool:
    """Whether the file of a worker is there and says that it is ready."""
    try:
        return "state=ready" in path.read_text().split()
    except OSError:
        return False


class HealthFile:
    """Writes the file whole or not at all; a disk without space does not stop the worker. Without a path it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def tell(self, generation: int, partition_count: int, state: str) -> None:
        """Replace what the file says."""
        if self._path is None:
            return
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(f"pid={os.getpid()} generation={generation} partitions={partition_count} state={state}\n")
            part.replace(self._path)
        except OSError as error:
            log_event(logging.WARNING, "health_not_written", error=type(error).__name__, reason=error.strerror)

    def remove(self) -> None:
        """The worker ends, or begins: a process that was killed leaves its file."""
        try:
            if self._path is not None:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            log_event(logging.WARNING, "health_not_written", error=type(error).__name__, reason=error.strerror)
