"""PostHog's capture API: events one by one or as a batch, `$identify`, `$create_alias`, `$set`, `$groupidentify`.

{"api_key": ..., "batch": [{"event": ..., "uuid": ..., "distinct_id": ..., "properties": {...}, "timestamp": ...}], "sent_at": ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from touchline.producers.collector.front import HttpReply, Posted
from touchline.producers.collector.vendors.calls import Call
from touchline.producers.collector.vendors.fields import Address, first_said, object_of, picked, text_of, without
from touchline.producers.collector.vendors.front import Said
from touchline.producers.collector.vendors.names import CallKind

_KINDS: Final[Mapping[str, CallKind]] = {
    "$pageview": "page",
    "$screen": "screen",
    "$identify": "identify",
    "$set": "identify",
    "$set_once": "identify",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
    "$groupidentify": "group",
}
_OLD_FIRST: Final = frozenset(("posthog-python",))
"""Libraries whose alias() has the former id as `distinct_id` and the new one as `alias`; others have it the other way."""
_FACTS: Final = {
    "$referrer": "page.referrer",
    "title": "page.title",
    "utm_source": "campaign.source",
    "utm_medium": "campaign.medium",
    "utm_term": "campaign.term",
    "utm_content": "campaign.content",
    "$device_type": "device.type",
    "$os": "os.name",
    "$app_name": "app.name",
    "$app_version": "app.version",
    "$browser_language": "locale",
}
_NO_REFERRER: Final = "$direct"
_NOT_KEPT: Final = (
    *(name for name in _FACTS if not name.startswith("$")),
    *("token", "distinct_id", "alias", "consent", "utm_campaign"),
    # ids of advertisers
    *(
        "gclid",
        "gclsrc",
        "gad_source",
        "dclid",
        "gbraid",
        "wbraid",
        "fbclid",
        "msclkid",
        "twclid",
        "li_fat_id",
        "mc_cid",
    ),
    *("igshid", "ttclid", "rdt_cid", "epik", "qclid", "sccid", "oppref", "bfcid", "irclid", "_kx"),
)


class PostHog:
    """The protocol. All paths take one event, a list of them, or a batch."""

    paths = ("/batch/", *(path + end for path in ("/capture", "/e", "/i/v0/e") for end in ("", "/")))
    query_paths = ()
    key_place = "use the write key as the project's API key"
    body_bytes_max = 1 << 20
    call_bytes_max = 64 << 10

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Stands in the body."""
        return None

    def said_in(self, document: Any, posted: Posted) -> Said | None:
        """See Tongue."""
        fields = document if isinstance(document, dict) else {}
        members = fields.get("batch", [document] if "event" in fields else document)
        if not isinstance(members, list):
            return None
        write_key = _key_of(fields)
        own_keys = [] if write_key else [_key_of(one) for one in members]
        return Said(members, write_key, fields.get("sent_at"), own_keys=own_keys)

    def call_of(self, member: dict[str, Any]) -> Call | None:
        """See Tongue."""
        event = text_of(member, "event")
        if not event:
            return None
        properties = object_of(member, "properties")
        kind = _KINDS.get(event, "track")
        page = Address.of(properties.get("$current_url"))
        path = text_of(properties, "$pathname") or page.path
        own = without(properties, _NOT_KEPT, ("$",))
        if kind == "group":
            own = {"group_id": properties.get("$group_key"), **object_of(properties, "$group_set")}
        return Call(
            kind=kind,
            name=event if kind == "track" else text_of(properties, "$screen_name"),
            id=first_said(member.get("uuid"), properties.get("$insert_id")),
            time=first_said(member.get("timestamp"), properties.get("$time")),
            identifiers=_who(kind, member, properties),
            traits=_typed(member, properties) if kind == "identify" else (),
            properties=own,
            facts=_kept(page, path, properties),
            path=path,
            campaign=properties.get("utm_campaign") or page.campaign,
            zone=properties.get("$timezone"),
            consent=properties.get("consent"),
        )

    def success(self, receipt: dict[str, Any], posted: Posted) -> HttpReply:
        """See Tongue."""
        return HttpReply(200, orjson.dumps({"status": 1, "success": True, **receipt}))

    def refusal(self, code: str, message: str, receipt: dict[str, Any]) -> bytes:
        """See Tongue."""
        return orjson.dumps({"type": "validation_error", "code": code, "detail": message, **receipt})


def _key_of(member: Any) -> str | None:
    if not isinstance(member, dict):
        return None
    return text_of(member, "api_key", "token") or text_of(object_of(member, "properties"), "token") or None


def _kept(page: Address, path: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    kept = {**page.facts, **picked(properties, _FACTS)}
    if path:
        kept["page.path"] = path
    if kept.get("page.referrer") == _NO_REFERRER:
        del kept["page.referrer"]
    return kept


def _who(kind: CallKind, member: Mapping[str, Any], properties: Mapping[str, Any]) -> list[tuple[str, object]]:
    """A `distinct_id` is a login, but where the library says that nobody is identified, or that it is the device's own id."""
    own = member.get("distinct_id", properties.get("distinct_id"))
    device = properties.get("$device_id")
    if kind == "alias":
        former, new = properties.get("alias"), properties.get("distinct_id", own)
        if text_of(properties, "$lib") in _OLD_FIRST:
            former, new = new, former
        # The former id may be that of a device or of a login: nobody says which.
        return [("login", new), *((one, former) for one in ("anonymous", "login") if former != new)]
    if kind == "group" and device is None:
        return []  # libraries of servers make up a person for it
    if kind == "identify":
        return [("login", own), ("anonymous", properties.get("$anon_distinct_id")), ("anonymous", device)]
    is_anonymous = False in (properties.get("$is_identified"), properties.get("$process_person_profile"))
    if "$user_id" not in properties and (is_anonymous or own == device):
        return [("anonymous", own), ("anonymous", device)]
    return [("login", own), ("anonymous", device)]


def _typed(member: Mapping[str, Any], properties: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Mail and telephone, which some libraries put beside the properties and some into them."""
    traits = {
        name: value
        for place in (properties, member)
        for field in ("$set_once", "$set")
        for name, value in object_of(place, field).items()
    }
    return [("mail", traits.get("email")), ("phone", traits.get("phone"))]
