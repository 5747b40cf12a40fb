"""The browser tag at two paths: one that follows releases and is asked for again soon, one with its hash that is kept for good.

Pages of all origins may load it, also with Subresource Integrity, which asks for CORS. Neither path redirects.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from touchline.producers.browser.tag import TAG_PATH, Tag, read_tag

FOLLOWING: Final = "public, max-age=300"
FIXED: Final = "public, max-age=31536000, immutable"


def add_tag(app: web.Application) -> None:
    """Serve both paths, out of memory."""
    tag = read_tag()
    app.router.add_get(TAG_PATH, _serving(tag, FOLLOWING))
    app.router.add_get(tag.fixed_path, _serving(tag, FIXED))


def _serving(tag: Tag, caching: str) -> Handler:
    headers = {
        "Content-Type": "text/javascript; charset=utf-8",
        "Cache-Control": caching,
        "ETag": tag.etag,
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }

    async def serve(request: web.Request) -> web.Response:
        if tag.etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=tag.zipped, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=tag.body, headers=headers)

    return serve
