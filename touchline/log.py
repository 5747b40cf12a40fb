"""The log of a worker, collector or dashboard: one `key=value` line per event on stderr, no payloads, no line repeated without end.

A dead broker makes aiokafka and Faust log hundreds of lines a second. Of one message template, `BURST` lines
(of their own events `OWN_BURST`) pass in a window of `WINDOW_SECONDS`; the first line of the next window says
how many were held back. Tracebacks are reduced to the type of the exception: their texts may quote data.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

BURST = 2
OWN_BURST = 20
WINDOW_SECONDS = 30.0
MESSAGE_MAX_CHARACTERS = 240

logger = logging.getLogger("touchline.worker")
OWN_LOGGERS = frozenset(
    (
        logger.name,
        "touchline.collector",
        "touchline.dashboard",
        "touchline.surveys",
        "touchline.care",
        "touchline.sinks",
    )
)


def log_event(level: int, event: str, **fields: object) -> None:
    """Log `event=<event>` with fields, in the order given. Fields may hold positions, counts and names of the setup,
    never event data."""
    logger.log(level, event, extra={"fields": fields})


def frames_of(error: BaseException, limit: int = 6) -> str:
    """The innermost frames of an exception as `file:line function`, innermost first, without its text."""
    frames = traceback.extract_tb(error.__traceback__)[-limit:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))


class LineFormatter(logging.Formatter):
    """`<UTC time> level=… event=… key=value …`; a library's message stands under `message`, its exception's type
    under `error`."""

    converter = time.gmtime  # type: ignore[assignment]

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {"level": record.levelname.lower()}
        if record.name in OWN_LOGGERS:
            fields |= {"event": record.getMessage()} | getattr(record, "fields", {})
        else:
            message = record.getMessage().strip().partition("\n")[0][:MESSAGE_MAX_CHARACTERS]
            fields |= {"event": "library", "logger": record.name, "message": message}
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
        if held_back := getattr(record, "held_back", 0):
            fields["held_back"] = held_back
        stamp = self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z"
        return " ".join([stamp, *(f"{key}={_quoted(value)}" for key, value in fields.items())])


class RateLimit(logging.Filter):
    """Lets `BURST` records of one message template pass per window and counts the rest."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, str(record.msg)[:MESSAGE_MAX_CHARACTERS])
        now = self._clock()
        began, count = self._windows.get(key, (now, 0))
        burst = OWN_BURST if record.name in OWN_LOGGERS else BURST
        if now - began >= WINDOW_SECONDS:
            record.held_back = max(0, count - burst)
            began, count = now, 0
        self._windows[key] = (began, count + 1)
        if len(self._windows) > 1_000:
            self._windows.clear()
        return count < burst


def configure_log(stream: TextIO | None = None, *, verbose: bool = False) -> None:
    """Send every logger of this process through one handler: ours from INFO, libraries from WARNING (`verbose`: from
    INFO)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter())
    handler.addFilter(RateLimit())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(logging.INFO)


def quiet_kafka_log() -> None:
    """kafka-python logs each failed attempt to connect with a traceback; the error that we raise says it once, with the remedy."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def _quoted(value: object) -> str:
    text = str(value)
    if text and not any(character in text for character in ' "=\n'):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', "'").replace("\n", " ") + '"'
