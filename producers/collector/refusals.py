"""Refusals of a request as a whole that more than one step of the collector makes."""

from __future__ import annotations

from typing import Final

from touchline.service.problem import RequestRefused

CROWDED_SECONDS: Final = 5


def too_large(limit_bytes: int) -> RequestRefused:
    """The body, as sent or unzipped."""
    return RequestRefused(
        413, f"the body is larger than {limit_bytes:,} bytes, as sent or unzipped", "send fewer events in a request"
    )


def busy(what: str) -> RequestRefused:
    """No room now."""
    return RequestRefused(503, what, "send it again: what arrived counts once", retry_after=1)


def crowded() -> RequestRefused:
    """More comes than can be made safe. Not `busy`: SDKs keep to Retry-After with 429, and some do not with 503."""
    return RequestRefused(
        429,
        "more comes than can be taken",
        f"wait {CROWDED_SECONDS} s, as Retry-After says, and send it again",
        retry_after=CROWDED_SECONDS,
    )
