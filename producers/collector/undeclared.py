"""What the collector's log says of sources that are not declared: one line a write key in a while with a count, whatever comes.

Which source it is the sender hears; here it is not named: nothing of a request is logged, and a name may hold anything.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from touchline.producers.collector.front import ItemVerdict
from touchline.producers.collector.rare_lines import RareLines
from touchline.producers.errors import SourceUndeclared

TELL_SECONDS: Final = 10.0


class UndeclaredLog:
    """Tells at the first such event of a write key, and then at most every TELL_SECONDS while more of them come."""

    def __init__(self, log: logging.Logger, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._lines = RareLines(TELL_SECONDS, clock_s)

    def note(self, key_id: str, rejected: Iterable[ItemVerdict]) -> None:
        """Count those among the refused events of a request that came by this write key."""
        count = self._lines.count(key_id, sum(isinstance(one.error, SourceUndeclared) for one in rejected))
        if not count:
            return
        fields = {
            "write_key": key_id,
            "events": count,
            "hint": "they were refused; its sender knows which source it is: declare it in sources.yaml, or correct the name there",
        }
        self._log.warning("source_undeclared", extra={"fields": fields})
