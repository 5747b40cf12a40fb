"""IP addresses in free text. Fields whose name says that they hold addresses are cut instead (`schemas/addresses.py`).

A version, a shelf and a chapter are numbers between dots as well. So four numbers below ten are an address only where `IP` stands before
them, and numbers behind `version` and the like never are. Of IPv6 those count that networks of people have: global (2000::/3), link-local,
unique local.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_IPV4: Final = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.\w)")
_IPV6: Final = re.compile(
    r"(?<![0-9A-Za-z:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?:%\w+)?(?![0-9A-Za-z:]|\.[0-9])"
)
_BEFORE: Final = 24
_SAYS_ADDRESS: Final = re.compile(r"\bip(?:v[46])?\b[^.;!?]{0,16}\Z", re.IGNORECASE)
_SAYS_NUMBER: Final = re.compile(
    r"(?:\bv|\bversions?|\brelease|\bbuild|\bfirmware|\bupdate|\bshelf|\bregal|\bsection|\bchapter|\bkapitel|\babschnitt|§)[\s:#.]{0,3}\Z",
    re.IGNORECASE,
)
_SMALL: Final = 10
_OF_PEOPLE: Final = tuple(map(ipaddress.IPv6Network, ("2000::/3", "fe80::/10", "fc00::/7")))


def spans(text: str) -> list[tuple[int, int]]:
    """Where IP addresses stand, in order."""
    found = [one.span() for one in _IPV4.finditer(text) if _is_ipv4(one, text)] if text.count(".") >= 3 else []
    if text.count(":") >= 2:
        found += [one.span() for one in _IPV6.finditer(text) if _is_ipv6(one[0])]
        found.sort()
    return found


def _is_ipv4(found: re.Match[str], text: str) -> bool:
    parts = found[0].split(".")
    numbers = list(map(int, parts))
    if max(numbers) > 255 or numbers[0] == 0 or any(len(part) > 1 and part[0] == "0" for part in parts):
        return False
    if numbers[3] == 0:
        return False  # of a network, as `schemas/addresses.py` leaves it
    before = text[max(0, found.start() - _BEFORE) : found.start()]
    if _SAYS_NUMBER.search(before) is not None:
        return False
    return max(numbers) >= _SMALL or _SAYS_ADDRESS.search(before) is not None


def _is_ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return False
    if address.ipv4_mapped is not None:
        return int(address.ipv4_mapped) & 0xFF != 0
    kept = 48 if address.sixtofour is None else 40
    return any(address in network for network in _OF_PEOPLE) and int(address) & ((1 << (128 - kept)) - 1) != 0
