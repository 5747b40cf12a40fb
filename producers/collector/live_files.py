"""The file of senders' names, and webhooks.yaml with its secrets, as a running collector knows them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from touchline.metrics.declared import SENDER_NAMES_STALE, WEBHOOKS_STALE
from touchline.metrics.meter import Meter
from touchline.producers.collector.vendors.names import Names, load_names, shipped_names
from touchline.producers.collector.webhooks.load import OpenWebhook, load_webhooks
from touchline.schemas.sources import Sources
from touchline.service.live_file import LiveFile

Webhooks = Mapping[str, OpenWebhook]
_UNDECLARED_HINT: Final = "declare them in sources.yaml, or correct webhooks.yaml: until then their answers are refused"


class LiveNames(LiveFile[Names]):
    """Without a file those that are shipped. Raises WrongUsage where it cannot be read at first."""

    def __init__(self, path: Path | None, meter: Meter, log: logging.Logger) -> None:
        super().__init__("sender_names", SENDER_NAMES_STALE, meter, log)
        self._shipped = shipped_names()
        if path is not None:
            self.open(path, load_names)

    def now(self) -> Names:
        """Those that hold."""
        return self._shipped if self.held is None else self.held


class LiveWebhooks(LiveFile[Webhooks]):
    """Without a file there are none. Raises WrongUsage where it, or a secret, cannot be read at first. A secret that has changed is read
    again as the file is; those of a source that is not among `declared` are said in the log."""

    def __init__(
        self, path: Path | None, meter: Meter, log: logging.Logger, declared: Callable[[], Sources] = dict
    ) -> None:
        super().__init__("webhooks", WEBHOOKS_STALE, meter, log)
        self._declared = declared
        self.then(self._tell_undeclared)
        if path is not None:
            secret_files: set[Path] = set()
            self._tell_undeclared(self.open(path, lambda path: load_webhooks(path, secret_files), secret_files))

    def now(self) -> Webhooks:
        """Those that hold, by source."""
        return self.held or {}

    def _tell_undeclared(self, webhooks: Webhooks) -> None:
        if unknown := sorted({*webhooks} - {*self._declared()}):
            self._say(logging.WARNING, "webhooks_undeclared", sources=",".join(unknown), hint=_UNDECLARED_HINT)
