"""Segment's HTTP API, which RudderStack speaks, too: track, page, screen, identify, group, alias, one by one or as a batch.

{"batch": [{"type": "track", "event": ..., "messageId": ..., "userId": ..., "anonymousId": ..., "properties": {...}, "timestamp": ...}],
 "sentAt": ..., "writeKey": ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from touchline.producers.collector.access import basic_user_of, bearer_of
from touchline.producers.collector.front import HttpReply, Posted
from touchline.producers.collector.vendors.calls import Call
from touchline.producers.collector.vendors.fields import first_said, object_of
from touchline.producers.collector.vendors.front import Said
from touchline.producers.collector.vendors.names import CallKind

_KINDS: Final[Mapping[str, CallKind]] = {
    "track": "track",
    "page": "page",
    "screen": "screen",
    "identify": "identify",
    "group": "group",
    "alias": "alias",
}
_SHORT: Final = {kind[0]: kind for kind in _KINDS}
_BATCHES: Final = ("/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch")
_KEEPS_SENT_AT: Final = frozenset(("@rudderstack/rudder-sdk-node", "analytics-java"))
"""Libraries that say in a second attempt when the first one was sent, or may: their clocks are not corrected, since the second attempt must
be the same event."""
_CONTEXT: Final = {
    part: tuple((name, f"{part}.{name}") for name in names)
    for part, names in (
        ("page", ("path", "referrer", "title")),
        ("campaign", ("source", "medium", "term", "content")),
        ("device", ("type",)),
        ("os", ("name",)),
        ("app", ("name", "version")),
    )
}
"""What of the context is kept, as properties. Addresses, user agents, ids of advertisers and traits are not."""


class Segment:
    """The protocol. Calls by themselves have a path each, in full and by their first letter."""

    paths = tuple(
        path + end
        for path in (*_BATCHES, *(f"/v1/{kind}" for kind in _KINDS), *(f"/v1/{letter}" for letter in _SHORT))
        for end in ("", "/")
    )
    query_paths = ()
    key_place = "send the write key as the user name of Basic authentication, or as writeKey in the body"
    body_bytes_max = 500 << 10
    call_bytes_max = 32 << 10

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """As the user name of Basic authentication, as a bearer token, or in the query, as beacons have it."""
        return basic_user_of(headers) or bearer_of(headers) or query.get("writeKey") or None

    def said_in(self, document: Any, posted: Posted) -> Said | None:
        """See Tongue."""
        if not isinstance(document, dict):
            return None
        key = document.get("writeKey")
        write_key = key if isinstance(key, str) else None
        path = posted.path.rstrip("/")
        sent_at = document.get("sentAt")
        if path not in _BATCHES:
            kind = path.rpartition("/")[2]
            call = {**document, "type": _SHORT.get(kind, kind)}
            return Said([call], write_key, None if _keeps_sent_at(document) else sent_at)
        batch = document.get("batch")
        if not isinstance(batch, list):
            return None
        first = batch[0] if batch and isinstance(batch[0], dict) else {}
        is_kept = _keeps_sent_at(document) or _keeps_sent_at(first)
        return Said(batch, write_key, None if is_kept else sent_at, shared=_shared(object_of(document, "context")))

    def call_of(self, member: dict[str, Any]) -> Call | None:
        """See Tongue."""
        said = member.get("type")
        kind = _KINDS.get(said) if type(said) is str else None
        kind = kind or _KINDS.get(str(said).lower())
        if kind is None:
            return None
        context = object_of(member, "context")
        name = member.get("event") if kind == "track" else member.get("name")
        properties = object_of(member, "properties")
        if kind == "group":
            properties = {"group_id": member.get("groupId"), **object_of(member, "traits")}
        elif kind in ("page", "screen") and member.get("category") is not None:
            properties = {"category": member["category"], **properties}
        path = properties.get("path") or object_of(context, "page").get("path")
        return Call(
            kind=kind,
            name=name if isinstance(name, str) else "",
            id=member.get("messageId"),
            time=first_said(member.get("timestamp"), member.get("originalTimestamp")),
            identifiers=_who(kind, member),
            traits=_typed(member, context) if kind == "identify" else (),
            properties=properties,
            facts=_kept(context),
            path=path if isinstance(path, str) else "",
            campaign=object_of(context, "campaign").get("name"),
            zone=context.get("timezone"),
            consent=context.get("consent"),
        )

    def success(self, receipt: dict[str, Any], posted: Posted) -> HttpReply:
        """See Tongue."""
        return HttpReply(200, orjson.dumps({"success": True, **receipt}))

    def refusal(self, code: str, message: str, receipt: dict[str, Any]) -> bytes:
        """See Tongue."""
        return orjson.dumps({"success": False, "code": code, "message": message, **receipt})


def _who(kind: str, member: Mapping[str, Any]) -> list[tuple[str, object]]:
    who = [("login", member.get("userId")), ("anonymous", member.get("anonymousId"))]
    if kind == "alias" and member.get("userId"):
        # The former id may be that of a device or of a login: nobody says which.
        former = member.get("previousId")
        who += [(one, former) for one in ("anonymous", "login") if former != member.get("userId")]
    return who


def _typed(member: Mapping[str, Any], context: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Mail and telephone; some libraries put them into the context."""
    traits = {**object_of(context, "traits"), **object_of(member, "traits")}
    return [("mail", traits.get("email")), ("phone", traits.get("phone"))]


def _kept(context: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for part, fields in context.items():
        names = _CONTEXT.get(part)
        if names is not None and isinstance(fields, dict):
            for name, path in names:
                value = fields.get(name)
                if value is not None and not isinstance(value, dict | list):
                    kept[path] = value
    if isinstance(context.get("locale"), str):
        kept["locale"] = context["locale"]
    return kept


_SHARED_NAMES: Final = ("name", *(name for names in _CONTEXT.values() for name, _ in names), "email", "phone")


def _shared(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the context that all calls of a batch share, what is kept of it: each call gets a copy."""
    small = {name: context[name] for name in ("locale", "timezone") if isinstance(context.get(name), str)}
    for part in (*_CONTEXT, "library", "traits"):
        fields = context.get(part)
        if isinstance(fields, dict):
            small[part] = {name: fields[name] for name in _SHARED_NAMES if isinstance(fields.get(name), str)}
    return small


def _keeps_sent_at(said: Mapping[str, Any]) -> bool:
    name = object_of(object_of(said, "context"), "library").get("name")
    return isinstance(name, str) and name in _KEEPS_SENT_AT
