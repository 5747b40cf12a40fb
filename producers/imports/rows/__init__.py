"""Rows of files that somebody else wrote, one at a time: CSV, NDJSON, Parquet. A row that cannot be read is a value, not an end."""

from touchline.producers.imports.rows.open import open_rows
from touchline.producers.imports.rows.row import FileDamaged, Row, RowFault, RowFile

__all__ = ["FileDamaged", "Row", "RowFault", "RowFile", "open_rows"]
