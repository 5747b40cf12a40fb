"""Amplitude's HTTP API 2 and its batch API.

{"api_key": ..., "events": [{"event_type": ..., "user_id": ..., "device_id": ..., "time": ..., "insert_id": ...,
 "event_properties": {...}, "user_properties": {"$set": {...}}}], "client_upload_time": ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from touchline.producers.collector.front import HttpReply, Posted
from touchline.producers.collector.vendors.calls import Call
from touchline.producers.collector.vendors.fields import object_of, picked, text_of, without
from touchline.producers.collector.vendors.front import Said
from touchline.producers.collector.vendors.names import CallKind

_KINDS: Final[Mapping[str, CallKind]] = {
    "$identify": "identify",
    "$groupidentify": "group",
    "[Amplitude] Page Viewed": "page",
}
_FACTS: Final = {
    "platform": "app.platform",
    "os_name": "os.name",
    "app_version": "app.version",
    "language": "locale",
}
_PAGE: Final = {
    "[Amplitude] Page Path": "page.path",
    "[Amplitude] Page Title": "page.title",
    "referrer": "page.referrer",
    "utm_source": "campaign.source",
    "utm_medium": "campaign.medium",
    "utm_term": "campaign.term",
    "utm_content": "campaign.content",
}
_NOT_KEPT: Final = (*_PAGE, "utm_campaign", "consent")
_SALE: Final = {
    "price": "price",
    "quantity": "quantity",
    "revenue": "revenue",
    "productId": "product_id",
    "currency": "currency",
}
_REVENUE: Final = {"$price": "price", "$quantity": "quantity", "$revenue": "revenue", "$productId": "product_id"}
_CODES: Final = {
    "invalid_request": 400,
    "refused": 400,
    "unauthorized": 400,
    "forbidden": 400,
    "timeout": 408,
    "too_large": 413,
    "too_many_requests": 429,
}
"""SDKs look at the code in the body: a wrong key is 400 there."""
_UNAVAILABLE: Final = 503


class Amplitude:
    """The protocol."""

    paths = ("/2/httpapi", "/batch")
    query_paths = ()
    key_place = "use the write key as the API key"
    body_bytes_max = 1 << 20
    call_bytes_max = 64 << 10

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Stands in the body."""
        return None

    def said_in(self, document: Any, posted: Posted) -> Said | None:
        """See Tongue."""
        events = document.get("events") if isinstance(document, dict) else None
        if not isinstance(events, list):
            return None
        return Said(events, text_of(document, "api_key") or None, document.get("client_upload_time"))

    def call_of(self, member: dict[str, Any]) -> Call | None:
        """See Tongue."""
        event = text_of(member, "event_type")
        if not event:
            return None
        kind = _KINDS.get(event, "track")
        sent = object_of(member, "event_properties")
        path = text_of(sent, "[Amplitude] Page Path")
        properties = {
            **picked(member, _SALE),
            **picked(sent, _REVENUE),
            **without(sent, _NOT_KEPT, ("$", "[Amplitude]")),
        }
        if kind == "group":
            properties = {**object_of(member, "groups"), **object_of(object_of(member, "group_properties"), "$set")}
        return Call(
            kind=kind,
            name=event if kind == "track" else "",
            id=member.get("insert_id"),
            time=member.get("time"),
            identifiers=[("login", member.get("user_id")), ("anonymous", member.get("device_id"))],
            traits=_typed(member) if kind == "identify" else (),
            properties=properties,
            facts={**picked(member, _FACTS), **picked(sent, _PAGE)},
            path=path,
            campaign=sent.get("utm_campaign"),
            consent=sent.get("consent"),
        )

    def success(self, receipt: dict[str, Any], posted: Posted) -> HttpReply:
        """See Tongue."""
        taken = receipt["accepted"] + receipt.get("suppressed", 0)
        said = {"code": 200, "events_ingested": taken, "payload_size_bytes": len(posted.body), **receipt}
        return HttpReply(200, orjson.dumps(said))

    def refusal(self, code: str, message: str, receipt: dict[str, Any]) -> bytes:
        """See Tongue. SDKs send again what is not named among the invalid events, and stop at a wrong key."""
        error = f"Invalid API key: {message}" if code in ("unauthorized", "forbidden") else message
        said: dict[str, Any] = {"code": _CODES.get(code, _UNAVAILABLE), "error": error, **receipt}
        if rejections := receipt.get("rejections"):
            said["events_with_invalid_fields"] = {"event": [one["item"] for one in rejections]}
        return orjson.dumps(said)


def _typed(member: Mapping[str, Any]) -> list[tuple[str, object]]:
    sent = object_of(member, "user_properties")
    traits = {**sent, **object_of(sent, "$setOnce"), **object_of(sent, "$set")}
    return [("mail", traits.get("email")), ("phone", traits.get("phone"))]
