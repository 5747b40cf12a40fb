"""Events of all requests to one producer, in a thread of its own: the event loop never waits for a disk or for Kafka.

    take(events) -> queue -> thread: emit_many of all that waits -> outcome -> the request's future
                      └─────── thread: emit_many_refused of all that waits ◀─┘ (what is refused, of requests that keep it)

With an outbox an outcome is there when `emit_many` returns: many requests share one write (and one sync of the disk). Without one it is
there when Kafka has acknowledged the request's last event. What is refused is kept only then: of a request that ends with 503 all comes
again, and would stand in the quarantine once for each attempt.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, chain
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

from touchline.errors import EngineUnreachable, TouchlineError
from touchline.producers.collector.json_items import depth_before
from touchline.producers.deliveries import TOO_LARGE
from touchline.producers.errors import TOO_LARGE_HINT, DeliveryFailed, EventRejected, OutboxFull
from touchline.producers.producer import EventProducer
from touchline.schemas.personal.guard import Finding
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.service.deadlines import Deadlines

log = logging.getLogger("touchline.collector")

EVENTS_TOGETHER: Final = 2_000
TROUBLE_SECONDS: Final = 5.0
"""Time after a failure during which the collector says that it is not ready."""

Events = Sequence[dict[str, Any]]


class Taken(NamedTuple):
    """What became of the events of one request. Those that are not rejected are durable."""

    accepted: int
    rejected: dict[int, EventRejected]
    """By position among the events."""
    suppressed: int = 0
    """Not among the accepted: the pipeline will keep nothing of them."""
    masked: Mapping[int, tuple[Finding, ...]] = {}
    """Personal values that were masked, by position among the events."""


class _Job:
    """The events of one request on their way. Ends once, in whatever thread that is known."""

    def __init__(
        self,
        events: Events,
        end: Callable[[_Job, Taken | Exception], None],
        outcome: asyncio.Future[Taken],
        is_over: Callable[[], None],
        refused: Events,
        keeps_refused: bool,
    ) -> None:
        self.events = events
        self.outcome = outcome
        self.is_over = is_over
        self._refused = refused
        self._keeps_refused = keeps_refused
        self.taken: Taken | None = None
        """While what is refused of it is kept: all else is durable."""
        self.rejected: dict[int, EventRejected] = {}
        self.suppressed: set[int] = set()
        self.masked: dict[int, tuple[Finding, ...]] = {}
        self._end = end
        self._lock = threading.Lock()
        self._sent: int | None = None
        self._delivered = 0
        self._failed = 0
        self._failed_ids: list[str] = []
        self._error: Exception | None = None

    @property
    def refused(self) -> Events:
        """What is to be kept of it in the quarantine."""
        return [*self._refused, *(map(self.events.__getitem__, self.rejected) if self._keeps_refused else ())]

    def finish(self) -> None:
        """All that was not rejected is durable."""
        suppressed = len(self.suppressed)
        accepted = len(self.events) - len(self.rejected) - suppressed
        self._end(self, Taken(accepted, self.rejected, suppressed, self.masked))

    def fail(self, error: Exception) -> None:
        """It is not known of every event whether it is durable."""
        self._end(self, error)

    def reject(self, position: int, error: EventRejected) -> None:
        """The producer refuses the event."""
        self.rejected[position] = depth_before(error, self.events[position])

    def sent(self, count: int) -> None:
        """So many were handed to Kafka; the job ends with their last acknowledgement."""
        with self._lock:
            self._sent = count
            is_over = self._delivered == count
        if is_over:
            self._settle()

    def delivered(self, event_id: str, error: Exception | None) -> None:
        """One event was acknowledged or has failed; called in the thread of Kafka's client."""
        with self._lock:
            self._delivered += 1
            if isinstance(error, TOO_LARGE):
                self._refused_by_kafka(event_id)
            elif error is not None:
                self._failed += 1
                self._failed_ids.append(event_id)
                self._error = self._error or error
            is_over = self._delivered == self._sent
        if is_over:
            self._settle()

    def _refused_by_kafka(self, event_id: str) -> None:
        """Kafka refuses the event, however often it is sent: its neighbours must not come again for it."""
        for position, event in enumerate(self.events):
            if event.get("id") == event_id and position not in self.rejected:
                self.suppressed.discard(position)
                self.masked.pop(position, None)
                self.rejected[position] = EventRejected(
                    Rejection(Reason.TOO_LARGE, ""), "more than the topic takes", TOO_LARGE_HINT
                )
                return

    def _settle(self) -> None:
        if self._failed:
            self.fail(DeliveryFailed(self._failed, self._error, self._failed_ids))
        else:
            self.finish()


