"""What all fronts of analytics tools share: limits of a call, and answers that their SDKs take for success or for final refusal.

A protocol is a table of its own: paths, where the write key stands, how a body becomes calls, and the words of the answers.

Why: docs/decisions/0195.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import orjson

from touchline.producers.collector.front import BadItem, HttpReply, Item, Parsed, Posted, RequestOutcome
from touchline.producers.collector.json_items import require_few
from touchline.producers.collector.refusals import too_large
from touchline.producers.collector.vendors.calls import Call, event_of
from touchline.producers.collector.vendors.clock import SenderClock
from touchline.producers.collector.vendors.documents import document_of
from touchline.producers.collector.vendors.names import Names
from touchline.producers.collector.verdicts import receipt_of
from touchline.producers.errors import EventRejected
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, shape_of
from touchline.service.problem import RequestRefused


class Said(NamedTuple):
    """What a body says."""

    members: Sequence[Any]
    """Each becomes a call."""
    write_key: str | None = None
    sent_at: object = None
    may_be_stale: bool = False
    """See SenderClock."""


class Tongue(Protocol):
    """One protocol."""

    @property
    def paths(self) -> Sequence[str]:
        """Where it listens."""

    @property
    def body_bytes_max(self) -> int:
        """Size of a request, unzipped."""

    @property
    def call_bytes_max(self) -> int:
        """Size of a call."""

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """See Front."""

    def said_in(self, document: Any, posted: Posted) -> Said | None:
        """None where the document has not the form that the protocol asks for."""

    def call_of(self, member: dict[str, Any]) -> Call | None:
        """None where the member is no call that the protocol knows."""

    def success(self, receipt: dict[str, Any]) -> bytes:
        """The body of a 200, which holds the receipt where the protocol has room for it."""

    def refusal(self, code: str, message: str, receipt: dict[str, Any]) -> bytes:
        """The body of a refusal."""


REFUSED: Final = "refused"


class VendorFront:
    """A front in the tongue of an analytics tool. `clock_us` gives the present."""

    is_foreign = True

    def __init__(
        self, tongue: Tongue, names: Names, clock_us: Callable[[], int] = lambda: time.time_ns() // 1_000
    ) -> None:
        self._tongue = tongue
        self._names = names
        self._clock_us = clock_us
        self.paths = tuple(tongue.paths)

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """As the protocol carries it."""
        return self._tongue.write_key_of(headers, query)

    def parse(self, posted: Posted, items_max: int) -> Parsed:
        """See Front. Raises RequestRefused: 400 no JSON, another form, too many calls; 413."""
        tongue = self._tongue
        if len(posted.body) > tongue.body_bytes_max:
            raise too_large(tongue.body_bytes_max)
        document = document_of(posted.body)
        said = tongue.said_in(document, posted)
        if said is None:
            raise RequestRefused(400, f"the body is {shape_of(document)} without calls", "send what the SDK sends")
        require_few(len(said.members), items_max)
        clock = SenderClock.of(said.sent_at, self._clock_us(), may_be_stale=said.may_be_stale)
        is_short = len(posted.body) <= tongue.call_bytes_max
        items = (self._item_of(member, clock, is_short=is_short) for member in said.members)
        return Parsed(len(said.members), items, said.write_key)

    def _item_of(self, member: Any, clock: SenderClock, *, is_short: bool) -> Item | BadItem:
        if not isinstance(member, dict):
            return _bad(Reason.NOT_JSON, shape_of(member), "send an object for each call")
        if not is_short and len(orjson.dumps(member, default=str)) > self._tongue.call_bytes_max:
            return _bad(Reason.TOO_LARGE, f"more than {self._tongue.call_bytes_max:,} bytes", "send less in a call")
        call = self._tongue.call_of(member)
        if call is None:
            return _bad(Reason.UNKNOWN_VERSION, "a call of no type that is known", "see docs/senders/analytics.md")
        return Item(event_of(call, self._names, clock))

    def answer(self, outcome: RequestOutcome) -> HttpReply:
        """200 where at least one call was taken, or none was sent, else 400: the SDK would send the same again for ever."""
        receipt = orjson.loads(receipt_of(outcome))
        if outcome.rejected and not (outcome.accepted or outcome.suppressed):
            message = "; ".join(
                sorted({f"{one.error.reason.value} {one.error.field}".strip() for one in outcome.rejected})
            )
            return HttpReply(400, self._tongue.refusal(REFUSED, f"no call was taken: {message}", receipt))
        return HttpReply(200, self._tongue.success(receipt))

    def refuse(self, refused: RequestRefused) -> HttpReply | None:
        """In the words of the protocol."""
        code = _CODES.get(refused.status, "unavailable")
        return HttpReply(refused.status, self._tongue.refusal(code, f"{refused.what}; {refused.hint}", {}))


_CODES: Final = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    408: "timeout",
    413: "too_large",
    415: "invalid_request",
    429: "too_many_requests",
}


def _bad(reason: Reason, shape: str, hint: str) -> BadItem:
    return BadItem(EventRejected(Rejection(reason, ""), shape, hint))
