"""IP addresses in events: cut in every way in, in the fields that hold addresses.

IPv4 loses its last 8 bits, IPv6 all but the first 48: `203.0.113.77` becomes `203.0.113.0`. Whether a field holds addresses its name says
(`ip`, `client_ip`, `remote_addr`, `x_forwarded_for`), in any nesting. A text is not searched: a shelf `1.2.3.4`, a build
`12.10.20.30` and `Face::Bee` look like addresses and are none.

Why: docs/decisions/0110.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Any, Final

from touchline.schemas.checking import FIELD_NAMES, NESTED_FIELD_NAMES, PERSON_FIELD_NAMES

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_ADDRESS_WORDS: Final = frozenset(
    ("ip", "ips", "ipv4", "ipv6", "ipaddress", "ipaddr", "ipadresse", "adresseip", "addr", "uip", "cip")
)
"""The last two: of the user and of the client, in protocols of web analytics and logs of servers."""
_OF_A_PEER: Final = frozenset(
    ("remote", "client", "peer", "source", "src", "host", "server", "forwarded", "network", "net")
)
_WHOLE_NAMES: Final = re.compile(
    r"(?:x?forwarded(?:for)?|x?(?:client|remote|user|visitor|customer|source|src|real|true|peer|host|server|sender|request|connecting|last|login)"
    r"(?:ip|ips|ipv4|ipv6|addr|ipaddress|ipaddr)|remotehost)"
)
_NO_ADDRESS: Final = frozenset(("version", "versions"))
_IPV4: Final = re.compile(r"(?<![0-9.])((?:[0-9]{1,3}\.){3})([0-9]{1,3})(?![0-9]|\.[0-9])")
_IPV6: Final = re.compile(
    r"(?<![0-9A-Za-z:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?![0-9A-Za-z:]|\.[0-9])"
)
_NAMES_KEPT: Final = 4_096
_KEPT_BITS: Final = 48
_NUMBER: Final = re.compile(r"[1-9][0-9]{7,9}")
_LEAST_ADDRESS: Final = 1 << 24
"""1.0.0.0"""
_KNOWN: Final = frozenset().union(*FIELD_NAMES.values())
"""Fields of the contract; none holds addresses."""
_PERSON_FIELDS: Final = len(PERSON_FIELD_NAMES)


def cut_addresses(event: dict[str, Any]) -> bool:
    """Cuts the addresses of an event, in place at its top level; deeper objects are replaced, the sender's stay as they are. Returns
    whether there was one."""
    found = False
    for name, value in event.items():
        kind = type(value)
        if ((kind is str or kind is int) and name not in _KNOWN) or kind is dict or kind is list or kind is tuple:
            inner = _cut(value) if holds_addresses(name) else _members(value)
            if inner is not value and inner != value:  # else it was cut before
                event[name] = inner  # no name is added or lost, so the loop goes on
                found = True
    return found


def may_hold_addresses(event: dict[str, Any]) -> bool:
    """Whether a checked event without unknown fields at its top level has a property for addresses, or a field deeper down that the
    contract does not name: costs a tenth of looking at all that stands there."""
    get = event.get
    properties = get("properties")
    if properties and names_addresses(properties):  # flat, by the contract
        return True
    for name, known in NESTED_FIELD_NAMES[event["type"]]:
        inner = get(name)
        if inner and not inner.keys() <= known:
            return True
    for person in get("persons") or ():  # noqa: SIM110 - twice as quick as any()
        if len(person) > _PERSON_FIELDS:
            return True
    return False


_plain_names: Final[set[object]] = set()
"""Names of properties that hold no addresses, and were seen before."""


def names_addresses(properties: dict[str, Any]) -> bool:
    """Whether the name of one of the properties says that an IP address stands there."""
    if properties.keys() <= _plain_names:
        return False
    if any(map(holds_addresses, properties)):
        return True
    if len(_plain_names) < _NAMES_KEPT:
        _plain_names.update(properties)
    return False


@lru_cache(maxsize=_NAMES_KEPT)
def holds_addresses(name: str) -> bool:
    """Whether the name of a field says that an IP address stands there, however it is written: client_ip, clientIp, X-Forwarded-For."""
    text = str(name)  # a Python sender may name a property by a number
    words = {
        word.lower().rstrip("0123456789") if word[:2].lower() == "ip" and word[2:].isdigit() else word.lower()
        for word in _WORD.findall(text)
    }
    if words & _NO_ADDRESS:
        return False
    joined = re.sub(r"[^a-z0-9]", "", text.lower())
    return (
        not words.isdisjoint(_ADDRESS_WORDS)
        or joined in _ADDRESS_WORDS
        or _WHOLE_NAMES.fullmatch(joined) is not None
        or bool("forwarded" in words and "for" in words)
        or (not words.isdisjoint(("address", "addresses")) and not words.isdisjoint(_OF_A_PEER))
    )


def cut_text(text: str) -> str:
    """The text of a field of addresses, with each of them cut."""
    if text.count(":") >= 2:
        text = _IPV6.sub(_cut_ipv6, text)
    if text.count(".") >= 3:
        text = _IPV4.sub(_cut_ipv4, text)
    return text


def _within(value: dict[str, Any]) -> dict[str, Any]:
    """The object with the fields of addresses in it cut; the same one where there are none."""
    changed: dict[str, Any] = {}
    for name, member in value.items():
        kind = type(member)
        if kind is str or kind is int:
            if not holds_addresses(name):
                continue
        elif kind is not dict and kind is not list and kind is not tuple:
            continue
        inner = _cut(member) if holds_addresses(name) else _members(member)
        if inner is not member and inner != member:
            changed[name] = inner
    return {**value, **changed} if changed else value


def _members(value: Any) -> Any:
    if type(value) is dict:
        return _within(value)
    if type(value) is list or type(value) is tuple:
        members = [_members(member) for member in value]
        return value if all(one is other for one, other in zip(members, value, strict=True)) else members
    return value


def _cut(value: Any) -> Any:
    """What stands in a field of addresses, each text in it cut."""
    kind = type(value)
    if kind is str:
        return str(_cut_number(int(value))) if _NUMBER.fullmatch(value) else cut_text(value)
    if kind is int:
        return _cut_number(value)
    if kind is dict:
        return {name: _cut(member) for name, member in value.items()}
    if kind is list or kind is tuple:
        return [_cut(member) for member in value]
    return value


def _cut_number(value: int) -> int:
    """An IPv4 address as databases keep it, a number of 32 bits, without its last 8; small numbers count something."""
    return value & 0xFFFFFF00 if _LEAST_ADDRESS <= value < 1 << 32 else value


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
    bits = (
        _KEPT_BITS if address.sixtofour is None else _KEPT_BITS - 8
    )  # 6to4 holds a whole IPv4 address in these (RFC 3056)
    kept = int(address) >> (128 - bits) << (128 - bits)
    return str(ipaddress.IPv6Address(kept))
