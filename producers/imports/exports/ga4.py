"""Events of Google Analytics 4 as its BigQuery export holds them (tables events_YYYYMMDD), in NDJSON or Parquet.

Parameters of events become cells `params.<key>`. BigQuery writes whole numbers of 64 bits as texts in JSON; both are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from touchline.producers.imports.exports.addresses import without_query
from touchline.producers.imports.exports.expand import Cells, NoRecord, kind_of, objects

_BATCH: Final = ("batch_page_id", "batch_ordering_id", "batch_event_index", "event_bundle_sequence_id")
"""What tells events of one name and microsecond apart: where they stood in the requests of the page."""
_VALUES: Final = ("string_value", "int_value", "float_value", "double_value")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DEVICE: Final = "-"
PARAMETERS: Final = ("page_location", "page_title", "page_referrer", "ga_session_id", "source", "medium", "campaign")
"""That each row has a cell for, be it empty."""
COLUMNS: Final = (
    "event_timestamp", "event_name", "user_pseudo_id", "user_id", "platform", "stream_id", *_BATCH, "device.category", "geo.country",
    "event_params", "event_params.list", "ecommerce.transaction_id", "ecommerce.purchase_revenue", "ecommerce.refund_value",
    "collected_traffic_source.manual_source", "collected_traffic_source.manual_medium",
    "collected_traffic_source.manual_campaign_name",
)  # fmt: skip
"""Of the export: what is read of a Parquet file, beside what the mapping names."""


def event_rows(event: Mapping[str, Any]) -> Iterator[Cells]:
    """The one row of an event. Raises NoRecord."""
    for name in ("event_timestamp", "event_name"):
        if name not in event:
            raise NoRecord(f"it is no event of the GA4 export: it has no {name}")
    params = _params(event)
    name, at = event["event_name"], event["event_timestamp"]
    is_refund, is_purchase = name == "refund", name == "purchase"
    money = event.get("ecommerce.refund_value" if is_refund else "ecommerce.purchase_revenue")
    money = params.get("value") if money is None else money
    order = _order(event, params) if is_purchase or is_refund else None
    collected = "collected_traffic_source.manual_"
    batch = [f"{event[one]}" for one in _BATCH if event.get(one) is not None]
    yield {
        **dict.fromkeys(COLUMNS),
        **{f"params.{key}": None for key in PARAMETERS},
        **event,
        **{f"params.{key}": value for key, value in params.items()},
        "key": "/".join([f"{event.get('user_pseudo_id') or _NO_DEVICE}", str(at), str(name), *batch]),
        "time": _time(at),
        "action": str(name) if is_purchase or is_refund else None,
        "page": without_query(params.get("page_location")),
        "source": event.get(f"{collected}source") or params.get("source"),
        "medium": event.get(f"{collected}medium") or params.get("medium"),
        "campaign": event.get(f"{collected}campaign_name") or params.get("campaign"),
        "order": order,
        "amount": money if is_purchase else _negative(money) if is_refund else None,
        "amount_currency": params.get("currency"),
        "kind": kind_of(order, money, is_back=is_refund),
    }


def _params(event: Mapping[str, Any]) -> Cells:
    """Value of each parameter: of the four fields the one that is filled."""
    listed = event.get("event_params") or event.get("event_params.list")
    params: Cells = {}
    for one in objects(listed):
        pair = one.get("item") or one.get("element") or one  # BigQuery's Parquet wraps members of lists
        value = pair.get("value")
        if isinstance(value, Mapping):
            value = next((value[kind] for kind in _VALUES if value.get(kind) is not None), None)
        params[str(pair.get("key"))] = value
    return params


def _order(event: Mapping[str, Any], params: Cells) -> Any:
    order = event.get("ecommerce.transaction_id")
    return params.get("transaction_id") if order in (None, "", "(not set)") else order


def _time(microseconds: Any) -> Any:
    """In UTC; what is no number is left to the mapping to refuse."""
    try:
        return (_EPOCH + timedelta(microseconds=int(microseconds))).isoformat()
    except (ValueError, TypeError, OverflowError):
        return microseconds


def _negative(value: Any) -> Any:
    """Money that goes back, whichever sign the sender gave it."""
    if isinstance(value, int | float):
        return -abs(value)
    return None if value is None else f"-{str(value).lstrip('-')}"
