"""What Kafka fills after a restore: from each mark to Kafka's end, if Kafka still has all of it."""

from __future__ import annotations

from typing import NamedTuple

from clickhouse_driver import Client

from touchline.account.accounts import following, read_accounts
from touchline.kafka.offsets import read_offsets, without_marks
from touchline.settings import Settings


class Behind(NamedTuple):
    """A partition of the topic: records that wait in Kafka, and those that Kafka dropped after the backup was taken."""

    partition: int
    waiting: int
    lost: int


def behind_kafka(client: Client, settings: Settings) -> list[Behind]:
    """By partition of the topic as it is now. Raises EngineUnreachable, WrongUsage when there is no such topic."""
    kafka, accounts = read_offsets(settings), read_accounts(client)
    kafka = without_marks(settings, kafka, following(accounts, kafka))
    stored = {account.stream: account.last_offset + 1 for account in accounts}
    found = []
    for partition, end in sorted(kafka.end.items()):
        begin = kafka.beginning[partition]
        at = stored.get(f"{kafka.topic}/{kafka.incarnation}/{partition}", 0)
        found.append(Behind(partition, max(0, end - max(at, begin)), max(0, begin - at)))
    return found