class Intake:
    """One thread and one producer. `take` may be called by many tasks of one event loop.

    What waits is bounded by the callers (limits.Room): they hold their bytes until `is_over` is called, also when they give up waiting.
    """

    def __init__(
        self,
        producer: EventProducer,
        *,
        has_outbox: bool,
        clock_s: Callable[[], float] = time.monotonic,
        look: Callable[[], None] = lambda: None,
        refused_not_kept: Callable[[int], None] = lambda _events: None,
    ) -> None:
        """`look` is called before events are emitted: what was configured anew by then holds for them. `refused_not_kept` hears how many
        refused events could not be sent into the quarantine."""
        self._look = look
        self._refused_not_kept = refused_not_kept
        self._producer = producer
        self._has_outbox = has_outbox
        self._clock_s = clock_s
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[list[_Job] | None] = SimpleQueue()
        self._fresh: list[_Job] = []
        self._ended: deque[tuple[_Job, Taken | Exception]] = deque()
        self._is_telling = False
        self._is_closing = False
        self._since_s: OrderedDict[_Job, float] = OrderedDict()
        """Jobs that have not ended, and when they came."""
        self._since_lock = threading.Lock()
        self._deadlines = Deadlines()
        self._failed_s = -TROUBLE_SECONDS
        self._thread = threading.Thread(target=self._run, name="touchline-intake", daemon=True)
        self._thread.start()

    @property
    def is_well(self) -> bool:
        """The thread lives and nothing failed in the last seconds."""
        return self._thread.is_alive() and self._clock_s() - self._failed_s >= TROUBLE_SECONDS

    @property
    def waits_seconds(self) -> float:
        """How long the first of those requests waits whose events are not durable yet; 0 where there is none."""
        with self._since_lock:
            first_s = next(iter(self._since_s.values()), None)
        return 0.0 if first_s is None else self._clock_s() - first_s

    @property
    def clock_ahead_seconds(self) -> float | None:
        """As the producer says it."""
        return self._producer.clock_ahead_seconds

    async def take(
        self,
        events: Events,
        patience_seconds: float,
        is_over: Callable[[], None],
        *,
        refused: Events = (),
        keeps_refused: bool = False,
    ) -> Taken:
        """Returns when every event is durable or rejected; `is_over` is called when none of them is in memory any more. What was `refused`
        before, and with `keeps_refused` what is rejected, is sent into the quarantine then, as far as it can be; not if this raises.

        Raises:
            TouchlineError: full, unreachable or not acknowledged in time; sending all again is harmless.
        """
        outcome: asyncio.Future[Taken] = self._loop.create_future()
        if not self._fresh:  # those that come in one turn of the loop are handed over together
            self._loop.call_soon(self._hand_over)
        job = _Job(events, self._end, outcome, is_over, refused, keeps_refused)
        self._fresh.append(job)
        with self._since_lock:
            self._since_s[job] = self._clock_s()
        try:
            with self._deadlines.within(patience_seconds):
                return await outcome
        except TimeoutError:
            self._wait_no_more(job)
            if outcome.done() and not outcome.cancelled():  # it came in the same turn of the loop
                return outcome.result()
            self._failed_s = self._clock_s()
            raise EngineUnreachable(
                f"the events were not acknowledged within {patience_seconds:g} s",
                "send them again: what arrived counts once",
            ) from None

    async def close(self, patience_seconds: float) -> None:
        """Ends the thread after all that was taken; gives up waiting for it when the patience is over. What is refused of requests that
        end from now on is told only."""
        self._is_closing = True
        self._hand_over()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join, patience_seconds)

    def _hand_over(self) -> None:
        if self._fresh:
            jobs, self._fresh = self._fresh, []
            self._jobs.put(jobs)

    def _end(self, job: _Job, ended: Taken | Exception) -> None:
        """Called in any thread; those that end together are told together."""
        self._wait_no_more(job)  # here, not when the loop hears of it, which may be long after where much comes
        self._ended.append((job, ended))
        if self._is_telling:  # looked at after the job was added: whoever tells has not begun
            return
        self._is_telling = True
        try:
            self._loop.call_soon_threadsafe(self._tell)
        except RuntimeError:  # the loop is closed: the process ends, and nobody can be told
            pass

    def _wait_no_more(self, job: _Job) -> None:
        with self._since_lock:
            self._since_s.pop(job, None)

    def _tell(self) -> None:
        self._is_telling = False
        to_keep: list[_Job] = []
        while self._ended:
            job, ended = self._ended.popleft()
            if isinstance(ended, Taken) and job.taken is None and self._is_to_keep(job):
                job.taken = ended
                to_keep.append(job)
                continue
            job.is_over()
            if job.outcome.done():  # nobody waits any more
                continue
            if isinstance(ended, Taken):
                job.outcome.set_result(ended)
            else:
                self._failed_s = self._clock_s()
                job.outcome.set_exception(ended)
        if to_keep:
            self._jobs.put(to_keep)

    def _is_to_keep(self, job: _Job) -> bool:
        """Nobody waits for a request that took too long: its sender was told to send all of it again."""
        return not (self._is_closing or job.outcome.done()) and bool(job.refused)

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            jobs, is_last = self._collect(first)
            self._keep_refused([job for job in jobs if job.taken is not None])
            self._look()
            fresh = [job for job in jobs if job.taken is None]
            if self._has_outbox:
                self._emit_together(fresh)
            else:
                for job in fresh:
                    self._emit_one(job)
            if is_last:
                return

    def _collect(self, jobs: list[_Job]) -> tuple[list[_Job], bool]:
        """What waits, until it is EVENTS_TOGETHER; whether the end was among it."""
        while sum(len(job.events) for job in jobs) < EVENTS_TOGETHER:
            try:
                more = self._jobs.get_nowait()
            except Empty:
                break
            if more is None:
                return jobs, True
            jobs += more
        return jobs, False

    def _emit_together(self, jobs: Sequence[_Job]) -> None:
        starts = [0, *accumulate(len(job.events) for job in jobs)]

        def place(number: int) -> tuple[_Job, int]:
            at = bisect_right(starts, number) - 1
            return jobs[at], number - starts[at]

        def reject(number: int, error: EventRejected) -> None:
            job, position = place(number)
            job.reject(position, error)

        def suppress(number: int) -> None:
            job, position = place(number)
            job.suppressed.add(position)

        def mask(number: int, findings: tuple[Finding, ...]) -> None:
            job, position = place(number)
            job.masked[position] = findings

        try:
            events = chain.from_iterable(job.events for job in jobs)
            self._producer.emit_many(events, on_rejected=reject, on_suppressed=suppress, on_masked=mask)
        except OutboxFull as full:
            self._end_in_part(jobs, full)
        except Exception as error:
            self._emit_alone(jobs, error)
        else:
            for job in jobs:
                job.finish()

    def _keep_refused(self, jobs: Sequence[_Job]) -> None:
        """In one write, before the requests are answered. Best effort: the senders hear of what is refused all the same."""
        if not jobs:
            return
        refused = [event for job in jobs for event in job.refused]
        try:
            lost, error = len(refused) - self._producer.emit_many_refused(refused), ""
        except Exception as failure:
            lost, error = len(refused), type(failure).__name__
        if lost:
            self._refused_not_kept(lost)
            log.warning("refused_not_kept", extra={"fields": {"error": error or "too large", "events": lost}})
        for job in jobs:
            assert job.taken is not None
            self._end(job, job.taken)

    def _end_in_part(self, jobs: Sequence[_Job], full: OutboxFull) -> None:
        """Of the requests that shared a write the first ones may be safe."""
        left = full.taken
        for job in jobs:
            left -= len(job.events) - len(job.rejected)
            if left >= 0:
                job.finish()
            else:
                job.fail(full)

    def _emit_alone(self, jobs: Sequence[_Job], error: Exception) -> None:
        """One request's fault must not be its neighbours': each is tried by itself. What was kept before counts once."""
        if len(jobs) == 1:
            if not isinstance(error, TouchlineError):
                log.exception("emitting failed")
            jobs[0].fail(error)
            return
        for job in jobs:
            job.rejected.clear()
            job.suppressed.clear()
            job.masked.clear()
            self._emit_together([job])

    def _emit_one(self, job: _Job) -> None:
        try:
            sent = self._producer.emit_many(
                job.events,
                on_rejected=job.reject,
                on_delivery=job.delivered,
                on_suppressed=job.suppressed.add,
                on_masked=job.masked.__setitem__,
            )
        except Exception as error:
            if not isinstance(error, TouchlineError):
                log.exception("emitting failed")
            job.fail(error)
        else:
            job.sent(sent)
