"""Bytes of the outbox: what is written is read again, whole or not at all, and Kafka's own reader understands it."""

from __future__ import annotations

from hypothesis import given, strategies as st
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from tests.unit.producers.outbox.rig import NOW_MS, framed
from touchline.producers.outbox import wire
from touchline.producers.record import PreparedRecord

TEXTS = st.text(min_size=1, max_size=40)
RECORDS = st.builds(
    PreparedRecord,
    TEXTS,
    st.binary(min_size=1, max_size=90),
    st.binary(max_size=9_000),
    TEXTS,
    TEXTS,
    st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00", "2026-01-01T00:00:00"]),
    is_suppressed=st.just(False),  # the sender's own word; Kafka has no use for it
    masked=st.just(()),
    links=st.just(()),
)


@given(record=RECORDS)
def test_a_record_is_read_again_as_it_was(record: PreparedRecord) -> None:
    again = wire.record_of(wire.body_of(record))

    assert again._replace(time=record.time) == record
    assert again.headers == record.headers


@given(records=st.lists(RECORDS, min_size=1, max_size=5))
def test_a_batch_is_byte_for_byte_that_of_kafka_python(records: list[PreparedRecord]) -> None:
    expected = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for offset, record in enumerate(records):
        assert expected.append(offset, NOW_MS, record.key, record.value, record.headers) is not None
    content = wire.batch_content([wire.body_of(record) for record in records])

    assert bytes(expected.build()[DefaultRecordBatchBuilder.header_size_in_bytes() :]) == content


def test_kafkas_reader_understands_a_batch_with_many_records() -> None:
    bodies = [wire.body_of(PreparedRecord(f"e{n}", b"k", b"v%d" % n, "s", "t", "")) for n in range(5_000)]
    builder = MemoryRecordsBuilder(2, 0, 0)
    inner = builder._builder
    inner._buffer += wire.batch_content(bodies)
    inner._num_records, inner._last_offset = len(bodies), len(bodies) - 1
    inner._first_timestamp = inner._max_timestamp = NOW_MS
    builder.close()

    (batch,) = list(MemoryRecords(builder.buffer()))
    assert [bytes(record.value) for record in batch] == [b"v%d" % n for n in range(5_000)]


@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_blocks_cut_off_at_every_byte_leave_exactly_the_whole_ones(counts: list[int]) -> None:
    blocks = [wire.block_of([framed(n) for n in range(count)], NOW_MS) for count in counts]
    content = b"".join(blocks)
    ends = [sum(map(len, blocks[: number + 1])) for number in range(len(blocks))]

    for length in range(len(content) + 1):
        whole = [block.end for block in wire.whole_blocks(content[:length])]
        assert whole == [end for end in ends if end <= length]


@given(position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_changed_byte_is_noticed(position: int, flip: int) -> None:
    content = bytearray(wire.block_of([framed(n) for n in range(3)], NOW_MS))
    content[position % len(content)] ^= flip

    assert wire.read_block(bytes(content), 0) is None


def test_zeros_as_a_file_system_leaves_them_are_no_block() -> None:
    assert wire.read_block(bytes(4_096), 0) is None
    assert wire.bytes_wanted(bytes(4_096)) == 0


@given(number=st.integers(0, 1 << 40))
def test_integers_are_kafkas(number: int) -> None:
    from kafka.record.util import decode_varint

    encoded = wire.varint(number)
    assert decode_varint(bytearray(encoded)) == (number, len(encoded))
