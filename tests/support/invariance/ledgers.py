"""Two ledgers beside each other on one Kafka, each with its own topic and workers; and when one of them is at rest."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clickhouse_driver import Client
from kafka import KafkaProducer

from tests.support.engines import Ledger, own_face
from tests.support.invariance.events import Version
from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import lag
from touchline.local.parts import worker_part
from touchline.local.process import Part
from touchline.local.stack import LocalStack
from touchline.producers.record import RecordMaker
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import load_sources

REST_POLL_SECONDS: Final = 0.5
QUIET_TICKS: Final = 6
WAITING: Final = "SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'claim'"
INSERTS: Final = "SELECT uniqExact(stream, insert_number) FROM journey_raw.ledger WHERE kind = 'mark'"
NOT_WALKED: Final = (
    "SELECT countIf((map_change, walked_to) != ((SELECT max(number) FROM journey_raw.map_changes), 'end')) FROM (SELECT "
    "argMax(map_change, insert_number) AS map_change, argMax(walked_to, insert_number) AS walked_to "
    "FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream)"
)
APPLYING: Final = "SELECT count() FROM journey.map_versions WHERE state = 'applying'"


class NotAtRest(AssertionError):
    """Something still waits although it had time enough."""


class Records:
    """Makes the records of versions, each once; both runs send the same bytes."""

    def __init__(self, stack: LocalStack) -> None:
        sources = load_sources(stack.settings.sources_file)
        keys = PersonKeys.from_file(stack.settings.person_key_file)
        self._maker = RecordMaker(keys, sources, lambda: time.time_ns() // 1_000)

    def send(self, ledger: Ledger, versions: Sequence[Version]) -> None:
        """Until Kafka has all of them."""
        settings = ledger.settings
        producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=20, enable_idempotence=True)
        for one in versions:
            record = self._maker.make(one.event)
            producer.send(settings.topic, record.value, key=record.key, headers=record.headers, partition=one.partition)
        producer.flush()
        producer.close()


@contextmanager
def migrated(stack: LocalStack, folder: Path, **changes: object) -> Iterator[Ledger]:
    """A ledger of its own on the stack's Kafka, empty, with the schema of this release."""
    folder.mkdir()
    with own_face(stack, folder, **changes) as ledger:
        yield ledger


@contextmanager
def workers(stack: LocalStack, ledger: Ledger, count: int) -> Iterator[list[Part]]:
    """Workers that have joined their group, ended with the block."""
    parts = []
    try:
        for number in range(1, count + 1):
            part = Part(worker_part(ledger.settings, number, ledger.environment), ledger.settings.local_dir)
            part.on_start = stack.guard
            part.start()
            parts.append(part)
        yield parts
    finally:
        for part in parts:
            part.terminate()


def wait_for_rest(ledger: Ledger, seconds: float, name: str) -> float:
    """Until nothing waits, neither records nor claims nor walks, and no partition has said anything for some ticks. Returns the seconds
    that it took; raises NotAtRest, which says what still waits."""
    began = time.monotonic()
    client = connect(ledger.settings)
    try:
        inserts, quiet_since = -1, began
        while True:
            waiting = _waiting(ledger, client)
            now = time.monotonic()
            said = int(client.execute(INSERTS)[0][0])
            if said != inserts or waiting:
                inserts, quiet_since = said, now
            elif now - quiet_since > QUIET_TICKS * ledger.settings.tick_seconds:
                return quiet_since - began
            if now - began > seconds:
                raise NotAtRest(f"{name}: after {seconds:.0f} s {waiting or f'inserts go on ({said} by now)'}")
            time.sleep(REST_POLL_SECONDS)
    finally:
        client.disconnect()


def _waiting(ledger: Ledger, client: Client) -> str:
    behind = lag(ledger.settings)
    if behind != 0:
        return f"{behind} records wait"
    for query, what in (
        (WAITING, "claims wait"),
        (NOT_WALKED, "partitions walk"),
        (APPLYING, "map versions are applied"),
    ):
        (count,) = client.execute(query)[0]
        if count:
            return f"{count} {what}"
    return ""


def tell(what: str) -> None:
    """Progress, for whoever looks on."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
