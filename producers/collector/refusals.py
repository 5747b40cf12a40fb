"""Refusals of a request as a whole that more than one step of the collector makes."""

from __future__ import annotations

from touchline.service.problem import RequestRefused


def too_large(limit_bytes: int) -> RequestRefused:
    """The body, as sent or unzipped."""
    return RequestRefused(
        413, f"the body is larger than {limit_bytes:,} bytes, as sent or unzipped", "send fewer events in a request"
    )


def busy(what: str) -> RequestRefused:
    """No room now."""
    return RequestRefused(503, what, "send it again: what arrived counts once", retry_after=1)
