"""The worker's life: wait for what it needs, join the group, store until told to stop; join again after whatever breaks.

    topic found ──▶ store built ──▶ session ──▶ stopped
                       ▲    │        ▲    │
                       └────┘        └────┘
                    engine away      Faust crashed, reading stuck, topic created anew: leave, wait for Kafka, join again

SIGTERM and SIGINT end it with status 0; Kafka absent at the start with 3; topic, login, schema or maps that are not as
they must be with 2; a bug in the pipeline with 1. A member that cannot leave in time is ended by running the same
command line anew. Progress is ClickHouse's, so ending at any moment loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn, TypeVar

from touchline.errors import EngineUnreachable, TouchlineError, WrongUsage
from touchline.kafka.topic import TopicDescription, describe_topic
from touchline.log import frames_of, log_event, logger
from touchline.metrics.declared import ENGINE_AWAY, REJOINS, WORKER
from touchline.metrics.meter import Meter
from touchline.processors.values.protocol import Store
from touchline.processors.worker.endpoint import Endpoint
from touchline.processors.worker.garbage import collect_garbage
from touchline.processors.worker.health import Health
from touchline.processors.worker.session import Ending, Session
from touchline.service.live_sources import LiveSources
from touchline.service.runner import on_stop_signal
from touchline.settings import Settings

StoreBuilder = Callable[[Callable[[], bool]], Store]
"""Builds the store, given a function that says whether the worker is to stop. Raises EngineUnreachable while
ClickHouse is away."""

Found = TypeVar("Found")

RETRY_SECONDS = 2.0


async def serve(settings: Settings, ready_file: Path | None = None) -> int:
    """Run the pipeline of this configuration as a worker; see `Worker.run`."""
    from touchline.processors.worker.build import build_pipeline

    meter = Meter(WORKER)
    live_sources = LiveSources(settings.sources_file, meter, logger)

    def incarnation(topic: str) -> str:
        return describe_topic(settings.kafka_bootstrap, topic).incarnation

    def build_store(should_stop: Callable[[], bool]) -> Store:
        return build_pipeline(
            settings, topic_incarnation=incarnation, should_stop=should_stop, live_sources=live_sources, meter=meter
        )

    return await Worker(settings, build_store, ready_file, meter, live_sources).run()


class Worker:
    """One worker process. `run` ends by its exit status or by a TouchlineError that says what to mend."""

    def __init__(
        self,
        settings: Settings,
        build_store: StoreBuilder,
        ready_file: Path | None = None,
        meter: Meter | None = None,
        live_sources: LiveSources | None = None,
    ) -> None:
        self._settings = settings
        self._build_store = build_store
        self._meter = meter or Meter(WORKER)
        self._sources = live_sources or LiveSources(settings.sources_file, self._meter, logger)
        self._health = Health(ready_file, self._meter)
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT; returns 0, or 1 after a bug.

        Raises EngineUnreachable when Kafka is absent at the start, WrongUsage when the topic, the login or
        ClickHouse's schema is not as it must be, EngineUnreachable also after a stall where stall_action says so.
        """
        self._health.begin()
        on_stop_signal(self._told_to_stop)
        endpoint = Endpoint(self._settings, self._health, self._meter, self._sources)
        await endpoint.start()
        try:
            return await self._run()
        finally:
            await endpoint.stop()

    async def _run(self) -> int:
        found = await self._unless_stopped(self._describe())
        if found is None:
            return 0
        log_event(
            logging.INFO,
            "topic_found",
            topic=self._settings.topic,
            partitions=found.partition_count,
            incarnation=found.incarnation,
        )
        thread = ThreadPoolExecutor(1, "store")
        store = await self._store(thread)
        beside = [asyncio.create_task(collect_garbage()), asyncio.create_task(self._sources.keep_looking())]
        try:
            return 0 if store is None else await self._serve(store, thread, found)
        finally:
            for task in beside:
                task.cancel()
            thread.shutdown(wait=False, cancel_futures=True)
            self._health.end()
            log_event(logging.INFO, "stopped")

    def _told_to_stop(self) -> None:
        self._health.stop()
        self._stop.set()

    async def _serve(self, store: Store, thread: ThreadPoolExecutor, found: TopicDescription) -> int:
        while True:
            session = Session(self._settings, store, thread, found.incarnation, self._health.tell, self._meter)
            ending = await session.run(self._stop)
            left = await session.leave()
            if ending is Ending.STOPPED:
                if not session.is_store_busy:
                    store.close()
                return 0
            if ending is Ending.FAILED:
                return _failed(session.failure)
            if ending is Ending.STORE_STUCK:
                raise EngineUnreachable(
                    f"ClickHouse has taken nothing for {self._settings.stall_seconds:.0f} s, and stall_action is end",
                    "see the reasons of store_waits in the log; nothing is lost, start the worker again",
                )
            log_event(logging.WARNING, "rejoining", because=ending.value)
            self._meter.add(REJOINS, 1, ending.value)
            self._health.tell(0, 0, "rejoining")
            again = await self._wait_for_kafka()
            if again is None:
                return 0
            if not left:
                start_over()
            found = again

    async def _store(self, thread: ThreadPoolExecutor) -> Store | None:
        while not self._stop.is_set():
            building = asyncio.get_running_loop().run_in_executor(thread, self._build_store, self._stop.is_set)
            try:
                return await self._unless_stopped(building)
            except EngineUnreachable as error:
                log_event(logging.WARNING, "engine_away", what=error.what, hint=error.hint)
                self._meter.add(ENGINE_AWAY, 1, "clickhouse")
                await self._pause()
        return None

    async def _wait_for_kafka(self) -> TopicDescription | None:
        while not self._stop.is_set():
            await self._pause()
            try:
                return await self._unless_stopped(self._describe())
            except (EngineUnreachable, WrongUsage) as error:
                event = "kafka_away" if isinstance(error, EngineUnreachable) else "topic_missing"
                log_event(logging.WARNING, event, what=error.what, hint=error.hint)
                self._meter.add(ENGINE_AWAY, 1, "kafka")
        return None

    async def _describe(self) -> TopicDescription:
        return await asyncio.to_thread(describe_topic, self._settings.kafka_bootstrap, self._settings.topic)

    async def _unless_stopped(self, work: Awaitable[Found]) -> Found | None:
        """The result of the work, or None as soon as the worker is told to stop: an engine that hangs must not hold up the end."""
        working, stopping = asyncio.ensure_future(work), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            for task in (working, stopping):
                task.cancel()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), RETRY_SECONDS)
        except TimeoutError:
            pass


def start_over() -> NoReturn:
    """Run this process's command line anew under the same pid: the only certain end of threads that wait for a
    broker."""
    log_event(logging.WARNING, "starting_over", because="the old member did not leave the group in time")
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _failed(failure: BaseException | None) -> int:
    if isinstance(failure, TouchlineError):
        raise failure
    if failure is not None:
        log_event(logging.ERROR, "bug", error=type(failure).__name__, at=frames_of(failure))
    return TouchlineError.exit_status
