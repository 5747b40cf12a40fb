"""Pages that may send: a list of origins, and what browsers ask and hear of it (CORS).

An origin stands in the list as a browser sends it. There is no wildcard: an answer names the one origin that asked, so that SDKs may ask
with credentials; no cookie is set or read here.

Why: docs/decisions/0199.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from aiohttp import web

from touchline.service.problem import RequestRefused

KEPT_SECONDS: Final = 7_200
"""How long a browser need not ask again; longer ones are cut by Chromium."""
_HEADER_NAMES: Final = re.compile(r"[A-Za-z0-9_, -]{1,500}")
_HINT: Final = "add the page's origin to collector_origins, as in https://shop.example"


def _origin_in(address: str | None) -> str | None:
    if address is None:
        return None
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


class Origins:
    """The list. `hint` says which setting holds it, `methods` to which requests pages read the answer."""

    def __init__(
        self, allowed: Collection[str], hint: str = _HINT, methods: Collection[str] = ("POST", "OPTIONS")
    ) -> None:
        self._allowed = frozenset(allowed)
        self._hint = hint
        self._methods = frozenset(methods)

    def require(self, request: web.Request) -> None:
        """That the page may send, where a page does. Raises RequestRefused (403)."""
        origin = request.headers.get("Origin")
        if origin is None and request.method == "GET":  # of a picture browsers say the page alone
            origin = _origin_in(request.headers.get("Referer"))
        if origin is not None and origin not in self._allowed:
            raise RequestRefused(403, "pages of this origin may not send", self._hint)

    async def preflight(self, request: web.Request) -> web.Response:
        """What a browser asks before it posts with headers of its own. Raises RequestRefused (403)."""
        self.require(request)
        headers = {"Allow": "OPTIONS, POST", "Access-Control-Allow-Methods": "POST"}
        asked = request.headers.get("Access-Control-Request-Headers", "")
        if _HEADER_NAMES.fullmatch(asked):  # a header that nobody here reads does no harm
            headers["Access-Control-Allow-Headers"] = asked
        headers["Access-Control-Max-Age"] = str(KEPT_SECONDS)
        return web.Response(status=204, headers=headers)

    async def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """On every answer to a post, also to a refused one: that the page may read it."""
        if request.method not in self._methods or not self._allowed:
            return
        response.headers["Vary"] = "Origin"
        origin = request.headers.get("Origin")
        if origin in self._allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = "Retry-After"
