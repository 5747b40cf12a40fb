"""Files that pages load: style, kiosk, widget. Each has a path with its hash, which never has other content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

_HASH_CHARACTERS: Final = 16
FIXED: Final = "public, max-age=31536000, immutable"
FOLLOWING: Final = "public, max-age=300"
_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


class Asset(NamedTuple):
    """One file of this release and the path where it never changes."""

    path: str
    body: bytes
    content_type: str


def asset(name: str) -> Asset:
    """A file of the folder `served`."""
    body = resources.files(__package__).joinpath("served", name).read_bytes()
    stem, _, ending = name.rpartition(".")
    return Asset(f"/a/{stem}-{hashlib.sha256(body).hexdigest()[:_HASH_CHARACTERS]}.{ending}", body, _TYPES[ending])


def serving(one: Asset, caching: str, more: Mapping[str, str] | None = None) -> Handler:
    """Serves it out of memory."""
    headers = {
        "Content-Type": one.content_type,
        "Cache-Control": caching,
        "X-Content-Type-Options": "nosniff",
        **(more or {}),
    }

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=one.body, headers=headers)

    return serve


STYLE: Final = asset("question.css")
