"""aiokafka's reader as the worker has it: the same records, no more of them at once than memory allows."""

from __future__ import annotations

from collections import OrderedDict
from types import SimpleNamespace

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from touchline.processors.worker.bulk.reader import ANSWER_BYTES_MAX, LeanPartitionRecords, let_others_go_first

PARTITION = TopicPartition("events", 3)
MEBIBYTE = 1 << 20
GZIP = 1


def batch(*values: bytes | None, first: int = 0, compression: int = 0) -> bytes:
    """One record batch as a broker sends it."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=compression, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=16 << 20,
    )  # fmt: skip
    for number, value in enumerate(values):
        builder.append(number, 1_700_000_000_000 + number, b"key", value, [("ce_id", b"1")])
    built = bytearray(builder.build())
    built[:8] = first.to_bytes(8, "big")  # the broker writes it; the checksum does not cover it
    return bytes(built)


def reader(data: bytes, fetch_offset: int = 0, found: list[tuple[int, str]] | None = None) -> LeanPartitionRecords:
    def note(_partition: object, offset: int, error: Exception) -> None:
        assert found is not None, error
        found.append((offset, type(error).__name__))

    return LeanPartitionRecords(note, PARTITION, MemoryRecords(data), [], fetch_offset, None, None, True, 0)


def test_records_are_read_as_aiokafka_reads_them_but_for_what_nobody_reads() -> None:
    data = batch(b"value", None)
    stock_reader = PartitionRecords(PARTITION, MemoryRecords(data), [], 0, None, None, True, 0)
    for stock, lean in zip(stock_reader, reader(data), strict=True):
        assert lean == tuple(getattr(stock, name) for name in lean._fields)


def test_a_batch_that_cannot_be_unpacked_ends_the_reading_there_and_is_told() -> None:
    whole, damaged = batch(b"one", b"two"), bytearray(batch(b"three", first=2))
    damaged[-1] ^= 1
    found: list[tuple[int, str]] = []
    part = reader(whole + bytes(damaged) + batch(b"four", first=3), found=found)
    assert [one.value for one in part] == [b"one", b"two"]
    assert found == [(2, "CorruptRecordException")]
    assert part.next_fetch_offset == 2, "it is fetched again, not skipped"


def test_small_answer_that_is_large_when_decompressed_is_read_in_parts_without_a_hole() -> None:
    per_batch, batches = 7, 6
    sent = [batch(*[b"x" * MEBIBYTE] * per_batch, first=n * per_batch, compression=GZIP) for n in range(batches)]
    assert sum(map(len, sent)) < MEBIBYTE
    offsets: list[int] = []
    position = parts = 0
    while position < per_batch * batches:
        answer = b"".join(sent[position // per_batch :])  # a broker begins with the batch that holds the offset
        part = reader(answer, position)
        unpacked = [(one.offset, len(one.value or b"")) for one in part]
        assert sum(size for _, size in unpacked) <= ANSWER_BYTES_MAX
        offsets += [offset for offset, _ in unpacked]
        position = part.next_fetch_offset
        parts += 1
    assert offsets == list(range(per_batch * batches))
    assert parts == 3


def test_partition_that_was_served_goes_behind_those_that_wait() -> None:
    zero, one, two = (TopicPartition("events", number) for number in range(3))
    waiting = OrderedDict.fromkeys((zero, one, two), "what was fetched")
    consumer = SimpleNamespace(_fetcher=SimpleNamespace(_records=waiting))
    let_others_go_first(consumer, [zero])
    assert list(waiting) == [one, two, zero]
    del waiting[one]
    let_others_go_first(consumer, [two, one])
    assert list(waiting) == [zero, two]
