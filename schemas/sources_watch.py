"""sources.yaml while a process runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from touchline.schemas.file_watch import FileWatch
from touchline.schemas.sources import Sources, load_sources


class SourcesWatch(FileWatch[Sources]):
    """The declarations that hold."""

    def __init__(self, path: Path, *, pause: Callable[[float], None] = time.sleep) -> None:
        """Raises WrongUsage where the file cannot be read."""
        super().__init__(path, load_sources, pause=pause)

    @property
    def sources(self) -> Sources:
        """As the file said when it could be read last."""
        return self.held
