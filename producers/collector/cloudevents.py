"""CloudEvents 1.0 over HTTP in its three modes: binary (attributes are headers), structured (one JSON object), batch (an array).

`id`, `source`, `type` and `time` are attributes, everything else of the event stands in `data`, a JSON object:

    ce-id: receipt-1   ce-source: web-shop   ce-type: touchline.touchpoint.v1   ->   {"id": ..., "source": ..., "type": ..., **data}

Data may repeat an attribute, with the same value. Other attributes (subject, dataschema, extensions such as traceparent) belong to the
transport and are not kept: a repeated delivery must be the same event.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import orjson

from touchline.producers.collector.front import BadItem, Item
from touchline.producers.collector.json_items import item_of
from touchline.producers.errors import EventRejected
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, shape_of

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
HEADER_PREFIX: Final = "ce-"
SPEC_VERSION: Final = "1.0"
_ATTRIBUTES: Final = ("id", "source", "type", "time")


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether a request is a CloudEvent in binary mode."""
    return f"{HEADER_PREFIX}specversion" in headers


def item_of_headers(headers: Mapping[str, str], body: bytes) -> Item | BadItem:
    """The one event of a request in binary mode; values of headers are percent-encoded UTF-8."""
    names = ("specversion", *_ATTRIBUTES)
    given = {name: headers.get(HEADER_PREFIX + name) for name in names}
    cloud_event: dict[str, Any] = {name: unquote(value) for name, value in given.items() if value is not None}
    if body.strip():
        try:
            cloud_event["data"] = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return _bad(Reason.NOT_JSON, "", f"{error.msg} at line {error.lineno}, column {error.colno}")
    return item_of_object(cloud_event)


def item_of_object(cloud_event: Any) -> Item | BadItem:
    """The event of one CloudEvent as a JSON object."""
    if not isinstance(cloud_event, dict):
        return _bad(Reason.NOT_JSON, "", shape_of(cloud_event), "send one CloudEvent as an object")
    version = cloud_event.get("specversion")
    if version != SPEC_VERSION:
        if version is None:
            return _bad(Reason.MISSING_FIELD, "", "no specversion", 'a CloudEvent says specversion: "1.0"')
        return _bad(Reason.UNKNOWN_VERSION, "", "another specversion", f"send CloudEvents {SPEC_VERSION}")
    try:
        data = _data_of(cloud_event)
    except ValueError:
        return _bad(
            Reason.NOT_JSON, "", "data_base64 is not a JSON object in base64", "send the fields of the event as data"
        )
    if not isinstance(data, dict):
        return _bad(
            Reason.WRONG_TYPE, "", f"data is {shape_of(data)}", "send the fields of the event as a JSON object in data"
        )
    event = dict(data)
    for name in _ATTRIBUTES:
        value = cloud_event.get(name)
        if value is None:
            continue
        if name in event and event[name] != value:
            return _bad(
                Reason.WRONG_TYPE, name, "data and attribute differ", "say it once: as the CloudEvent's attribute"
            )
        event[name] = value
    return item_of(event)


def _data_of(cloud_event: dict[str, Any]) -> Any:
    encoded = cloud_event.get("data_base64")
    if encoded is None:
        return cloud_event.get("data", {})
    try:
        return orjson.loads(base64.b64decode(encoded, validate=True))
    except (binascii.Error, TypeError) as error:
        raise ValueError from error


def _bad(reason: Reason, field: str, shape: str, hint: str = "") -> BadItem:
    return BadItem(EventRejected(Rejection(reason, field), shape, hint))
