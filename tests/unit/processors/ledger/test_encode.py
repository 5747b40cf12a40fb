"""Our encoding of a column is what clickhouse-driver reads back: defaults between the pieces included."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from clickhouse_driver.bufferedreader import BufferedSocketReader
from clickhouse_driver.bufferedwriter import BufferedSocketWriter
from clickhouse_driver.columns.service import read_column
from clickhouse_driver.context import Context
from hypothesis import given, strategies as st

from touchline.processors.ledger.encode import EncodedColumn, Same, Texts, write_column

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
TYPES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "LowCardinality(String)": ("touchpoint", st.one_of(st.sampled_from(["", "a", "é\n"]), TEXT)),
    "String": ("event_id", TEXT),
    "UInt8": ("is_online", st.one_of(st.booleans(), st.integers(0, 255))),
    "Int8": ("sign", st.sampled_from([-1, 1])),
    "UInt32": ("cycle", st.integers(0, 2**32 - 1)),
    "UInt64": ("row_id", st.integers(0, 2**64 - 1)),
    "Int64": ("amount_minor", st.integers(-(2**63), 2**63 - 1)),
    "Float64": ("score", st.floats(allow_nan=False)),
    "Map(LowCardinality(String), String)": ("properties", st.dictionaries(TEXT, TEXT, max_size=3)),
}


class _Wire:
    """A socket that keeps what is sent and gives it back."""

    def __init__(self) -> None:
        self.data = io.BytesIO()

    def sendall(self, data: bytes) -> None:
        self.data.write(data)

    def recv_into(self, buffer: bytearray) -> int:
        return self.data.readinto(buffer)


def context() -> Context:
    made = Context()
    made.client_settings = {"strings_as_bytes": False, "strings_encoding": "utf-8", "use_numpy": False}
    return made


@given(st.data())
@pytest.mark.parametrize("spec", TYPES)
def test_a_column_reads_back_as_it_was_written(spec: str, data: st.DataObject) -> None:
    name, values = TYPES[spec]
    first = data.draw(st.lists(values, max_size=6))
    drawn: list[Any] = data.draw(st.lists(values, max_size=400 if spec.startswith("Low") else 6))
    before, between, after = (data.draw(st.integers(0, 4)) for _ in range(3))
    rows = before + len(first) + between + len(drawn) + after
    if rows == 0:
        return
    is_run = bool(drawn) and data.draw(st.sampled_from([True, False]))
    second: Sequence[Any] = Same(drawn[0], len(drawn)) if is_run else drawn
    pieces = [(before, tuple(first)), (before + len(first) + between, second)]
    column = EncodedColumn(name, rows, [piece for piece in pieces if piece[1]])
    wire = _Wire()
    buffer = BufferedSocketWriter(wire, 1 << 16)
    write_column(column, spec, buffer, context(), Texts([column]))
    buffer.flush()
    wire.data.seek(0)
    read = read_column(context(), spec, rows, BufferedSocketReader(wire, 1 << 16))
    assert list(read) == column.values()


@pytest.mark.parametrize(("spec", "value"), [("UInt8", 256), ("UInt32", -1), ("Int64", "5"), ("Float64", None)])
def test_a_value_that_does_not_fit_is_refused_before_anything_is_written(spec: str, value: object) -> None:
    wire = _Wire()
    buffer = BufferedSocketWriter(wire, 1 << 16)
    column = EncodedColumn("cycle", 1, [(0, (value,))])
    with pytest.raises((OverflowError, TypeError)):
        write_column(column, spec, buffer, context(), Texts([column]))
    buffer.flush()
    assert wire.data.getvalue() == b""


@given(st.lists(TEXT, min_size=1), st.lists(TEXT, min_size=1), st.integers(0, 3))
def test_texts_that_stand_in_several_places_read_back_in_each(once: list[str], twice: list[str], between: int) -> None:
    repeated = tuple(twice)
    columns = [
        EncodedColumn(
            "event_id", len(once) + between + len(twice), [(0, tuple(once)), (len(once) + between, repeated)]
        ),
        EncodedColumn("person", len(once) + between + len(twice), [(0, repeated)]),
    ]
    texts = Texts(columns)
    for column in columns:
        wire = _Wire()
        buffer = BufferedSocketWriter(wire, 1 << 16)
        write_column(column, "String", buffer, context(), texts)
        buffer.flush()
        wire.data.seek(0)
        read = read_column(context(), "String", column.row_count, BufferedSocketReader(wire, 1 << 16))
        assert list(read) == column.values()
