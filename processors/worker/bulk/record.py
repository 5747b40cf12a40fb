"""One partition's share of one poll, dressed as a single Kafka record so that Faust carries it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

POLL_BATCHES = 2
"""Batches that a poll may return. With one, the poll's bound would cut the second partition's share: small inserts, 4 % CPU."""


class Record(NamedTuple):
    """What the pipeline and Faust's driver read of a Kafka record."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    timestamp_type: int
    topic: str
    partition: int


class BulkRecord:
    """Consecutive records of one partition, in offset order.

    Kafka was asked from `start_offset` on: offsets from there that are not among the records do not exist any more.
    `end_offset` is where the next poll goes on (it skips transaction markers, so it may exceed the last offset + 1).
    `generation` is the group generation at the moment of the poll, `epoch` counts the seeks of the partition: a
    record of an older one is not the next one. `durable_offset` is set by the agent: everything before it is stored.
    Until then an acknowledgement of this record counts for nothing, because Faust acknowledges what it skips.

    The remaining attributes are those that Faust's driver reads of a record.
    """

    __slots__ = ("durable_offset", "end_offset", "epoch", "generation", "records", "start_offset")

    key = None
    headers = ()
    checksum = None
    serialized_key_size = 0
    serialized_value_size = 0

    def __init__(self, records: Sequence[Any], start_offset: int, end_offset: int, generation: int, epoch: int) -> None:
        self.records = records
        self.start_offset = start_offset
        self.end_offset = end_offset
        self.generation = generation
        self.epoch = epoch
        self.durable_offset: int | None = None

    @property
    def size_bytes(self) -> int:
        """Of what senders wrote."""
        return sum(len(record.value or b"") for record in self.records)

    @property
    def value(self) -> BulkRecord:
        return self

    @property
    def topic(self) -> str:
        return str(self.records[0].topic)

    @property
    def partition(self) -> int:
        return int(self.records[0].partition)

    @property
    def offset(self) -> int:
        return int(self.records[-1].offset)

    @property
    def timestamp(self) -> int:
        return int(self.records[-1].timestamp)

    @property
    def timestamp_type(self) -> int:
        return int(self.records[-1].timestamp_type)


def batch_records_max(poll_records_max: int) -> int:
    """Records of a batch at most, by those of a poll."""
    return poll_records_max // POLL_BATCHES or 1


def joined(earlier: Sequence[BulkRecord], later: Sequence[BulkRecord], records_max: int) -> list[BulkRecord]:
    """Both of one partition, the last of the earlier ones with the first of the later ones as one record, where nothing came between and
    it has no more than so many."""
    if not earlier or not later:
        return [*earlier, *later]
    one, next_one = earlier[-1], later[0]
    if len(one.records) + len(next_one.records) > records_max:
        return [*earlier, *later]
    if (one.end_offset, one.generation, one.epoch) != (next_one.start_offset, next_one.generation, next_one.epoch):
        return [*earlier, *later]
    records = [*one.records, *next_one.records]
    both = BulkRecord(records, one.start_offset, next_one.end_offset, one.generation, one.epoch)
    return [*earlier[:-1], both, *later[1:]]


def bulk_records(
    records: Sequence[Any], start: int, epoch: int, generation: int, poll_records_max: int
) -> list[BulkRecord]:
    """One partition's share of a poll as bulk records of one batch at most, each starting where the one before ends."""
    limit = batch_records_max(poll_records_max)
    bulks = []
    for first in range(0, len(records), limit):
        part = records[first : first + limit]
        end = part[-1].offset + 1
        bulks.append(BulkRecord(part, start, end, generation, epoch))
        start = end
    return bulks
