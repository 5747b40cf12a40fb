"""Enriched events of Snowplow: lines of 131 values between tabs, without names and without quotes.

Orders are read of the e-commerce entities `transaction` and `refund`, and of the older `tr_` columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic_core import from_json

from touchline.producers.imports.exports.addresses import without_query
from touchline.producers.imports.exports.expand import Cells, NoRecord, damaged, kind_of, objects
from touchline.producers.imports.exports.snowplow_columns import COLUMNS
from touchline.producers.imports.rows.row import Row
from touchline.producers.imports.rows.text import Lines

_OWN: Final = ("time", "name", "action", "page", "order", "amount", "amount_currency", "kind")
_ENTITY: Final = "com.snowplowanalytics.snowplow.ecommerce/"
_ACTION: Final = f"{_ENTITY}snowplow_ecommerce_action/"
_TIMES: Final = ("true_tstamp", "derived_tstamp", "collector_tstamp")
_HINT: Final = "export the enriched events as they are: tabs between values, no names, no quotes"


class SnowplowRows:
    """An open file of enriched events."""

    unit = "bytes"
    columns: list[str] | None

    def __init__(self, path: Path) -> None:
        """Raises WrongUsage where the file cannot be read."""
        self._lines = Lines(path)
        self.size = self._lines.size
        self.columns = [*COLUMNS, *_OWN]

    @property
    def position(self) -> int:
        """Bytes read."""
        return self._lines.position

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()

    def __iter__(self) -> Iterator[Row]:
        for number, line in enumerate(self._lines, start=1):
            text = line.rstrip(b"\r\n")
            if not text:
                continue
            values = text.split(b"\t")
            if len(values) != len(COLUMNS):
                what = f"the line has {len(values)} values, an enriched event has {len(COLUMNS)}"
                yield damaged(number, text, what, _HINT)
                continue
            try:
                cells = dict(zip(COLUMNS, (one.decode() or None for one in values), strict=True))
            except UnicodeDecodeError:
                yield damaged(number, text, "the line is not UTF-8", _HINT)
                continue
            try:
                yield Row(number, row_of(cells))
            except NoRecord as error:
                yield damaged(number, text, str(error), _HINT)


def row_of(cells: Mapping[str, str | None]) -> Cells:
    """The columns of an event, and what is read of several of them. Raises NoRecord where a column that holds JSON does not."""
    order, amount, currency = cells["tr_orderid"], cells["tr_total"], cells["tr_currency"]
    action: str | None = "purchase" if order else None
    is_back = False
    data = _data(cells["unstruct_event"])
    entities = {schema: one for schema, one in _entities(cells["contexts"]) if schema.startswith(_ENTITY)}
    if data is not None and data[0].startswith(_ACTION):
        kind = data[1].get("type")
        if kind == "transaction" and (sale := _of(entities, "transaction")) is not None:
            action, order, amount = "purchase", sale.get("transaction_id"), sale.get("revenue")
            currency = sale.get("currency")
        elif kind == "refund" and (back := _of(entities, "refund")) is not None:
            is_back = True
            action, order, currency = "refund", back.get("transaction_id"), back.get("currency")
            amount = None if back.get("refund_amount") is None else f"-{str(back['refund_amount']).lstrip('-')}"
        else:
            action = str(kind) if kind else None
    at = next((cells[one] for one in _TIMES if cells[one]), None)
    return {
        **cells,
        "time": at and f"{at.replace(' ', 'T')}Z",
        "name": cells["event_name"] or cells["event"],
        "action": action or cells["se_action"],
        "page": without_query(cells["page_url"]),
        "order": order,
        "amount": amount,
        "amount_currency": currency,
        "kind": kind_of(order, amount, is_back=is_back),
    }


def _data(text: str | None) -> tuple[str, Mapping[str, Any]] | None:
    """Schema and data of a self-describing event."""
    found = _json(text).get("data")
    if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
        return None
    return _schema(found), found["data"]


def _entities(text: str | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in objects(_json(text).get("data")):
        if isinstance(one.get("data"), dict):
            yield _schema(one), one["data"]


def _of(entities: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    return next((one for schema, one in entities.items() if schema.startswith(f"{_ENTITY}{name}/")), None)


def _schema(one: Mapping[str, Any]) -> str:
    return str(one.get("schema")).removeprefix("iglu:")


def _json(text: str | None) -> Mapping[str, Any]:
    """Of a column. Raises NoRecord."""
    try:
        found = from_json(text or "{}", allow_inf_nan=False)
    except ValueError:
        raise NoRecord("the event's own data or its entities (unstruct_event, contexts) are no JSON") from None
    return found if isinstance(found, dict) else {}
