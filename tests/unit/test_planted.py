"""The search for planted values sees what is compressed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard
from clickhouse_driver.compression.lz4 import Compressor as Lz4
from kafka.record.memory_records import MemoryRecordsBuilder

from tests.support.planted.search import Hit, pattern_of, search
from tests.support.planted.values import WORDS, planted
from tests.support.planted.views import blocks, checksum_of
from touchline.local.clickhouse.native import compress
from touchline.schemas.personal.find import mask

TEXT = b"planted-7 planted-8 " * 20 + b"planted-0815" + b" planted-9" * 20


def framed(method: int, packed: bytes) -> bytes:
    """A block as ClickHouse writes it."""
    piece = bytes((method,)) + (len(packed) + 9).to_bytes(4, "little") + len(TEXT).to_bytes(4, "little") + packed
    return checksum_of(piece) + piece


METHODS = {0x02: TEXT, 0x82: Lz4().compress_data(TEXT), 0x90: zstandard.compress(TEXT)}


@pytest.mark.parametrize("method", METHODS)
def test_a_block_of_the_engine_is_read_whatever_its_method(method: int) -> None:
    data = framed(method, METHODS[method])
    assert (b"planted-0815" in data) is (method == 0x02)
    assert list(blocks(data + data)) == [TEXT, TEXT]


def test_a_block_is_what_the_native_protocol_sends() -> None:
    data = compress(TEXT)
    assert b"planted-0815" not in data
    assert list(blocks(data)) == [TEXT]


def test_what_is_no_block_or_is_damaged_is_none() -> None:
    data = framed(0x90, METHODS[0x90])
    assert list(blocks(data[:-1] + b"x")) == list(blocks(b"no block at all, but a text of some length")) == []


def test_a_batch_of_kafka_is_read_and_gzip_and_names_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    folder.mkdir()
    builder = MemoryRecordsBuilder(2, 4, 1 << 16)
    builder.append(timestamp=0, key=b"k", value=TEXT, headers=[("told", TEXT)])
    builder.close()
    assert b"planted-0815" not in bytes(builder.buffer())
    (folder / "0.log").write_bytes(builder.buffer())
    (folder / "0.index").touch()
    (tmp_path / "told.gz").write_bytes(gzip.compress(TEXT))
    (tmp_path / "of-planted-0815").mkdir()
    found = search(tmp_path, pattern_of(["PLANTED-0815"]))
    assert {one.file for one in found} == {"kafka/0.log", "told.gz", "of-planted-0815"}
    assert Hit("kafka", "kafka/0.log", "planted-0815") in found


def test_every_planted_value_is_one_that_the_guard_knows() -> None:
    texts = [mask(planted(number).text).text for number in range(len(WORDS))]
    assert set(texts) == {"I am [mail], ring [phone], paid with [card] from [iban] at [ip] or [ip]"}
    needles = [needle for number in range(len(WORDS)) for needle in {*planted(number).needles}]
    assert len(needles) == len(set(needles))
