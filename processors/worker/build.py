"""Put the store loop together from the configuration: what is read once, checked once, and handed to the steps."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from touchline.clickhouse.connect import connect, connect_as, explained
from touchline.errors import EngineUnreachable, WrongUsage
from touchline.journey.compile import compile_map
from touchline.kafka.partitioning import partition_of
from touchline.kafka.topic import describe_topic
from touchline.log import log_event
from touchline.map_changes.start import BegunMaps, register_configuration
from touchline.metrics.meter import Meter
from touchline.processors.homes import Homes
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.pipeline import Pipeline
from touchline.processors.state.disk import is_full
from touchline.processors.state.erasures import Erasures
from touchline.processors.state.slot import claim_slot
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.validate import Validator
from touchline.processors.worker.maps import StoredMaps
from touchline.schemas.erasure import ErasureSecret
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import find_map, load_map
from touchline.schemas.sources import Sources
from touchline.service.live_sources import LiveSources
from touchline.settings import Settings
from touchline.sql.schema.migrate import require_schema
from touchline.sql.schema.reference import register_hub_neighbours, register_sources

STORE_TIMEOUT_SECONDS = 120.0
SCHEMA_TIMEOUT_SECONDS = 30.0


def build_pipeline(
    settings: Settings,
    *,
    topic_incarnation: Callable[[str], str],
    should_stop: Callable[[], bool],
    live_sources: LiveSources,
    meter: Meter | None = None,
) -> StoreLoop:
    """The store loop of one worker, after everything it needs has been found in order.

    Raises WrongUsage (wrong login, schema, map, sources, key files or state folder) and EngineUnreachable (no ClickHouse, no Kafka, a full
    disk).
    """
    maps = [load_map(find_map(name, settings.journeys_dir, settings.project_dir)) for name in settings.maps]
    sources = live_sources.open()
    cipher = Cipher.from_file(settings.payload_key_file)
    erasures = Erasures(_erasure_secret(settings.erasure_secret_file))
    require_secret(sources, has_secret=erasures.has_secret, path=settings.erasure_secret_file)
    topic = describe_topic(settings.kafka_bootstrap, settings.topic)
    begun = _begin(settings, maps, sources)
    pipeline = Pipeline(
        Validator(sources, settings.company_zone, cipher),
        [compile_map(one) for one in begun.maps],
        cipher,
        Homes(lambda key: partition_of(key, topic.partition_count), topic.partition_count),
        hub_neighbours=settings.hub_neighbours,
        erasures=erasures,
    )
    pipeline.attach_under(begun.change, pipeline.maps)

    def declare(new: Sources) -> None:
        try:
            require_secret(new, has_secret=erasures.has_secret, path=settings.erasure_secret_file)
        except WrongUsage as error:  # the events are worth more than their end: it waits for a start with the file
            log_event(logging.ERROR, "retention_waits", because=error.what, hint=error.hint)
        pipeline.declare(Validator(new, settings.company_zone, cipher))

    live_sources.then(
        declare,
        lambda new: _register(settings, new),
    )
    return StoreLoop(
        pipeline,
        ClickHouseLedger(lambda: connect_as(ColumnClient, settings, STORE_TIMEOUT_SECONDS)),
        state_dir=_state_dir(settings),
        id_bytes_max=settings.id_memory_mb << 20,
        writer=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        incarnation_of=topic_incarnation,
        should_stop=should_stop,
        meter=meter,
        look=live_sources.look,
        maps=StoredMaps(settings, maps[0].map),
    )


def _erasure_secret(path: Path) -> ErasureSecret | None:
    """None where there is no such file: then no request to erase may stand either."""
    return ErasureSecret.from_file(path) if path.exists() else None


def require_secret(sources: Sources, *, has_secret: bool, path: Path) -> None:
    """Raises WrongUsage where a source ends its events and there is no secret to hide them by."""
    ending = [name for name, one in sorted(sources.items()) if one.when_expired is not None]
    if ending and not has_secret:
        raise WrongUsage(
            f"{ending[0]} declares when_expired, and there is no erasure secret in {path}",
            "write one line of 64 random hex digits into the file of erasure_secret_file, mode 0600, the same for every worker; "
            "or take when_expired out of sources.yaml, so that nothing ends",
        )


def _state_dir(settings: Settings) -> Path:
    try:
        return claim_slot(settings.state_dir).path
    except OSError as error:
        if is_full(error):
            raise EngineUnreachable(
                f"the disk of the state folder is full: {settings.state_dir}", "free space there, or set state_dir"
            ) from None
        raise WrongUsage(
            f"the state folder cannot be used: {settings.state_dir} ({error.strerror})",
            "give the worker's user the right to write there, or set state_dir",
        ) from None


def _begin(settings: Settings, maps: Sequence[JourneyMap], sources: Sources) -> BegunMaps:
    """The schema is there, maps and sources are known, and what is new begins to be applied."""
    client = connect(settings, timeout_seconds=SCHEMA_TIMEOUT_SECONDS)
    try:
        with explained(settings):
            require_schema(client)
            begun = register_configuration(client, maps, sources)
            register_hub_neighbours(client, settings.hub_neighbours)
    finally:
        client.disconnect()
    stand = ", ".join(f"{one.map}@{one.version}" for one in begun.maps)
    log_event(logging.INFO, "maps", stand=stand, begun=", ".join(f"{name}@{version}" for name, version in begun.new))
    for name, version in begun.dropped:
        log_event(
            logging.WARNING,
            "map_dropped",
            map=name,
            version=version,
            hint="it stays dropped; `touchline map apply` brings it back",
        )
    return begun


def _register(settings: Settings, sources: Sources) -> None:
    client = connect(settings, timeout_seconds=SCHEMA_TIMEOUT_SECONDS)
    try:
        with explained(settings):
            register_sources(client, sources)
    finally:
        client.disconnect()
