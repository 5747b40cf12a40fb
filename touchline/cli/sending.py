"""What the commands that send have in common: the configured producer, and a quiet Kafka log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from touchline.log import quiet_kafka_log
from touchline.producers.kafka import TouchpointProducer
from touchline.producers.outbox.config import OutboxConfig
from touchline.schemas.sources import Sources
from touchline.settings import Settings

CONNECT_TIMEOUT_SECONDS = 5.0


def open_producer(settings: Settings, outbox: Path | None = None, sources: Sources | None = None) -> TouchpointProducer:
    """The configured producer; `outbox` is the folder of one instead of `outbox_dir`, `sources` those of a file that was read before.
    Raises EngineUnreachable, WrongUsage, OutboxUnusable."""
    quiet_sending_log()
    options: dict[str, Any] = {} if outbox is None else {"outbox": OutboxConfig.from_settings(settings, outbox)}
    if sources is not None:
        options["sources"] = sources
    return TouchpointProducer.from_settings(settings, connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS, **options)


def quiet_sending_log() -> None:
    """A command says once that Kafka does not answer, with the remedy. What waits in the outbox it says, too."""
    quiet_kafka_log()
    logging.getLogger("touchline.producers.outbox").setLevel(logging.ERROR)
