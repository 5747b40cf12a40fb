"""One membership in the consumer group: join, watch, leave. Why it ended decides what the worker does next.

`on_health` is told generation, number of partitions, state and the partitions that stand at a batch which cannot be read, whenever one
changes; the state is `ready`, `unreadable`, or what the watchdog found.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from time import monotonic

from faust.types import TP

from touchline.errors import EngineUnreachable, WrongUsage
from touchline.kafka.topic import describe_topic
from touchline.log import frames_of, log_event
from touchline.metrics.declared import ASSIGNED, ENGINE_AWAY, LAG, REBALANCES, STORE_BUSY, UNREADABLE, WORKER
from touchline.metrics.meter import Meter
from touchline.processors.values.protocol import Assigned, Store
from touchline.processors.worker.app import build_app, consumer_of
from touchline.processors.worker.handover import Handover, TopicChanged
from touchline.processors.worker.health import UnreadablePartition
from touchline.processors.worker.watchdog import Standing, Verdict, Watchdog, durable_offset, lags_of
from touchline.settings import Settings

WATCH_SECONDS = 1.0
TOPIC_CHECK_SECONDS = 15.0
PAUSE_SECONDS_MAX = 20.0
"""Between two ticks while records wait: how long merges and claims may wait beside a backlog."""
MARK_CHECK_SECONDS = 5.0
LEAVE_SECONDS = 3.5
FINISH_SECONDS = 0.8


class Ending(Enum):
    STOPPED = "stopped"
    FAILED = "failed"
    CRASHED = "crashed"
    READING_STUCK = "reading_stuck"
    STORE_STUCK = "store_stuck"
    TOPIC_CHANGED = "topic_changed"


class Session:
    """`run` joins and returns why it ended; `leave` must follow. `failure` then holds what the store raised, if it
    did."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        thread: ThreadPoolExecutor,
        incarnation: str,
        on_health: Callable[[int, int, str, tuple[UnreadablePartition, ...]], None],
        meter: Meter | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._incarnation = incarnation
        self._on_health = on_health
        self._meter = meter or Meter(WORKER)
        self._handover = Handover(store, thread, self._meter)
        self._watchdog = Watchdog(settings.stall_seconds)
        self._told: tuple[str, tuple[UnreadablePartition, ...]] = ("ready", ())
        self._topic_changed = False
        self._partitions: set[TP] = set()
        self._generation = -1
        self._lag = 0
        self.app = build_app(settings, self._handover, self._assigned, self._revoked)
        self.app.on_rebalance_complete.connect(self._joined, weak=False)

    @property
    def failure(self) -> BaseException | None:
        return self._handover.failure

    @property
    def is_store_busy(self) -> bool:
        return self._handover.is_store_busy

    async def run(self, stop: asyncio.Event) -> Ending:
        """Join the group and hand batches over until something ends it."""
        joining = asyncio.create_task(self.app.start())
        helpers = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(self._handover.failed.wait()),
            asyncio.create_task(self._check_topic()),
            asyncio.create_task(self._check_marks()),
            asyncio.create_task(self._tick()),
        ]
        try:
            while True:
                await asyncio.wait(helpers[:2], timeout=WATCH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                ending = self._ending(stop, joining)
                if ending is not None:
                    return ending
        finally:
            for task in [*helpers, joining]:
                task.cancel()
            await asyncio.gather(*helpers, joining, return_exceptions=True)

    async def leave(self) -> bool:
        """Let the batch in flight finish if it can within FINISH_SECONDS, commit, leave the group. False: it took too long (a
        dead broker), and the old member may still be alive in its thread."""
        deadline = monotonic() + FINISH_SECONDS
        while self.is_store_busy and self.failure is None and monotonic() < deadline:
            await asyncio.sleep(0.01)
        deadline = monotonic() + LEAVE_SECONDS
        try:
            await asyncio.wait_for(self.app.stop(), LEAVE_SECONDS)
        except Exception as error:  # a crashed app raises what it finds while it ends
            log_event(logging.WARNING, "leave_failed", error=type(error).__name__)
            return False
        finally:
            self._meter.set(STORE_BUSY, 0)
            self._revoked(set(self._partitions))  # a batch that the store still holds is given up
        return monotonic() < deadline  # Faust swallows the cancellation that wait_for would tell us of

    def _ending(self, stop: asyncio.Event, joining: asyncio.Task[None]) -> Ending | None:
        if stop.is_set():
            return Ending.STOPPED
        if self.failure is not None:
            return Ending.TOPIC_CHANGED if isinstance(self.failure, TopicChanged) else Ending.FAILED
        if self._topic_changed:
            return Ending.TOPIC_CHANGED
        reason = joining.exception() if joining.done() else None
        if reason is not None or self.app.crashed:
            reason = reason or self.app.crash_reason or RuntimeError()
            log_event(logging.WARNING, "faust_crashed", error=type(reason).__name__, at=frames_of(reason))
            return Ending.CRASHED
        return self._watched() if self._partitions else None

    def _watched(self) -> Ending | None:
        consumer = consumer_of(self.app)
        lags, unreadable = lags_of(consumer), consumer.bulk_thread.unreadable.standing.copy()
        # Joining anew does not make a batch readable: only what can be read counts as standing still.
        self._lag = lag = sum(records for tp, records in lags.items() if tp not in unreadable)
        standing = Standing(lag, self._handover.progress, self._handover.busy_since)
        held = 0.0 if standing.busy_since is None else monotonic() - standing.busy_since
        self._meter.set(STORE_BUSY, held)
        self._meter.replace(LAG, {(str(tp.partition),): records for tp, records in lags.items()})
        reasons = {tp: unreadable[tp].reason if tp in unreadable else "none" for tp in lags}
        self._meter.replace(UNREADABLE, {(str(tp.partition), why): int(why != "none") for tp, why in reasons.items()})
        verdict = self._watchdog.judge(standing, monotonic())
        if verdict is not Verdict.FINE:
            log_event(logging.WARNING, verdict.value, lag=standing.lag, held_seconds=round(held))
        standing_at = sorted(UnreadablePartition(tp.partition, at.offset, at.reason) for tp, at in unreadable.items())
        told = (self._state(unreadable), tuple(standing_at))
        if told != self._told:
            self._told = told
            self._tell_health()
        if verdict is Verdict.STORE_HOLDS:
            return Ending.STORE_STUCK if self._settings.stall_action == "end" else None
        return Ending.READING_STUCK if verdict is Verdict.READING_STUCK else None

    async def _check_topic(self) -> None:
        while not self._topic_changed:
            await asyncio.sleep(TOPIC_CHECK_SECONDS)
            try:
                found = await asyncio.to_thread(describe_topic, self._settings.kafka_bootstrap, self._settings.topic)
            except (EngineUnreachable, WrongUsage) as error:
                event = "kafka_away" if isinstance(error, EngineUnreachable) else "topic_missing"
                log_event(logging.WARNING, event, what=error.what, hint=error.hint)
                self._meter.add(ENGINE_AWAY, 1, "kafka")
            else:
                self._topic_changed = found.incarnation != self._incarnation

    async def _check_marks(self) -> None:
        before: dict[TP, int | None] = {}
        while True:
            await asyncio.sleep(MARK_CHECK_SECONDS)
            if not self._partitions:
                continue
            consumer = consumer_of(self.app)
            now = {tp: durable_offset(consumer, tp) for tp in self._partitions}
            quiet = {tp: at for tp, at in now.items() if at is not None and before.get(tp) == at}
            await self._handover.go_back(consumer, self._incarnation, quiet)
            before = now

    async def _tick(self) -> None:
        """Work that comes without records must not wait for the next record."""
        topic, pause_seconds = self._settings.topic, self._settings.tick_seconds
        while True:
            await asyncio.sleep(pause_seconds)
            numbers, generation = sorted(tp.partition for tp in self._partitions), self._generation
            spent_seconds = await self._handover.tick([Assigned(topic, number, generation) for number in numbers])
            pause_seconds = pause_between_ticks(self._settings.tick_seconds, spent_seconds, self._lag)

    def _assigned(self, partitions: set[TP], generation: int) -> None:
        self._partitions, self._generation = set(partitions), generation
        self._meter.add(REBALANCES)
        self._meter.set(ASSIGNED, len(partitions))
        log_event(logging.INFO, "assigned", generation=generation, partitions=_numbers(partitions))
        self._store.on_assigned([tp.partition for tp in partitions], generation)

    def _revoked(self, partitions: set[TP]) -> None:
        self._partitions -= partitions
        self._meter.set(ASSIGNED, len(self._partitions))
        if not self._partitions:
            self._meter.replace(LAG, {})
        if partitions:
            log_event(logging.INFO, "revoked", partitions=_numbers(partitions))
            self._store.on_revoked([tp.partition for tp in partitions])

    async def _joined(self, *_: object, **__: object) -> None:
        log_event(
            logging.INFO, "ready", generation=self.app.consumer_generation_id, partition_count=len(self._partitions)
        )
        self._tell_health()

    def _tell_health(self) -> None:
        self._on_health(self.app.consumer_generation_id, len(self._partitions), *self._told)

    def _state(self, unreadable: Collection[TP]) -> str:
        if self._watchdog.health is not Verdict.FINE:
            return str(self._watchdog.health.value)
        return "unreadable" if unreadable else "ready"


def pause_between_ticks(tick_seconds: float, spent_seconds: float, lag: int) -> float:
    """While records wait, ticks take a third of the time at most: the less often they come, the more they follow in one go, and a look-up
    of many costs little more than one of few."""
    return max(tick_seconds, min(2 * spent_seconds, PAUSE_SECONDS_MAX)) if lag else tick_seconds


def _numbers(partitions: set[TP]) -> str:
    return ",".join(str(number) for number in sorted(tp.partition for tp in partitions)) or "none"
