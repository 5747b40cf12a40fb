"""From the outbox to Kafka: one process at a time, the others stand by.

    take the drain lock -> connect -> read loads -> send batches -> answers -> position -> delete segments

The position is advanced after Kafka has acknowledged, so a killed drainer's successor sends the last few records again,
with the same ids. A lost connection gives nothing up: what was not acknowledged goes again, in order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from touchline.errors import TouchlineError
from touchline.producers.outbox.account import OutboxAccount
from touchline.producers.outbox.aside import put_aside
from touchline.producers.outbox.folder import DRAIN_LOCK
from touchline.producers.outbox.locks import FileLock
from touchline.producers.outbox.page import ACKNOWLEDGED, ASIDE, END
from touchline.producers.outbox.reader import OutboxReader
from touchline.producers.outbox.status import DrainerStatus
from touchline.producers.outbox.window import Batch, Window
from touchline.producers.outbox.writer import OutboxWriter
from touchline.producers.sender_clock import SenderClock

log = logging.getLogger(__name__)

WINDOW_BYTES: Final = 4 << 20
"""So much is read ahead of Kafka's acknowledgements, hence sent again at most after a crash."""
LINGER_SECONDS: Final = 0.02
STOP_SECONDS: Final = 1.0
"""So long a drainer that stops waits for answers to what it has sent."""
_LINGER_SECONDS_MAX: Final = 0.1
_LINGER_BYTES: Final = 1 << 20
_MUCH_BYTES: Final = 64 << 10
"""Written within one LINGER_SECONDS: somebody sends by the thousand and waits for no single event."""
_IDLE_SECONDS: Final = 0.1
"""A record that another process wrote is seen after so long at the latest."""
_STANDBY_SECONDS: Final = 0.25
_BACKOFF_SECONDS: Final = (0.2, 0.5, 1.0, 2.0)


class BrokerLink(Protocol):
    """A connection to Kafka (link.py)."""

    partitions: int

    def send(self, batches: Iterable[tuple[int, Sequence[bytes], Callable[[BaseException | None], None]]]) -> None:
        """Start batches: partition, records, and what is called once with the outcome, in any thread."""

    def close(self) -> None:
        """Give up what is on its way."""


class _Refused(Exception):
    """Kafka will never take the batch as it is."""

    def __init__(self, batch: Batch, error: BaseException) -> None:
        super().__init__()
        self.batch = batch
        self.error = error


class _Broken(Exception):
    """The link is of no more use; nothing is known of what was on its way."""


