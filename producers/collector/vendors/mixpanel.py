"""Mixpanel's HTTP API: events (/track, /import), profiles (/engage) and groups.

[{"event": ..., "properties": {"token": ..., "distinct_id": ..., "time": ..., "$insert_id": ..., ...}}]
[{"$token": ..., "$distinct_id": ..., "$set": {...}, "$time": ...}]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from touchline.producers.collector.access import basic_user_of
from touchline.producers.collector.front import HttpReply, Posted
from touchline.producers.collector.vendors.calls import Call
from touchline.producers.collector.vendors.fields import Address, object_of, picked, text_of, without
from touchline.producers.collector.vendors.front import Said

_PATHS: Final = tuple(path + end for path in ("/track", "/import", "/engage", "/groups") for end in ("", "/"))
_DEVICE: Final = "$device:"
_FACTS: Final = {
    "$referrer": "page.referrer",
    "utm_source": "campaign.source",
    "utm_medium": "campaign.medium",
    "utm_term": "campaign.term",
    "utm_content": "campaign.content",
    "$device": "device.type",
    "$os": "os.name",
    "$app_version_string": "app.version",
}
_NOT_KEPT: Final = (
    *(name for name in _FACTS if not name.startswith("$")),
    *("token", "time", "distinct_id", "alias", "ip", "consent", "utm_campaign"),
)
_PROFILE: Final = ("$set", "$set_once")
_PROFILE_OTHER: Final = ("$add", "$append", "$union", "$remove", "$unset")


class Mixpanel:
    """The protocol."""

    paths = _PATHS
    query_paths = _PATHS
    key_place = "use the write key as the project token"
    body_bytes_max = 1 << 20
    call_bytes_max = 64 << 10

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Stands in the events; Authorization may hold another secret."""
        return None

    def said_in(self, document: Any, posted: Posted) -> Said | None:
        """See Tongue."""
        members = [document] if isinstance(document, dict) and _is_call(document) else document
        if not isinstance(members, list):
            return None
        return Said(members, basic_user_of(posted.headers), own_keys=[_key_of(one) for one in members])

    def call_of(self, member: dict[str, Any]) -> Call | None:
        """See Tongue."""
        event = text_of(member, "event")
        if not event:
            return _profile_call(member)
        properties = object_of(member, "properties")
        if event in ("$create_alias", "$identify", "$merge"):
            return Call(
                kind="identify" if event == "$identify" else "alias",
                id=properties.get("$insert_id"),
                time=properties.get("time"),
                identifiers=_linked(event, properties),
            )
        page = Address.of(properties.get("$current_url"))
        return Call(
            kind="track",
            name=event,
            id=properties.get("$insert_id"),
            time=properties.get("time"),
            identifiers=_who(properties),
            properties=without(properties, _NOT_KEPT, ("$", "mp_")),
            facts={**page.facts, **picked(properties, _FACTS)},
            path=page.path,
            campaign=properties.get("utm_campaign") or page.campaign,
            consent=properties.get("consent"),
        )

    def success(self, receipt: dict[str, Any], posted: Posted) -> HttpReply:
        """See Tongue. A sender that asks for no words wants the digit alone."""
        if posted.query.get("verbose") == "0":
            return HttpReply(200, b"1")
        return HttpReply(200, orjson.dumps({"status": 1, "error": None, **receipt}))

    def refusal(self, code: str, message: str, receipt: dict[str, Any]) -> bytes:
        """See Tongue."""
        return orjson.dumps({"status": 0, "code": code, "error": message, **receipt})


def _is_call(document: Mapping[str, Any]) -> bool:
    return "event" in document or "$token" in document


def _key_of(member: Any) -> str | None:
    if not isinstance(member, dict):
        return None
    return text_of(object_of(member, "properties"), "token") or text_of(member, "$token") or None


def _profile_call(member: Mapping[str, Any]) -> Call | None:
    """What is said of a profile: who it is. That it is to be deleted is no call: persons are erased by `touchline erase`."""
    if "$delete" in member:
        return None
    group, time = member.get("$group_id"), member.get("$time")
    if group is not None:
        properties = {"group_id": group, "group_type": member.get("$group_key"), **object_of(member, "$set")}
        return Call(kind="group", time=time, properties=without(properties, (), ("$",)))
    if "$distinct_id" not in member or not any(name in member for name in (*_PROFILE, *_PROFILE_OTHER)):
        return None
    traits = {name: value for part in reversed(_PROFILE) for name, value in object_of(member, part).items()}
    return Call(
        kind="identify",
        time=time,
        identifiers=[_identifier(member["$distinct_id"])],
        traits=[
            (kind, traits.get(name))
            for kind, names in (("mail", ("$email", "email")), ("phone", ("$phone", "phone")))
            for name in names
        ],
    )


def _who(properties: Mapping[str, Any]) -> list[tuple[str, object]]:
    user, device, own = (properties.get(name) for name in ("$user_id", "$device_id", "distinct_id"))
    who: list[tuple[str, object]] = [("login", user), ("anonymous", device)]
    return who if own in (user, device) else [_identifier(own), *who]


def _identifier(own: object) -> tuple[str, object]:
    """A `distinct_id` is a login, but where it says that it is a device."""
    if isinstance(own, str) and own.startswith(_DEVICE):
        return "anonymous", own.removeprefix(_DEVICE)
    return "login", own


def _linked(event: str, properties: Mapping[str, Any]) -> list[tuple[str, object]]:
    if event == "$identify":
        return [("login", properties.get("$identified_id")), ("anonymous", properties.get("$anon_id"))]
    # An id may be that of a device or of a login: nobody says which.
    if event == "$merge":
        merged = properties.get("$distinct_ids")
        return [(kind, one) for kind in ("login", "anonymous") for one in (merged if isinstance(merged, list) else [])]
    new, former = properties.get("alias"), properties.get("distinct_id")
    return [("login", new), *((kind, former) for kind in ("anonymous", "login") if former != new)]
