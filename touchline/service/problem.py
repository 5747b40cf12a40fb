"""A request that is refused: the fact, the remedy and the HTTP status, as a problem document (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping
from typing import Final, NamedTuple

import orjson
from aiohttp import web
from aiohttp.web_exceptions import HTTPException

from touchline.errors import TouchlineError
from touchline.log import frames_of

CONTENT_TYPE: Final = "application/problem+json"
_BODY_LEFT_UNREAD: Final = frozenset((408, 413))


class RequestRefused(TouchlineError):
    """`field` is the parameter at fault, `found` the shape of its value, never the value: it may name a person."""

    def __init__(
        self,
        status: int,
        what: str,
        hint: str,
        *,
        field: str = "",
        found: str = "",
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(what, hint)
        self.status = status
        self.field = field
        self.found = found
        self.retry_after = retry_after
        """Seconds, where trying again can help."""
        self.headers = headers or {}
        """Further headers of the answer."""

    def document(self) -> dict[str, object]:
        """The problem as JSON; fields without a value left out."""
        fields = {"field": self.field, "found": self.found}
        return {
            "title": self.what,
            "status": self.status,
            **{name: value for name, value in fields.items() if value},
            "hint": self.hint,
        }

    def response(self) -> web.Response:
        """The answer that says so."""
        return self.in_words_of(orjson.dumps(self.document()), CONTENT_TYPE)

    def in_words_of(self, body: bytes, content_type: str) -> web.Response:
        """The same answer with this body, for senders that expect another form."""
        headers = {"Cache-Control": "no-store", **self.headers}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        response = web.Response(status=self.status, body=body, content_type=content_type, headers=headers)
        if self.status in _BODY_LEFT_UNREAD:
            response.force_close()
        return response


class ServiceWords(NamedTuple):
    """What a service says where its own handlers do not speak: (what, hint) each."""

    by_status: Mapping[int, tuple[str, str]]
    """Of refusals that aiohttp makes: 404, 405 ..."""
    hint: str
    """Of its other refusals."""
    fault: tuple[str, str]
    """Of a bug."""


async def as_problem(
    answer: Awaitable[web.StreamResponse], words: ServiceWords, log: logging.Logger
) -> web.StreamResponse:
    """What a handler answers, or its failure as a problem document."""
    try:
        return await answer
    except Exception as error:
        return problem_of(error, words, log)


def problem_of(error: Exception, words: ServiceWords, log: logging.Logger) -> web.Response:
    """A handler's failure as a problem document. A bug is logged without its text, which may quote the request. A connection's end is
    raised again."""
    if isinstance(error, RequestRefused):
        return error.response()
    if isinstance(error, HTTPException):
        return _from_aiohttp(error, words).response()
    if isinstance(error, ConnectionError):
        raise error
    log.error("bug", extra={"fields": {"error": type(error).__name__, "at": frames_of(error)}})
    return RequestRefused(500, *words.fault).response()


def _from_aiohttp(error: HTTPException, words: ServiceWords) -> RequestRefused:
    what, hint = words.by_status.get(error.status, (error.reason.lower(), words.hint))
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return RequestRefused(error.status, what, hint, headers=allow)
