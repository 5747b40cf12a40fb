"""A request that is refused as a whole: the fact, the remedy, and the HTTP status (RFC 9457)."""

from __future__ import annotations

from typing import Final

from touchline.errors import TouchlineError

CONTENT_TYPE: Final = "application/problem+json"


class RequestRefused(TouchlineError):
    """Nothing of the request was taken."""

    def __init__(self, status: int, what: str, hint: str, *, retry_after: int | None = None) -> None:
        super().__init__(what, hint)
        self.status = status
        self.retry_after = retry_after
        """Seconds, where trying again can help."""


def too_large(limit_bytes: int) -> RequestRefused:
    """The body, as sent or unzipped."""
    return RequestRefused(
        413, f"the body is larger than {limit_bytes:,} bytes, as sent or unzipped", "send fewer events in a request"
    )


def busy(what: str) -> RequestRefused:
    """No room now."""
    return RequestRefused(503, what, "send it again: what arrived counts once", retry_after=1)
