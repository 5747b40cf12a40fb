"""What a front is: one wire form at one path, from a body to items and from outcomes to an answer.

The collector does the rest for all of them: limits, write keys, emitting. A front raises RequestRefused where a request cannot
be told apart into items at all; an item that is bad by itself is a value, so that its neighbours get through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from touchline.producers.errors import EventRejected
from touchline.schemas.personal.guard import Finding


class Posted(NamedTuple):
    """A request as a front sees it."""

    content_type: str
    """Without its parameters, in lower case; empty where none was sent."""
    headers: Mapping[str, str]
    """Names are looked up whatever their case."""
    body: bytes
    """Unzipped."""


class Item(NamedTuple):
    """One event of a request, in the form that a producer takes: identifiers, no person keys."""

    event: dict[str, Any]
    line: int | None = None
    """Of NDJSON, from 1."""


class BadItem(NamedTuple):
    """What stands where an event should, but cannot be read as one."""

    error: EventRejected
    line: int | None = None


Parsed = Sequence[Item | BadItem]
"""In the order of the body."""


class ItemVerdict(NamedTuple):
    """The verdict on one item that was not taken."""

    position: int
    """Among the items of the request, from 0."""
    line: int | None
    error: EventRejected
    event: dict[str, Any] | None
    """As it was read, for saying more about its faults; None where it is none."""


class ItemMasked(NamedTuple):
    """What was masked in one item that was taken."""

    position: int
    line: int | None
    findings: tuple[Finding, ...]


class RequestOutcome(NamedTuple):
    """What became of a request whose items were told apart. Those accepted are durable."""

    accepted: int
    rejected: Sequence[ItemVerdict]
    suppressed: int = 0
    """Taken, but the pipeline will keep nothing of them: their source works under consent, and they name no grant."""
    masked: Sequence[ItemMasked] = ()
    """Personal values in items that were taken, in the order of the items."""


class HttpReply(NamedTuple):
    """An answer in the front's own form."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Front(Protocol):
    """One way in over HTTP."""

    @property
    def path(self) -> str:
        """Where it listens: each instance may have a path of its own."""

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The write key as this form carries it, in a header or in the query; None where there is none. Asked before the body is read."""

    def parse(self, posted: Posted, items_max: int) -> Parsed:
        """Raises RequestRefused."""

    def answer(self, outcome: RequestOutcome) -> HttpReply:
        """What the sender hears of its items."""
