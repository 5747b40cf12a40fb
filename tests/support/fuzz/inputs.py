"""An input of the fuzzer is bytes that say one Kafka record: key, headers, time and value. Readable, so that a kept corpus can be read.

The first byte chooses: bits 0 and 1 the key (none, empty, given), bit 2 whether there are headers, bit 3 that the value is null, the rest
the record's time. A given key and the headers stand first, each as a line of its own; all else is the value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from touchline.processors.worker.bulk.reader import LeanPartitionRecords
from touchline.processors.worker.bulk.record import Record

CORPUS: Final = Path(__file__).parent / "corpus.ndjson"
"""One input a line, as a JSON text whose characters are the bytes."""
INPUT_BYTES_MAX: Final = 4_096
TIMES_MS: Final = (
    1_790_000_000_000, 0, -1, 1, 2**62, -(2**63), 2**63 - 1, 631_152_000_000, 631_151_999_999, 4_102_444_799_999, 4_102_444_800_000,
    9_223_372_036_854_775, 9_223_372_036_854_776, 1_748_779_200_000, 253_402_300_799_999, 253_402_300_800_000,
)  # fmt: skip
_PARTITION: Final = TopicPartition("events", 0)
_KEY_GIVEN, _HEADERS, _NULL = 2, 4, 8


class Sent(NamedTuple):
    """What a sender gave to Kafka."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    timestamp: int


def sent_of(data: bytes) -> Sent:
    """The record that an input says; every input says one."""
    choice, rest = data[0] if data else 0, data[1:]
    key = b"" if choice & 1 else None
    if choice & _KEY_GIVEN:
        key, _, rest = rest.partition(b"\n")
    headers: list[tuple[str, bytes | None]] = []
    if choice & _HEADERS:
        line, _, rest = rest.partition(b"\n")
        headers = [
            (name.decode("latin-1"), value or None)
            for name, _, value in (one.partition(b"=") for one in line.split(b";"))
        ]
    return Sent(key, None if choice & _NULL else rest, headers, TIMES_MS[choice >> 4])


def input_of(value: bytes | None, key: bytes | None = None, headers: bytes | None = None, time: int = 0) -> bytes:
    """The input that says this record; `time` is a place in TIMES_MS."""
    choice, lines = time << 4, b""
    if key is not None:
        choice, lines = choice | _KEY_GIVEN, key + b"\n"
    if headers is not None:
        choice, lines = choice | _HEADERS, lines + headers + b"\n"
    return bytes([choice | (_NULL if value is None else 0)]) + lines + (value or b"")


def place_of_value(data: bytes) -> int:
    """Where in an input the value begins."""
    value = sent_of(data).value
    return len(data) - len(value) if value else len(data)


def read_back(sent: Sent) -> Record:
    """The record as the worker reads it from the bytes of a broker. Raises AssertionError where it is another than was sent."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    builder.append(0, sent.timestamp, sent.key, sent.value, sent.headers)
    answer = MemoryRecords(bytes(builder.build()))
    (record,) = LeanPartitionRecords(_no_batch, _PARTITION, answer, [], 0, None, None, True, 0)
    assert (record.key, record.value, record.timestamp) == (sent.key, sent.value, sent.timestamp)
    return record


def _no_batch(_partition: object, offset: int, error: Exception) -> None:
    raise AssertionError(f"a whole batch at {offset} cannot be unpacked") from error


def read_corpus(path: Path = CORPUS) -> list[bytes]:
    """The inputs of a corpus."""
    return [json.loads(line).encode("latin-1") for line in path.read_text(encoding="utf-8").splitlines()]


def write_corpus(inputs: Iterable[bytes], path: Path = CORPUS) -> None:
    """Short inputs first, so that a difference between two corpora can be read."""
    lines = (json.dumps(one.decode("latin-1")) for one in sorted(set(inputs), key=lambda one: (len(one), one)))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
