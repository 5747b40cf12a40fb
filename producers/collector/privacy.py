"""What must not reach Kafka: whole IP addresses, wherever in an event they stand.

IPv4 loses its last 8 bits, IPv6 all but the first 48: `203.0.113.77` becomes `203.0.113.0`. Also within longer text. Left alone are the
event's id, source, type and times, ids of orders and of events that it names (cut, two would become one), and values under a name with
`version` in it, which look alike. Person keys are made later, by the producer; an address is no identifier of a person and is refused
as one.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final

from touchline.producers.errors import EventRejected
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection

_KEPT: Final = frozenset(("id", "source", "type", "time", "received_at", "persons", "identifiers"))
_KEPT_WITHIN: Final = {"order": "id", "about": "event_id"}
_IPV4: Final = re.compile(r"(?<![0-9.])((?:[0-9]{1,3}\.){3})([0-9]{1,3})(?![0-9]|\.[0-9])")
_IPV6: Final = re.compile(
    r"(?<![0-9A-Za-z:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?![0-9A-Za-z:]|\.[0-9])"
)
_KEPT_BITS: Final = 48


def without_addresses(event: dict[str, Any]) -> dict[str, Any]:
    """The event with every address in it cut. Raises EventRejected where one stands for a person."""
    _require_no_address_for_a_person(event.get("identifiers"))
    cut = {name: value if name in _KEPT else _cut(name, value) for name, value in event.items()}
    for name, inner in _KEPT_WITHIN.items():
        given = event.get(name)
        if isinstance(given, dict) and inner in given:
            cut[name][inner] = given[inner]
    return cut


def cut_text(text: str) -> str:
    """Text with the addresses in it cut."""
    if text.count(":") >= 2:
        text = _IPV6.sub(_cut_ipv6, text)
    if text.count(".") >= 3:
        text = _IPV4.sub(_cut_ipv4, text)
    return text


def _cut(name: str, value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return value if _names_a_version(name) else cut_text(value)
    if kind is dict:
        return {inner: _cut(inner, member) for inner, member in value.items()}
    if kind is list:
        return [_cut(name, member) for member in value]
    return value


def _names_a_version(name: str) -> bool:
    return "version" in name.lower().replace("conversion", "")


def _cut_ipv4(found: re.Match[str]) -> str:
    is_address = all(int(part) <= 255 for part in found[0].split("."))
    return f"{found[1]}0" if is_address else found[0]


def _cut_ipv6(found: re.Match[str]) -> str:
    try:
        address = ipaddress.IPv6Address(found[0])
    except ValueError:
        return found[0]
    if address.ipv4_mapped is not None:
        return f"::ffff:{cut_text(str(address.ipv4_mapped))}"
    kept = int(address) >> (128 - _KEPT_BITS) << (128 - _KEPT_BITS)
    return str(ipaddress.IPv6Address(kept))


def _require_no_address_for_a_person(identifiers: Any) -> None:
    if not isinstance(identifiers, list):
        return
    for identifier in identifiers:
        value = identifier.get("value") if isinstance(identifier, dict) else None
        if isinstance(identifier, list) and len(identifier) == 2:  # the producer takes [type, value], too
            value = identifier[1]
        if isinstance(value, str) and _is_address(value.strip()):
            raise EventRejected(
                Rejection(Reason.WRONG_TYPE, "identifiers"),
                "an IP address",
                "leave it out: an address names a household or an office, not a person",
            )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
