"""The edges of the simulator: its lines go to the ledger file and its events to a producer, as fast as they may."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from touchline.errors import WrongUsage
from touchline.producers.producer import EventProducer

Line = dict[str, Any]
_EVENTS_BETWEEN_STEPS = 100


class Done(NamedTuple):
    """What a simulation came to: its first line, its totals, and what Kafka has acknowledged."""

    head: Line
    totals: Line
    acknowledged: int
    waiting: int


def carry_out(
    lines: Iterable[Line],
    producer: EventProducer | None,
    ledger: Path | None,
    rate: float,
    advance: Callable[[int], None],
) -> Done:
    """Write every line to the ledger and emit every event. Without a producer nothing is sent."""
    with ExitStack() as stack:
        file = None if ledger is None else stack.enter_context(_open(ledger))
        noted = _Noted(lines, file, advance)
        if producer is None:
            for _ in noted.events():
                pass
        else:
            stack.enter_context(producer)
            producer.emit_many(at_rate(noted.events(), rate))
    counts = None if producer is None else producer.counts
    return Done(noted.head, noted.totals, counts.acknowledged if counts else 0, counts.on_their_way if counts else 0)


def at_rate(
    events: Iterable[Line],
    per_second: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Line]:
    """The events at that rate; 0 is as fast as possible. Lost time is not made up for by a burst of more than a second."""
    if per_second <= 0:
        yield from events
        return
    due_s = clock()
    for event in events:
        now_s = clock()
        if due_s > now_s:
            sleep(due_s - now_s)
        due_s = max(due_s, now_s - 1.0) + 1.0 / per_second
        yield event


class _Noted:
    """Lines on their way: written to the ledger before the event goes on."""

    def __init__(self, lines: Iterable[Line], file: TextIO | None, advance: Callable[[int], None]) -> None:
        self._lines = lines
        self._file = file
        self._advance = advance
        self.head: Line = {}
        self.totals: Line = {}

    def events(self) -> Iterator[Line]:
        sent = 0
        for line in self._lines:
            if self._file is not None:
                self._file.write(as_text(line))
            self.head = self.head or line
            self.totals = line
            if line["kind"] == "sent":
                yield line["event"]
                sent += 1
                if sent % _EVENTS_BETWEEN_STEPS == 0:
                    self._advance(_EVENTS_BETWEEN_STEPS)
        self._advance(sent % _EVENTS_BETWEEN_STEPS)


def as_text(line: Line) -> str:
    """One line of a ledger, always the same for the same content."""
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n"


def _open(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise WrongUsage(
            f"the ledger {path} cannot be written ({error.strerror})", "name a file in a folder that is there"
        ) from None
