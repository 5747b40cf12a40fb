"""Which reader takes a file of what format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.producers.imports.exports import ga4
from touchline.producers.imports.exports.expand import ExpandedRows, JsonRows
from touchline.producers.imports.exports.matomo import action_rows
from touchline.producers.imports.exports.ocel import OcelRows
from touchline.producers.imports.exports.poslog import PoslogRows
from touchline.producers.imports.exports.shopify import WRAPPERS, order_rows
from touchline.producers.imports.exports.snowplow import SnowplowRows
from touchline.producers.imports.exports.xes import XesRows
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.rows.ndjson_rows import NdjsonRows
from touchline.producers.imports.rows.row import RowFile
from touchline.producers.imports.rows.text import first_sign


def _ga4(path: Path, mapping: Mapping) -> RowFile:
    if path.suffix != ".parquet":
        is_array = first_sign(path) == b"["  # which may be one line of any length
        return ExpandedRows(JsonRows(path) if is_array else NdjsonRows(path), ga4.event_rows)
    try:
        from touchline.producers.imports.rows.parquet_rows import ParquetRows
    except ModuleNotFoundError:
        raise WrongUsage("Parquet files need pyarrow", "pip install 'touchline[import]'") from None
    return ExpandedRows(ParquetRows(path, {*ga4.COLUMNS, *(name for _, name in mapping.columns())}), ga4.event_rows)


READERS: Final[dict[str, Callable[[Path, Mapping], RowFile]]] = {
    "poslog": lambda path, mapping: PoslogRows(path),
    "shopify": lambda path, mapping: ExpandedRows(JsonRows(path, WRAPPERS), order_rows),
    "ga4": _ga4,
    "snowplow": lambda path, mapping: SnowplowRows(path),
    "matomo": lambda path, mapping: ExpandedRows(JsonRows(path), action_rows),
    "xes": lambda path, mapping: XesRows(path),
    "ocel": lambda path, mapping: OcelRows(path, mapping.file.case),
}
"""Format of a mapping -> reader of its files."""