class Drainer(threading.Thread):
    """Drains while it holds the lock; otherwise waits for it, and settles this process's account."""

    def __init__(
        self,
        writer: OutboxWriter,
        account: OutboxAccount,
        open_link: Callable[[], BrokerLink],
        is_refused_for_good: Callable[[BaseException], bool],
        clock: SenderClock,
        clock_us: Callable[[], int],
        patience_seconds: float,
    ) -> None:
        super().__init__(name="touchline-outbox", daemon=True)
        self._folder = writer.config.folder
        self._page = writer.page
        self._account = account
        self._open_link = open_link
        self._is_refused_for_good = is_refused_for_good
        self._clock = clock
        self._clock_us = clock_us
        self._patience_seconds = patience_seconds
        self._status = DrainerStatus(self._folder, clock_us)
        self._answers: SimpleQueue[tuple[Batch, BaseException | None]] = SimpleQueue()
        self._wake = threading.Event()
        self._is_idle = False
        self._is_stopping = False
        self._stopped_s = 0.0
        self._lock = FileLock(self._folder / DRAIN_LOCK)

    def nudge(self) -> None:
        """There is something new. Cheap: to be called after each write."""
        if self._is_idle:
            self._wake.set()

    def stop(self) -> None:
        """Begin nothing more; what is on its way is waited for, for a moment."""
        self._stopped_s = time.monotonic()
        self._is_stopping = True
        self._wake.set()

    def run(self) -> None:
        """Until `stop`. Faults are written to the status and tried again: nothing here may end the thread."""
        while not self._is_stopping:
            try:
                if self._lock.try_to_take():
                    self._drain()
                else:
                    self._account.settle()
                    self._sleep(_STANDBY_SECONDS if self._account.is_settled else LINGER_SECONDS)
            except Exception as error:
                log.exception("the outbox %s cannot be drained", self._folder)
                self._status.failed(f"{type(error).__name__}: see the log of the draining process")
                self._sleep(_BACKOFF_SECONDS[-1])
        self._lock.close()

    def _drain(self) -> None:
        reader = OutboxReader(self._folder, self._page)
        window = Window(self._page[ACKNOWLEDGED])
        self._status.began()
        failures = 0
        try:
            while not self._is_stopping:
                if window.is_empty and reader.is_at_end:
                    self._account.settle()
                    self._wait(reader)
                    continue
                before = window.acknowledged
                try:
                    self._send_by_a_link(reader, window)
                except (TouchlineError, _Broken) as error:
                    self._status.failed(str(error))
                    failures = failures + 1 if window.acknowledged == before else 0
                    self._publish(reader, window)
                    self._sleep(_BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)])
        finally:
            reader.close()
            self._lock.give_back()

    def _send_by_a_link(self, reader: OutboxReader, window: Window) -> None:
        """Until this drainer stops. Raises _Broken, EngineUnreachable, WrongUsage."""
        link = self._open_link()
        refused: _Refused | None = None
        try:
            self._pump(link, reader, window)
        except _Refused as found:
            refused = found
        finally:
            link.close()
            self._collect(window, ignore_errors=True)
            window.take_back()
        if refused is not None:
            self._refuse(window, refused)
        self._publish(reader, window)

    def _pump(self, link: BrokerLink, reader: OutboxReader, window: Window) -> None:
        progress_s = time.monotonic()
        while True:
            if self._collect(window):
                progress_s = time.monotonic()
                self._publish(reader, window)
                self._status.works(self._clock.ahead_seconds)
            if not window.has_sent:
                progress_s = time.monotonic()
            if self._is_stopping:
                if not window.has_sent or time.monotonic() > self._stopped_s + STOP_SECONDS:
                    return
            elif time.monotonic() > progress_s + self._patience_seconds:
                raise _Broken("Kafka does not acknowledge")
            else:
                self._fill(reader, window, link.partitions)
                if batches := window.to_send():
                    link.send([(batch.partition, batch.bodies, self._answer_for(batch)) for batch in batches])
            if window.has_sent:
                self._wait_for_answer()
            else:
                self._wait(reader)

    def _answer_for(self, batch: Batch) -> Callable[[BaseException | None], None]:
        def answer(error: BaseException | None) -> None:
            self._answers.put((batch, error))
            self._wake.set()

        return answer

    def _fill(self, reader: OutboxReader, window: Window, partitions: int) -> None:
        if reader.is_at_end or window.size >= WINDOW_BYTES:
            return
        if self._page[END] - reader.position < _LINGER_BYTES:
            if window.has_sent:
                return  # more may come until the answer is there
            self._linger(reader)
        while window.size < WINDOW_BYTES and (found := reader.read(partitions)):
            window.add(found)

    def _linger(self, reader: OutboxReader) -> None:
        """Larger batches cost less: wait a moment, and some moments more while much is coming."""
        give_up_s = time.monotonic() + _LINGER_SECONDS_MAX
        waiting = self._page[END] - reader.position
        while waiting < _LINGER_BYTES and time.monotonic() < give_up_s:
            time.sleep(LINGER_SECONDS)
            before, waiting = waiting, self._page[END] - reader.position
            if waiting - before < _MUCH_BYTES:
                return

    def _collect(self, window: Window, *, ignore_errors: bool = False) -> bool:
        """Takes the answers that are there; whether one was an acknowledgement. Raises _Refused, _Broken."""
        has_progressed = False
        while True:
            try:
                batch, error = self._answers.get_nowait()
            except Empty:
                return has_progressed
            if error is None:
                window.over(batch)
                has_progressed = True
            elif ignore_errors:
                continue
            elif self._clock.learn(error):
                raise _Broken(
                    "Kafka refuses the time of this machine's clock"
                )  # what follows goes without a time stamp
            elif self._is_refused_for_good(error):
                raise _Refused(batch, error)
            else:
                raise _Broken(f"Kafka did not acknowledge ({type(error).__name__})")

    def _refuse(self, window: Window, refused: _Refused) -> None:
        batch = refused.batch
        if len(batch.bodies) > 1:
            window.split(batch)
            return
        put_aside(self._folder, batch.positions[0], batch.bodies[0], refused.error, self._clock_us())
        self._page[ASIDE] += 1
        window.drop(batch)
        log.error("Kafka refuses an event for good (%s): it is in %s", type(refused.error).__name__, self._folder)

    def _publish(self, reader: OutboxReader, window: Window) -> None:
        if window.acknowledged > self._page[ACKNOWLEDGED]:
            self._page[ACKNOWLEDGED] = window.acknowledged
            reader.forget_read_segments()
        self._account.settle()

    def _wait_for_answer(self) -> None:
        """A moment at most: a writer that is far ahead is looked for, too, but does not wake us at each event."""
        if self._answers.empty() and not self._is_stopping:
            self._wake.wait(LINGER_SECONDS)
        self._wake.clear()

    def _wait(self, reader: OutboxReader) -> None:
        """Until there is something to read."""
        self._is_idle = True
        # Looked at after the flag was set: who wrote before it was set did not wake us.
        if reader.is_at_end and not self._is_stopping:
            self._wake.wait(_IDLE_SECONDS)
        self._is_idle = False
        self._wake.clear()

    def _sleep(self, seconds: float) -> None:
        if not self._is_stopping:
            self._wake.wait(seconds)
            self._wake.clear()
