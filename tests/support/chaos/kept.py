"""What stands in the end: in the topic, as a reader of Kafka is given it, and in the ledger of ClickHouse."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from kafka import KafkaConsumer, TopicPartition

from tests.support.chaos.sender import Offsets, digest_of
from tests.support.chaos.verdict import Fates
from tests.support.engines import Ledger
from touchline.account.reconcile import reconcile
from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import read_offsets
from touchline.local.process import Part
from touchline.settings import Settings

POLL_MS: Final = 1_000
QUIET_POLLS: Final = 3
FATES: Final = (
    "SELECT toUInt32(splitByChar('/', toString(stream))[3]), offset, toInt64(sum(sign)) FROM journey_raw.ledger WHERE kind = 'received' "
    "GROUP BY ALL"
)
BUG: Final = re.compile(r"event=bug\b")


def read_topic(settings: Settings) -> Offsets:
    """Every record that is not of an aborted transaction, up to the ends of now."""
    found: Offsets = {}
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap.split(","), group_id=None, enable_auto_commit=False, isolation_level="read_committed"
    )  # fmt: skip
    try:
        ends = read_offsets(settings).end
        partitions = [TopicPartition(settings.topic, number) for number in ends]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        quiet = 0  # marks of transactions at the end are given to nobody
        while quiet < QUIET_POLLS and any(consumer.position(one) < ends[one.partition] for one in partitions):
            polled = consumer.poll(timeout_ms=POLL_MS)
            quiet = 0 if polled else quiet + 1
            for partition, records in polled.items():
                kept = found.setdefault(partition.partition, {})
                kept.update((one.offset, digest_of(one.key, one.value)) for one in records)
    finally:
        consumer.close()
    return found


def read_fates(settings: Settings) -> Fates:
    """Partition -> offset -> fates that stand."""
    client = connect(settings)
    found: dict[int, dict[int, int]] = {}
    for partition, offset, count in client.execute(FATES):
        found.setdefault(partition, {})[offset] = count
    client.disconnect()
    return found


def unclean(ledger: Ledger) -> list[str]:
    """What `touchline reconcile` names."""
    client = connect(ledger.settings)
    try:
        found = reconcile(client, ledger.settings, wait_seconds=60)
        return [f"{one.check}: {one.subject}: {one.said}" for one in found.differences]
    finally:
        client.disconnect()


def bugs_of(parts: Iterable[Part]) -> list[str]:
    """Lines of the workers' logs that no run may have."""
    found = []
    for part in parts:
        for path in (part.log_path.with_suffix(".log.1"), part.log_path):
            if path.exists():
                with path.open(encoding="utf-8", errors="replace") as log:
                    found += [f"{part.name}: {line.strip()[:200]}" for line in log if BUG.search(line)]
    return found
