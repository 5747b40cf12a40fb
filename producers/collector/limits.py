"""What keeps the collector's memory and its neighbours safe: a budget of bytes in flight, and a rate for each write key."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from types import TracebackType
from typing import Final, Self

REQUEST_BYTES: Final = 16 << 10
"""What a request costs beside its body: headers, task, answer."""
PART_BYTES: Final = 64
"""What a value costs as an object of Python: an empty list in JSON has two bytes, in memory 56 and a reference."""
FORM_NAME_BYTES: Final = 256
"""A form has its first `=` before."""
_BEFORE_JSON: Final = b"\xef\xbb\xbf \t\r\n"
FORM_COST: Final = PART_BYTES // 2
"""Of a byte of base64: four are three bytes, of which two may stand between values, as in `[],`."""
BURST_SECONDS: Final = 2.0


def parsed_bytes(body: bytes) -> int:
    """What a JSON body may cost in memory beside its bytes when it is parsed, by the characters that stand between values. A form may hold
    JSON in base64, where nobody sees them: it costs what the worst one would."""
    if body[:FORM_NAME_BYTES].lstrip(_BEFORE_JSON)[:1] not in b"{[" and b"=" in body[:FORM_NAME_BYTES]:
        return FORM_COST * len(body)
    return PART_BYTES * sum(map(body.count, (b",", b"[", b"{", b"\n")))


class Room:
    """Bytes in flight, of bodies that are being read up to events that are not yet safe. For one event loop."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    def hold(self) -> Hold:
        """A share of the room that grows; given back at the end of its `with` block."""
        return Hold(self)


class Hold:
    """One request's share."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.bytes = 0

    def grow(self, count: int) -> bool:
        """Take so many bytes more; False where there is no room, and nothing is taken."""
        if self._room.used_bytes + count > self._room.limit_bytes:
            return False
        self._room.used_bytes += count
        self.bytes += count
        return True

    def release(self) -> None:
        """Give all back."""
        self._room.used_bytes -= self.bytes
        self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class Rate:
    """A token bucket for each write key. A request may overdraw it: however large it is, it can be sent, and the next one waits."""

    def __init__(self, events_per_second: float, clock_s: Callable[[], float]) -> None:
        self._per_second = events_per_second
        self._full = events_per_second * BURST_SECONDS
        self._clock_s = clock_s
        self._buckets: dict[str, tuple[float, float]] = {}
        """Write key -> tokens and when they were counted. As many as there are keys in the file."""

    def wait_seconds(self, key_id: str) -> int:
        """0 where the key may send now, else whole seconds until it may."""
        tokens = self._tokens(key_id, self._clock_s())
        return 0 if tokens > 0 else max(1, ceil(-tokens / self._per_second))

    def spend(self, key_id: str, events: int) -> None:
        """Count events that came."""
        now_s = self._clock_s()
        self._buckets[key_id] = (self._tokens(key_id, now_s) - events, now_s)

    def _tokens(self, key_id: str, now_s: float) -> float:
        tokens, counted_s = self._buckets.get(key_id, (self._full, now_s))
        return min(self._full, tokens + (now_s - counted_s) * self._per_second)
