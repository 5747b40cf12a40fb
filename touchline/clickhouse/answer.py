"""An answer over HTTP may end in an error: ClickHouse appends it behind a marker, after the status 200 was sent."""

from __future__ import annotations

from typing import Final

TAG_HEADER: Final = "X-ClickHouse-Exception-Tag"


class Answer:
    """Takes an answer piece by piece and holds back what may be the beginning of the marker.

    `tag` is the value of TAG_HEADER. It is new for each answer, so that no value in it can look like the marker; a server that sends none
    writes the marker without one.
    """

    def __init__(self, tag: str) -> None:
        self._marker = f"\r\n__exception__\r\n{tag}\r\n".encode() if tag else b"\r\n__exception__\r\n"
        self._carry = b""
        self._said: bytearray | None = None

    @property
    def has_failed(self) -> bool:
        """The marker has come: what follows is an error."""
        return self._said is not None

    @property
    def said(self) -> str:
        """What stood behind the marker up to now: an error, as `ServerError.read` takes it."""
        return (self._said or b"").decode("utf-8", "replace")

    def feed(self, piece: bytes) -> bytes:
        """What is certain to be of the answer; may be empty."""
        if self._said is not None:
            self._said += piece
            return b""
        piece = self._carry + piece
        whole, found, said = piece.partition(self._marker)
        if found:
            self._carry, self._said = b"", bytearray(said)
            return whole
        kept = len(piece) - len(self._marker)
        self._carry = piece[max(0, kept) :]
        return piece[:kept] if kept > 0 else b""

    def end(self) -> bytes:
        """The last of the answer, once nothing more comes."""
        rest, self._carry = self._carry, b""
        return rest
