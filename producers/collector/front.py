"""What a front is: one wire form at its paths, from a body to items and from outcomes to an answer.

The collector does the rest for all of them: limits, write keys, emitting. A front raises RequestRefused where a request cannot
be told apart into items at all; an item that is bad by itself is a value, so that its neighbours get through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from touchline.producers.collector.access import WriteKey
from touchline.producers.errors import EventRejected
from touchline.schemas.personal.guard import Finding
from touchline.service.problem import RequestRefused


class Posted(NamedTuple):
    """A request as a front sees it."""

    path: str
    content_type: str
    """Without its parameters, in lower case; empty where none was sent."""
    headers: Mapping[str, str]
    """Names are looked up whatever their case."""
    body: bytes
    """Unzipped."""
    sent: bytes = b""
    """As it was sent, of foreign fronts: what a signature is made of."""
    query: Mapping[str, str] = {}
    """Of the address."""


class Item(NamedTuple):
    """One event of a request, in the form that a producer takes: identifiers, no person keys."""

    event: dict[str, Any]
    line: int | None = None
    """Of NDJSON, from 1."""


class BadItem(NamedTuple):
    """What stands where an event should, but cannot be read as one."""

    error: EventRejected
    line: int | None = None
    event: dict[str, Any] | None = None
    """Of foreign fronts what is kept of it in the quarantine: an event that the contract refuses."""


class Parsed(NamedTuple):
    """What a body holds."""

    total: int
    """How many items there are."""
    items: Iterable[Item | BadItem]
    """In the order of the body; may be made when they are asked for: nothing is made for who may not send."""
    write_key: str | None = None
    """As the body carries it, of forms that can."""
    signer: WriteKey | None = None
    """Whose signature the body has, of forms whose senders sign instead of sending a write key."""
    beside: Mapping[str, Any] = {}
    """What the answer is to say beside the receipt."""
    own_keys: Sequence[str | None] = ()
    """The write key of each item, of forms whose items carry their own, where these are several."""


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
    beside: Mapping[str, Any] = {}
    """See Parsed."""


class HttpReply(NamedTuple):
    """An answer in the front's own form."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Front(Protocol):
    """One way in over HTTP."""

    @property
    def method(self) -> str:
        """POST, or GET for what is sent in the query."""

    @property
    def paths(self) -> Sequence[str]:
        """Where it listens. What stands in a path in the place of a `{name}` is given to `write_key_of` with the query."""

    @property
    def is_foreign(self) -> bool:
        """Whether its senders speak of their own names, not of ours: what they send is of the one source of their write key, and what is
        refused of it goes into the quarantine, since they cannot correct it."""

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The write key as a header or the query carries it; None where there is none. Asked before the body is read; of a foreign front
        the body is asked then."""

    def parse(self, posted: Posted, items_max: int) -> Parsed:
        """Raises RequestRefused."""

    def answer(self, outcome: RequestOutcome, posted: Posted) -> HttpReply:
        """What the sender hears of the items of its request."""

    def refuse(self, refused: RequestRefused) -> HttpReply | None:
        """What the sender hears of a request that is refused as a whole; None: a problem document."""
