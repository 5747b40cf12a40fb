"""Columns of a Parquet file are known before a row is read, at no cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from touchline.producers.imports.rows.parquet_rows import ParquetRows

SCHEMA = pa.schema(
    [
        ("store", pa.int64()),
        ("till", pa.struct([("number", pa.int8()), ("place", pa.struct([("city", pa.string())]))])),
        ("lines", pa.list_(pa.struct([("article", pa.string())]))),
    ]
)


def test_columns_are_the_cells_of_each_row_in_their_order(tmp_path: Path) -> None:
    row = {"store": 1, "till": {"number": 2, "place": {"city": "Rome"}}, "lines": [{"article": "a"}]}
    pq.write_table(pa.Table.from_pylist([row], SCHEMA), tmp_path / "rows.parquet")
    rows = ParquetRows(tmp_path / "rows.parquet")

    (found,) = rows
    rows.close()

    assert found.cells is not None
    assert rows.columns == list(found.cells) == ["store", "till.number", "till.place.city", "lines"]


def test_pandas_is_not_loaded_where_it_is_installed(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([{"store": 1, "till": None, "lines": []}], SCHEMA), tmp_path / "rows.parquet")
    program = (
        "import sys; from pathlib import Path; from touchline.producers.imports.rows.parquet_rows import ParquetRows; "
        f"print(len(list(ParquetRows(Path({str(tmp_path / 'rows.parquet')!r})))), 'pandas' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["1", "False"]
