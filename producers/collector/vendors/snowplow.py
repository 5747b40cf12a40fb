"""Snowplow's tracker protocol 2: page views, structured and self-describing events, by POST or in a query.

{"schema": "iglu:.../payload_data/jsonschema/1-0-4", "data": [{"e": "pv", "eid": ..., "uid": ..., "duid": ..., "dtm": ..., "stm": ...}]}

It carries no key, so the write key stands in the path: /snowplow/{write key}/com.snowplowanalytics.snowplow/tp2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from touchline.producers.collector.front import HttpReply, Posted
from touchline.producers.collector.vendors.calls import Call
from touchline.producers.collector.vendors.documents import loads, of_base64
from touchline.producers.collector.vendors.fields import Address, number_of, object_of, picked, text_of
from touchline.producers.collector.vendors.front import PIXEL, Said
from touchline.producers.collector.vendors.names import CallKind
from touchline.service.problem import RequestRefused

_POST: Final = "/com.snowplowanalytics.snowplow/tp2"
_GET: Final = "/i"
_KEYED: Final = "/snowplow/{writeKey}"
_FACTS: Final = {"page": "page.title", "refr": "page.referrer", "aid": "app.name", "lang": "locale"}
_STRUCTURED: Final = {"se_ca": "category", "se_la": "label", "se_pr": "property"}
_TRANSACTION: Final = {"tr_id": "order_id", "tr_cu": "currency", "tr_af": "affiliation"}
_TRANSACTION_NUMBERS: Final = {"tr_tt": "total", "tr_tx": "tax", "tr_sh": "shipping"}
_ITEM: Final = {"ti_id": "order_id", "ti_sk": "sku", "ti_nm": "name", "ti_ca": "category", "ti_cu": "currency"}
_ITEM_NUMBERS: Final = {"ti_pr": "price", "ti_qu": "quantity"}
_PURCHASE: Final = "purchase"
"""A name of names.yaml: a transaction is an order."""

Told = tuple[CallKind, str, Mapping[str, Any]]
"""Kind, name and properties of a call."""


class Snowplow:
    """The protocol."""

    paths = (_POST, f"{_KEYED}{_POST}")
    query_paths = (_GET, f"{_KEYED}{_GET}")
    key_place = "add the write key to the collector's address: https://HOST/snowplow/WRITE_KEY"
    body_bytes_max = 1 << 20
    call_bytes_max = 64 << 10

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """As the path has it."""
        return query.get("writeKey") or None

    def said_in(self, document: Any, posted: Posted) -> Said | None:
        """See Tongue."""
        if not isinstance(document, dict):
            return None
        members = document.get("data", [document] if "e" in document else None)
        if not isinstance(members, list):
            return None
        sent_at = next((number_of(one["stm"]) for one in members if isinstance(one, dict) and "stm" in one), None)
        return Said(members, None, sent_at)

    def call_of(self, member: dict[str, Any]) -> Call | None:
        """See Tongue."""
        told = _told(member)
        if told is None:
            return None
        kind, name, properties = told
        page = Address.of(member.get("url"))
        true_time = member.get("ttm")
        return Call(
            kind=kind,
            name=name,
            id=member.get("eid"),
            time=number_of(true_time or member.get("dtm")),
            is_true_time=bool(true_time),
            identifiers=[("login", member.get("uid")), ("anonymous", member.get("duid"))],
            properties=properties,
            facts={**page.facts, **picked(member, _FACTS)},
            path=page.path,
            campaign=page.campaign,
            zone=member.get("tz"),
        )

    def success(self, receipt: dict[str, Any], posted: Posted) -> HttpReply:
        """See Tongue."""
        return HttpReply(200, orjson.dumps({"success": True, **receipt})) if posted.body else PIXEL

    def refusal(self, code: str, message: str, receipt: dict[str, Any]) -> bytes:
        """See Tongue."""
        return orjson.dumps({"success": False, "code": code, "message": message, **receipt})


def _told(member: Mapping[str, Any]) -> Told | None:
    kind = member.get("e")
    if kind == "pv":
        return "page", "", {}
    if kind == "pp":
        return "track", "page ping", {}
    if kind == "se":
        return "track", text_of(member, "se_ac"), _properties(member, _STRUCTURED, {"se_va": "value"})
    if kind == "tr":
        return "track", _PURCHASE, _properties(member, _TRANSACTION, _TRANSACTION_NUMBERS)
    if kind == "ti":
        return "track", "purchased item", _properties(member, _ITEM, _ITEM_NUMBERS)
    return _self_described(member) if kind == "ue" else None


def _properties(member: Mapping[str, Any], texts: Mapping[str, str], numbers: Mapping[str, str]) -> dict[str, Any]:
    found = picked(member, numbers)
    return {**picked(member, texts), **{name: number_of(value) for name, value in found.items()}}


def _self_described(member: Mapping[str, Any]) -> Told | None:
    """The name is that of the schema, iglu:vendor/name/format/version; the data are the properties."""
    document = _document_of(member)
    described = object_of(document, "data") if isinstance(document, dict) else {}
    parts = text_of(described, "schema").removeprefix("iglu:").split("/")
    if len(parts) != 4:
        return None
    properties = object_of(described, "data")
    if parts[1] == "screen_view":
        return "screen", text_of(properties, "name"), {}
    return "track", parts[1], properties


def _document_of(member: Mapping[str, Any]) -> Any:
    """As JSON in `ue_pr`, or in base64 in `ue_px`; None where it is neither."""
    plain, zipped = member.get("ue_pr"), member.get("ue_px")
    if isinstance(plain, dict):
        return plain
    text = plain.encode() if isinstance(plain, str) else of_base64(zipped) if isinstance(zipped, str) else None
    try:
        return None if text is None else loads(text)
    except RequestRefused:
        return None
