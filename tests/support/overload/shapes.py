"""Requests as senders write them, without a client library between: half of them native, half in the form of Segment's SDKs."""

from __future__ import annotations

import base64
from typing import Final

SOURCE: Final = "shell"
NATIVE, SEGMENT = "native", "segment"
_EVENT: Final = (
    '{"type":"touchline.touchpoint.v1","id":"%s","source":"shell","time":"2026-03-01T11:00:00Z",'
    '"touchpoint":"store_visit","identifiers":[{"type":"loyalty","value":"47%s"}]}'
)
_CALL: Final = (
    '{"type":"track","messageId":"%s","anonymousId":"b%s","event":"Product Viewed",'
    '"timestamp":"2026-03-01T11:00:00Z","properties":{"sku":"s-1"}}'
)


def shape_of(number: int) -> str:
    """They take turns."""
    return NATIVE if number % 2 == 0 else SEGMENT


class Shapes:
    """The requests of one sending process: `prefix` begins all its ids."""

    def __init__(self, prefix: str, write_key: str, events: int) -> None:
        """`events` is how many a request has."""
        self._prefix = prefix
        self._events = events
        basic = base64.b64encode(f"{write_key}:".encode()).decode()
        self._heads = {
            NATIVE: _head("/v1/events", f"Bearer {write_key}"),
            SEGMENT: _head("/v1/batch", f"Basic {basic}"),
        }

    def ids(self, number: int) -> list[str]:
        """Of the events of a request."""
        return [f"{self._prefix}-{number}-{part}" for part in range(self._events)]

    def request(self, number: int) -> bytes:
        """A whole request; the same number is the same request, byte for byte."""
        shape = shape_of(number)
        form = _EVENT if shape == NATIVE else _CALL
        members = ",".join([form % (one, one) for one in self.ids(number)])
        body = f"[{members}]" if shape == NATIVE else f'{{"batch":[{members}],"sentAt":"2026-03-01T11:00:00Z"}}'
        return f"{self._heads[shape]}{len(body)}\r\n\r\n{body}".encode()


def _head(path: str, authorization: str) -> str:
    return (
        f"POST {path} HTTP/1.1\r\nHost: collector\r\nAuthorization: {authorization}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
