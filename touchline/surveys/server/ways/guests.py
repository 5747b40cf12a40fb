"""A rate for each client address: links are tried out by who has none, and a place's link can be answered by anybody.

Why: docs/decisions/0208.
"""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from touchline.producers.collector.limits import Rate
from touchline.producers.collector.visitors import Addresses
from touchline.service.problem import RequestRefused


class TooFast(RequestRefused):
    """The address asks too fast."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            429, "this address asks too fast", f"wait {seconds} s, as Retry-After says", retry_after=seconds
        )


class Guests:
    """For one event loop. `proxies` is how many proxies in front of the surveys add to X-Forwarded-For."""

    def __init__(self, requests_per_second: float, proxies: int, clock_s: Callable[[], float]) -> None:
        self._rate = Rate(requests_per_second, clock_s)
        self._addresses = Addresses(proxies)

    def admit(self, request: web.Request) -> None:
        """Count a request. Raises TooFast (429)."""
        slot = self._addresses.slot(request)
        if seconds := self._rate.wait_seconds(slot):
            raise TooFast(seconds)
        self._rate.spend(slot, 1)
