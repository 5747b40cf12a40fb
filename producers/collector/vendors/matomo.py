"""Matomo's tracking API: queries, one by one or in bulk.

{"requests": ["?idsite=1&rec=1&url=...&uid=...&_id=...&cdt=...&token_auth=...", ...], "token_auth": ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from touchline.producers.collector.front import HttpReply, Posted
from touchline.producers.collector.vendors.calls import Call
from touchline.producers.collector.vendors.fields import Address, number_of, picked, text_of
from touchline.producers.collector.vendors.front import PIXEL, Said
from touchline.producers.collector.vendors.names import CallKind

_PATHS: Final = tuple(start + end for start in ("", "/matomo/{writeKey}") for end in ("/matomo.php", "/piwik.php"))
_FACTS: Final = {"action_name": "page.title", "urlref": "page.referrer", "lang": "locale"}
_EVENT: Final = {"e_c": "category", "e_n": "label"}
_SEARCH: Final = {"search": "query", "search_cat": "category"}
_ORDER: Final = {"ec_id": "order_id"}
_ORDER_NUMBERS: Final = {
    "revenue": "total",
    "ec_st": "subtotal",
    "ec_tx": "tax",
    "ec_sh": "shipping",
    "ec_dt": "discount",
}
_FIELDS_MAX: Final = 256
_ECOMMERCE: Final = "0"
_PURCHASE: Final = "purchase"
_SEARCHED: Final = "search"
"""Names of names.yaml."""

Told = tuple[CallKind, str, Mapping[str, Any]]
"""Kind, name and properties of a call."""


class Matomo:
    """The protocol. A page may send it as a picture's address, too."""

    paths = _PATHS
    query_paths = _PATHS
    key_place = "send the write key as token_auth, or add it to the address: https://HOST/matomo/WRITE_KEY/matomo.php"
    body_bytes_max = 1 << 20
    call_bytes_max = 64 << 10

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """As the path has it, or the query."""
        return query.get("writeKey") or query.get("token_auth") or None

    def said_in(self, document: Any, posted: Posted) -> Said | None:
        """See Tongue."""
        if not isinstance(document, dict):
            return None
        requests = document.get("requests", [document] if "rec" in document else None)
        if not isinstance(requests, list):
            return None
        members = [_fields_of(one) for one in requests]
        own_keys = [text_of(one, "token_auth") or None if isinstance(one, dict) else None for one in members]
        return Said(members, text_of(document, "token_auth") or None, own_keys=own_keys)

    def call_of(self, member: dict[str, Any]) -> Call | None:
        """See Tongue."""
        kind, name, properties = _told(member)
        page = Address.of(member.get("url"))
        dimensions = {field: value for field, value in member.items() if field.startswith("dimension")}
        return Call(
            kind=kind,
            name=name,
            time=_time_of(member.get("cdt")),
            identifiers=[("login", member.get("uid")), ("anonymous", member.get("cid") or member.get("_id"))],
            properties={**dimensions, **properties},
            facts={**page.facts, **picked(member, _FACTS)},
            path=page.path,
            campaign=page.campaign,
        )

    def success(self, receipt: dict[str, Any], posted: Posted) -> HttpReply:
        """See Tongue."""
        if posted.query.get("send_image") == "0":
            return HttpReply(204, b"")
        if not posted.body:
            return PIXEL
        taken = receipt["accepted"] + receipt.get("suppressed", 0)
        return HttpReply(
            200, orjson.dumps({"status": "success", "tracked": taken, "invalid": receipt["rejected"], **receipt})
        )

    def refusal(self, code: str, message: str, receipt: dict[str, Any]) -> bytes:
        """See Tongue."""
        return orjson.dumps({"status": "error", "code": code, "message": message, **receipt})


def _fields_of(request: Any) -> Any:
    """A query as its fields; what is none stays as it is, and is refused by itself."""
    if not isinstance(request, str):
        return request
    try:
        return dict(parse_qsl(request.removeprefix("?"), max_num_fields=_FIELDS_MAX))
    except ValueError:
        return request


def _told(member: Mapping[str, Any]) -> Told:
    if member.get("idgoal") == _ECOMMERCE:
        found = picked(member, _ORDER_NUMBERS)
        amounts = {name: number_of(value) for name, value in found.items()}
        return "track", _PURCHASE if member.get("ec_id") else "cart update", {**picked(member, _ORDER), **amounts}
    if "idgoal" in member:
        return "track", f"goal {member['idgoal']}", _with_number(member, {}, "revenue", "value")
    if "e_a" in member:
        return "track", text_of(member, "e_a"), _with_number(member, _EVENT, "e_v", "value")
    if "search" in member:
        return "track", _SEARCHED, _with_number(member, _SEARCH, "search_count", "results")
    for name in ("download", "link", "ping"):
        if member.get(name):
            return "track", name, {}
    if "c_n" in member:
        return "track", text_of(member, "c_i") or "impression", picked(member, {"c_n": "content", "c_p": "piece"})
    return "page", "", {}


def _with_number(member: Mapping[str, Any], texts: Mapping[str, str], number: str, name: str) -> dict[str, Any]:
    numbers = {name: number_of(member[number])} if number in member else {}
    return {**picked(member, texts), **numbers}


def _time_of(text: object) -> object:
    """Seconds since 1970, or a text, which is UTC where it says no zone."""
    time = number_of(text)
    if isinstance(time, str) and len(time) in range(19, 27) and time[-1] not in "Zz" and "+" not in time:
        return f"{time}Z"
    return time
