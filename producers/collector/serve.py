"""The collector's life: open the producer, listen, serve; on SIGTERM stop listening, answer what was begun, close the producer."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from dataclasses import replace
from typing import Final

from aiohttp import web

from touchline.errors import WrongUsage
from touchline.producers.collector.access import WriteKeys
from touchline.producers.collector.app import Collector
from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import Rate, Room
from touchline.producers.kafka import TouchpointProducer
from touchline.producers.outbox.config import OutboxConfig
from touchline.schemas.sources import load_sources
from touchline.settings import Settings

log = logging.getLogger("touchline.collector")

CONNECT_SECONDS: Final = 5.0
KEEPALIVE_SECONDS: Final = 30.0
"""So long may a connection be idle, or take for the head of a request."""
SHUTDOWN_SECONDS: Final = 10.0
LAST_ANSWERS_SECONDS: Final = 1.0
"""For requests that are still open after that."""
LAST_DRAIN_SECONDS: Final = 2.0
"""What the outbox still holds then is safe there."""
LINGER_SECONDS: Final = 2.0
READ_BUFFER_BYTES: Final = 32 << 10
BACKLOG: Final = 1024
OUTBOX_BLOCK_SECONDS: Final = 0.5
"""A full outbox makes the intake wait at most so long: senders are to hear of it."""


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises WrongUsage (keys, sources, port), EngineUnreachable (no outbox, and Kafka away), OutboxUnusable.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not settings.person_key_file.is_file():
        raise WrongUsage(
            f"there is no person key file {settings.person_key_file}",
            "start the local stack once (touchline up), or set person_key_file",
        )
    keys = WriteKeys.from_file(settings.write_keys_file, load_sources(settings.sources_file))
    producer = await asyncio.to_thread(_open_producer, settings)
    intake = Intake(producer, has_outbox=settings.outbox_dir is not None)
    collector = Collector(
        settings,
        (EventsFront(),),
        keys,
        intake,
        Rate(settings.collector_events_per_second, time.monotonic),
        Room(settings.collector_in_flight_bytes),
    )
    logging.getLogger(
        "aiohttp.server"
    ).disabled = True  # it logs addresses of clients; faults of ours are logged by the application
    runner = _runner(collector.app)
    try:
        await runner.setup()
        await _listen(runner, settings)
        log.info("listening", extra={"fields": _described(settings, keys)})
        await stop.wait()
        log.info("stopping")
    finally:
        for site in runner.sites:
            await site.stop()
        # Before aiohttp's own shutdown, which reads no further from connections: a body that has begun to arrive may end.
        await collector.answer_the_last(SHUTDOWN_SECONDS)
        await runner.cleanup()
        await intake.close(SHUTDOWN_SECONDS)
        await asyncio.to_thread(producer.close, SHUTDOWN_SECONDS if settings.outbox_dir is None else LAST_DRAIN_SECONDS)
        log.info("stopped", extra={"fields": {"on_their_way": producer.counts.on_their_way}})


def _runner(app: web.Application) -> web.AppRunner:
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=KEEPALIVE_SECONDS,
        lingering_time=LINGER_SECONDS,
        read_bufsize=READ_BUFFER_BYTES,
        shutdown_timeout=LAST_ANSWERS_SECONDS,
    )


def _open_producer(settings: Settings) -> TouchpointProducer:
    options = {}
    if settings.outbox_dir is not None:
        config = OutboxConfig.from_settings(settings)
        options["outbox"] = replace(config, block_seconds=min(config.block_seconds, OUTBOX_BLOCK_SECONDS))
    return TouchpointProducer.from_settings(settings, connect_timeout_seconds=CONNECT_SECONDS, **options)


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    site = web.TCPSite(runner, settings.collector_host, settings.collector_port, backlog=BACKLOG)
    try:
        await site.start()
    except OSError as error:
        raise WrongUsage(
            f"cannot listen on {settings.collector_host}:{settings.collector_port} ({error.strerror})",
            "set collector_host or collector_port",
        ) from None


def _described(settings: Settings, keys: WriteKeys) -> dict[str, object]:
    return {
        "at": f"http://{settings.collector_host}:{settings.collector_port}",
        "write_keys": len(keys),
        "durable_in": settings.outbox_dir or "kafka",
    }
