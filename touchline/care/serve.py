"""The life of `touchline care`: look, tell, deliver; and on SIGTERM or SIGINT let go within seconds.

ClickHouse or Kafka may be away: it waits, says so, and goes on where it was. One thread looks; another brings sinks what waits for them, so
that no delivery waits for a look.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from clickhouse_driver import Client
from clickhouse_driver.errors import Error as ClickHouseError

from touchline.care.desk import CareDesk, Looked
from touchline.care.endpoint import Endpoint
from touchline.care.forgetting import forget_unknown, known_to
from touchline.care.kpi.desk import KpiDesk
from touchline.care.kpi.reader import ViewNumbers
from touchline.care.offers import offers_of
from touchline.care.reader import LedgerFacts
from touchline.care.rules import CareRules, load_rules
from touchline.care.since import began_event, earlier, read_since
from touchline.care.sinks.model import Sink
from touchline.care.sinks.queue import SinkQueue
from touchline.care.sinks.send import sender_of
from touchline.care.store import CareStore
from touchline.clickhouse.connect import connect
from touchline.errors import EngineUnreachable, WrongUsage
from touchline.metrics.declared import CARE, CARE_CHANGES, CARE_LOOK_SECONDS
from touchline.metrics.meter import Meter
from touchline.producers.errors import OutboxFull
from touchline.producers.kafka import TouchpointProducer
from touchline.producers.outbox.config import OutboxConfig
from touchline.schemas.sources import load_sources
from touchline.schemas.times import parse_time
from touchline.service.runner import on_stop_signal
from touchline.settings import Settings
from touchline.sinks.topic import producer_for

log = logging.getLogger("touchline.care")

RETRY_SECONDS: Final = 1.0
FORGET_SECONDS: Final = 3_600.0
KAFKA_SECONDS: Final = 5.0
_Any = TypeVar("_Any")


def now_us() -> int:
    """The clock."""
    return time.time_ns() // 1000


async def serve(settings: Settings, on_ready: Callable[[], None] | None = None) -> None:
    """Runs until SIGTERM or SIGINT.

    Raises WrongUsage for rules, files or sources that are wrong, MapInvalid for a rules file that cannot be read.
    """
    stop = asyncio.Event()
    on_stop_signal(stop.set)
    rules = load_rules(settings.care_rules_file)
    require_source(settings)
    care = Care(settings, rules)
    try:
        await care.start()
        if on_ready is not None:
            on_ready()
        await care.run(stop)
    finally:
        await care.stop()


def require_source(settings: Settings) -> None:
    """Raises WrongUsage where events of cases would be refused, with the lines to write."""
    if settings.care_source not in load_sources(settings.sources_file):
        raise WrongUsage(
            f"{settings.sources_file} does not declare the source {settings.care_source}, so events of cases would be refused",
            f"touchline source add {settings.care_source} --legal-basis legitimate_interests",
        )


class Care:
    """The parts that run together."""

    def __init__(self, settings: Settings, rules: CareRules) -> None:
        self._settings = settings
        self._rules = rules
        self._meter = Meter(CARE)
        self._thread = ThreadPoolExecutor(1, "care")
        self._sinks_thread = ThreadPoolExecutor(1, "care sinks")
        self._store: CareStore | None = None
        self._sinks_store: CareStore | None = None
        self._producer: TouchpointProducer | None = None
        self._desk: CareDesk | None = None
        self._kpis: KpiDesk | None = None
        self._client: Client | None = None
        self._offers = offers_of(settings)
        self._is_ready = self._has_failed = self._has_begun = False
        self._loop: asyncio.AbstractEventLoop
        self._queues = [self._queue(sink) for sink in rules.sinks]
        self._tasks: list[asyncio.Task[None]] = []
        self._endpoint = Endpoint(settings, self._meter, self._counts, lambda: self._is_ready)

    def _queue(self, sink: Sink) -> SinkQueue:
        base = self._settings.care_rules_file
        folder = self._settings.project_dir if base is None else base.parent
        sender = sender_of(sink, folder, producer_for(self._settings.kafka_bootstrap), time.time)
        return SinkQueue(sink, sender, self._stored, now_us, random.random)

    async def _in_thread(self, work: Callable[[], _Any]) -> _Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _stored(self, work: Callable[[CareStore], _Any]) -> _Any:
        store = self._sinks_store
        assert store is not None  # sinks begin after it was opened
        return await asyncio.get_running_loop().run_in_executor(self._sinks_thread, work, store)

    async def start(self) -> None:
        """Opens the store and the outbox; engines are asked later."""
        self._loop = asyncio.get_running_loop()
        folder = self._settings.care_dir
        self._store = await self._in_thread(lambda: CareStore(folder))
        self._sinks_store = await self._loop.run_in_executor(self._sinks_thread, CareStore.to_look_at_beside, folder)
        outbox = OutboxConfig.from_settings(self._settings, self._settings.care_dir / "outbox")
        self._producer = TouchpointProducer.from_settings(self._settings, outbox=outbox)
        await self._endpoint.start()
        self._tasks = [asyncio.create_task(one.run()) for one in self._queues]
        log.info("care_started", extra={"fields": {"rules": len(self._rules.rules), "sinks": len(self._queues)}})

    async def run(self, stop: asyncio.Event) -> None:
        """Looks until it is told to stop. A sink that fails for another reason than its other side is a bug and ends the process."""
        next_forget = 0.0
        while not stop.is_set():
            began = time.monotonic()
            for task in self._tasks:
                if task.done():
                    task.result()
            pause = self._settings.care_poll_seconds
            try:
                looked = await self._in_thread(self._look)
            except (ClickHouseError, EngineUnreachable, OutboxFull, EOFError, OSError) as error:
                pause = RETRY_SECONDS
                self._lose(error)
            else:
                self._is_ready, self._has_failed = True, False
                pause = 0.0 if looked.is_behind else pause
                if looked.alerts:
                    self._ring()
            if began >= next_forget:
                next_forget = began + FORGET_SECONDS
                await self._in_thread(self._forget)
            self._meter.observe(CARE_LOOK_SECONDS, time.monotonic() - began)
            try:
                await asyncio.wait_for(stop.wait(), max(0.0, pause - (time.monotonic() - began)) or 0.001)
            except TimeoutError:
                continue

    def _look(self) -> Looked:
        if self._desk is None:
            self._client = self._client or connect(self._settings, timeout_seconds=30.0)
            since_us = self._since(self._client)
            if since_us is None:
                return Looked(0, 0, 0)
            facts = LedgerFacts(self._client, self._rules)
            sinks = {one.id: frozenset(one.kinds) for one in self._rules.sinks}
            assert self._store is not None  # opened at the start
            self._desk = CareDesk(
                facts, self._store, self._post, self._rules, sinks, self._offers, self._settings.care_source, now_us, since_us,
                round(self._settings.care_lapse_seconds * 1_000_000), self._ring,
            )  # fmt: skip
            self._kpis = KpiDesk(
                ViewNumbers(self._client), self._store, self._desk.post, self._rules, sinks, self._offers, self._settings.care_source,
                now_us, since_us,
            )  # fmt: skip
        looked = _added(self._desk.look(), self._kpis.look() if self._kpis else None)
        if looked.changes:
            self._meter.add(CARE_CHANGES, looked.changes)
            fields = {"persons": looked.persons, "changes": looked.changes, "alerts": looked.alerts}
            log.info("cases_changed", extra={"fields": fields})
        return looked

    def _ring(self) -> None:
        """Sinks have something new; from the thread that looks."""
        for queue in self._queues:
            self._loop.call_soon_threadsafe(queue.ring)

    def _since(self, client: Client) -> int | None:
        """From when on facts are told; None while the ledger does not yet know of the first start."""
        asked, first = self._settings.care_since, read_since(client)
        if first is not None:
            return earlier(first, None if asked is None else parse_time(asked))
        if not self._has_begun:
            self._post([began_event(now_us(), self._settings.care_source)])
            self._has_begun = True
        return None

    def _forget(self) -> None:
        """What is over, and who is erased."""
        assert self._store is not None  # opened at the start
        self._store.forget(now_us())
        if self._client is not None:
            try:
                forget_unknown(self._store, known_to(self._client))
            except (ClickHouseError, EngineUnreachable, EOFError, OSError) as error:
                self._lose(error)

    def _post(self, events: Sequence[dict[str, Any]]) -> None:
        assert self._producer is not None  # opened at the start
        self._producer.emit_many(events)
        self._producer.secure()

    def _lose(self, error: Exception) -> None:
        """ClickHouse is away, or the outbox is full: what was read is read again by a new connection."""
        if not self._has_failed:
            log.warning("look_failed", extra={"fields": {"error": type(error).__name__}})
        self._is_ready, self._has_failed = False, True
        if self._client is not None:
            self._client.disconnect()
        self._client = self._desk = self._kpis = None

    async def stop(self) -> None:
        """Gives everything free. What was not delivered waits in the store."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._endpoint.stop()
        await self._in_thread(self._close)
        if self._sinks_store is not None:
            await self._stored(CareStore.close)
        self._thread.shutdown()
        self._sinks_thread.shutdown()
        log.info("care_stopped")

    def _close(self) -> None:
        if self._producer is not None:
            self._producer.close(KAFKA_SECONDS)
        if self._client is not None:
            self._client.disconnect()
        if self._store is not None:
            self._store.close()

    async def _counts(self) -> dict[tuple[str, str], int]:
        return await self._stored(lambda store: store.counts())


def _added(one: Looked, other: Looked | None) -> Looked:
    """What two desks found."""
    if other is None:
        return one
    return one._replace(changes=one.changes + other.changes, alerts=one.alerts + other.alerts)
