"""What holds for requests by browser keys: pages of known origins, and a rate for each client address.

An address is never kept. It chooses one of SLOTS places by a hash with a secret of this process, and a place knows how fast it was used;
two addresses at one place share its rate. So memory is bounded, however many addresses there are.

Why: docs/decisions/0199.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from aiohttp import web

from touchline.producers.collector.access import WriteKey, bearer_of
from touchline.producers.collector.cors import Origins
from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.front import BadItem, Item
from touchline.producers.collector.limits import Rate
from touchline.producers.collector.vendors.clock import SenderClock
from touchline.service.problem import RequestRefused

SLOTS: Final = 1 << 14
ITEMS_MAX: Final = 100
"""Of a request by a browser key; the tag sends 50."""
_MILLISECONDS: Final = re.compile(r"[0-9]{1,15}")
_NETWORK_BITS: Final = 64
"""Of an IPv6 address, what a household or a phone has for itself."""


class Addresses:
    """Client addresses as places of a table. `proxies` is how many proxies in front add to X-Forwarded-For."""

    def __init__(self, proxies: int) -> None:
        self._proxies = proxies
        self._secret = secrets.token_bytes(16)

    def slot(self, request: web.Request) -> str:
        """The place of the address from which the request came."""
        address = address_of(request.remote, request.headers.getall("X-Forwarded-For", []), self._proxies)
        digest = hashlib.blake2b(address, key=self._secret, digest_size=8).digest()
        return str(int.from_bytes(digest) % SLOTS)


class Visitors:
    """`proxies` is how many proxies in front of the collector add to X-Forwarded-For."""

    def __init__(self, origins: Origins, events_per_second: float, proxies: int, clock_s: Callable[[], float]) -> None:
        self._origins = origins
        self._rate = Rate(events_per_second, clock_s)
        self._addresses = Addresses(proxies)

    def admit(self, key: WriteKey, request: web.Request) -> None:
        """Look at a request before it is read. Raises RequestRefused: 403, 429."""
        if key.browser is None:
            _require_hidden(request)
            return
        self._origins.require(request)
        slot = self._addresses.slot(request)
        if seconds := self._rate.wait_seconds(slot):
            raise RequestRefused(
                429, "this address sends too fast", f"wait {seconds} s, as Retry-After says", retry_after=seconds
            )
        self._rate.spend(slot, 1)

    def spend(self, key: WriteKey, request: web.Request, events: int) -> None:
        """Count further events of the request. Raises RequestRefused (400) where these are more than a page sends at once: one visitor
        would use up the rate of the key, which is that of all."""
        if key.browser is None:
            return
        if events >= ITEMS_MAX:
            raise RequestRefused(
                400, f"a page sends more than {ITEMS_MAX} events at once", "send fewer events in a request"
            )
        self._rate.spend(self._addresses.slot(request), events)


def on_our_clock(
    items: Iterable[Item | BadItem], query: Mapping[str, str], received_us: int
) -> Iterator[Item | BadItem]:
    """The items with their times corrected by what the request says of when it was sent: clocks of visitors are off by hours and years."""
    sent = query.get("sent", "")
    clock = SenderClock.of(int(sent) if _MILLISECONDS.fullmatch(sent) else None, received_us)
    for item in items:
        if isinstance(item, Item) and item.event.get("time"):
            item.event["time"] = clock.corrected(item.event["time"])
        yield item


def address_of(peer: str | None, forwarded: list[str], proxies: int) -> bytes:
    """The client's address in bytes, of IPv6 its network: the peer's, or what the outermost of so many proxies has seen. What a client
    itself wrote into X-Forwarded-For stands before that, and does not count."""
    seen = [one.strip() for one in ",".join(forwarded).split(",")]
    text = seen[-proxies] if 0 < proxies <= len(seen) else peer or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text[:64].encode("utf-8", "replace")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.packed[: _NETWORK_BITS // 8]


def _require_hidden(request: web.Request) -> None:
    """A key of servers that a page sends stands in it; in an address it stands in logs of proxies, too."""
    is_of_page = "Origin" in request.headers
    if is_of_page or (request.path in EventsFront.paths and bearer_of(request.headers) is None):
        raise RequestRefused(
            403,
            "a page sends a write key of servers" if is_of_page else "a write key of servers stands in the address",
            "in a page use a browser key (browser: in its line), on a server send Authorization: Bearer <write key>",
        )
