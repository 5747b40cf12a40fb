"""The collector's life: open the producer, listen, serve; on SIGTERM stop listening, answer what was begun, close the producer."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from dataclasses import replace
from typing import Any, Final

from touchline.errors import WrongUsage
from touchline.producers.collector.app import Collector
from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.front import Front
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import Rate, Room
from touchline.producers.collector.live_files import LiveNames, LiveWebhooks
from touchline.producers.collector.live_keys import LiveWriteKeys
from touchline.producers.collector.metrics import CollectorMeter
from touchline.producers.collector.vendors import fronts_of
from touchline.producers.collector.webhooks import WebhookFront
from touchline.producers.content_key import ContentKey
from touchline.producers.garbage import rare_collections
from touchline.producers.kafka import TouchpointProducer
from touchline.producers.outbox.config import OutboxConfig
from touchline.schemas.sources import Sources
from touchline.service.live_sources import LiveSources
from touchline.service.open_files import raise_open_files
from touchline.service.runner import Limits, Service, on_stop_signal
from touchline.settings import Settings

log = logging.getLogger("touchline.collector")

CONNECT_SECONDS: Final = 5.0
SHUTDOWN_SECONDS: Final = 10.0
"""For requests that are open when the collector is told to stop."""
LAST_DRAIN_SECONDS: Final = 2.0
"""What the outbox still holds then is safe there."""
LIMITS: Final = Limits(
    keepalive_seconds=30.0,
    last_answers_seconds=1.0,
    read_buffer_bytes=32 << 10,
    linger_seconds=2.0,
    backlog=1024,
    unzips=False,  # body.py does, within its own bounds
)
FILES_BESIDE: Final = 128
"""Open files that are no connections of senders: the outbox, Kafka, libraries."""
SWITCH_SECONDS: Final = 0.0005
"""The loop lets go of Python's lock at each read and write; the intake, which computes, would keep it for 5 ms each time."""
OUTBOX_BLOCK_SECONDS: Final = 0.5
"""Longest time that the intake waits for a full outbox: senders are to hear of it."""


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises WrongUsage (keys, sources, port), EngineUnreachable (no outbox, and Kafka away), OutboxUnusable.
    """
    with rare_collections():
        await _serve(settings)


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    on_stop_signal(stop.set)
    open_files = raise_open_files()
    sys.setswitchinterval(SWITCH_SECONDS)
    if not settings.person_key_file.is_file():
        raise WrongUsage(
            f"there is no person key file {settings.person_key_file}",
            "start the local stack once (touchline up), or set person_key_file",
        )
    content_key = ContentKey.from_file(settings.content_key_file)
    meter = CollectorMeter(settings.outbox_dir)
    live_sources = LiveSources(settings.sources_file, meter.meter, log)
    sources = live_sources.open()
    keys = LiveWriteKeys(settings.write_keys_file, meter.meter, log)
    keys.open_for(sources)
    names = LiveNames(settings.sender_names_file, meter.meter, log)
    webhooks = LiveWebhooks(settings.webhooks_file, meter.meter, log, live_sources.now)
    producer = await asyncio.to_thread(_open_producer, settings, sources)
    live_sources.then(producer.declare)
    keys.compare_with(live_sources.now)
    intake = Intake(
        producer,
        has_outbox=settings.outbox_dir is not None,
        look=live_sources.look,
        refused_not_kept=meter.refused_not_kept,
    )
    fronts: tuple[Front, ...] = (
        EventsFront(),
        *fronts_of(names.now, content_key.id_of),
        WebhookFront(webhooks.now, count_unmapped=meter.unmapped),
    )
    collector = Collector(
        settings,
        fronts,
        keys,
        intake,
        Rate(settings.collector_events_per_second, time.monotonic),
        Room(settings.collector_in_flight_bytes),
        meter,
        live_sources,
        (names, webhooks),
    )
    looking = [asyncio.create_task(one.keep_looking()) for one in (live_sources, keys, names, webhooks)]
    service = Service(
        collector.app,
        settings.collector_host,
        settings.collector_port,
        LIMITS,
        "set collector_host or collector_port",
    )
    try:
        await service.start()
        log.info("listening", extra={"fields": _described(settings, keys, open_files - FILES_BESIDE)})
        await stop.wait()
        log.info("stopping")
    finally:
        for task in looking:
            task.cancel()
        await service.stop(lambda: collector.answer_the_last(SHUTDOWN_SECONDS))
        await intake.close(SHUTDOWN_SECONDS)
        await asyncio.to_thread(producer.close, SHUTDOWN_SECONDS if settings.outbox_dir is None else LAST_DRAIN_SECONDS)
        log.info("stopped", extra={"fields": {"on_their_way": producer.counts.on_their_way}})


def _open_producer(settings: Settings, sources: Sources) -> TouchpointProducer:
    options: dict[str, Any] = {"sources": sources}
    if settings.outbox_dir is not None:
        config = OutboxConfig.from_settings(settings)
        options["outbox"] = replace(config, block_seconds=min(config.block_seconds, OUTBOX_BLOCK_SECONDS))
    return TouchpointProducer.from_settings(settings, connect_timeout_seconds=CONNECT_SECONDS, **options)


def _described(settings: Settings, keys: LiveWriteKeys, connections: int) -> dict[str, object]:
    return {
        "at": f"http://{settings.collector_host}:{settings.collector_port}",
        "write_keys": len(keys),
        "durable_in": settings.outbox_dir or "kafka",
        "connections_max": connections,
    }
