"""What all fronts of analytics tools share: limits of a call, and answers that their SDKs take for success or for final refusal.

A protocol is a table of its own: paths, where the write key stands, how a body becomes calls, and the words of the answers.

Why: docs/decisions/0195.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import orjson

from touchline.producers.collector.front import BadItem, HttpReply, Item, Parsed, Posted, RequestOutcome
from touchline.producers.collector.json_items import require_few
from touchline.producers.collector.refusals import too_large
from touchline.producers.collector.vendors.calls import Call, event_of
from touchline.producers.collector.vendors.clock import SenderClock
from touchline.producers.collector.vendors.documents import document_of, of_fields
from touchline.producers.collector.vendors.names import Names
from touchline.producers.collector.verdicts import receipt_of
from touchline.producers.errors import EventRejected
from touchline.producers.producer import now_us
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, shape_of
from touchline.service.problem import RequestRefused


class Said(NamedTuple):
    """What a body says."""

    members: Sequence[Any]
    """Each becomes a call."""
    write_key: str | None = None
    sent_at: object = None
    shared: Mapping[str, Any] = {}
    """What each member's `context` has where it does not say otherwise."""
    own_keys: Sequence[str | None] = ()
    """The write key of each member, of protocols whose members carry their own; a member without one goes by that of the request, or of
    the first that has one."""


class Tongue(Protocol):
    """One protocol."""

    @property
    def paths(self) -> Sequence[str]:
        """Where it takes bodies; `{writeKey}` stands in a path for the write key."""

    @property
    def query_paths(self) -> Sequence[str]:
        """Where it takes a GET, whose query is the document."""

    @property
    def key_place(self) -> str:
        """Where the write key belongs: a remedy."""

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

    def success(self, receipt: dict[str, Any], posted: Posted) -> HttpReply:
        """The answer to a request of which something was taken; it holds the receipt where the protocol has room for it."""

    def refusal(self, code: str, message: str, receipt: dict[str, Any]) -> bytes:
        """The body of a refusal."""


REFUSED: Final = "refused"
_SEE: Final = "docs/senders/analytics.md and analytics-others.md say which are"


class VendorFront:
    """A front in the tongue of an analytics tool. `names` says those of now, `seal` makes ids (see event_of), `clock_us` gives the
    present."""

    is_foreign = True
    method = "POST"

    def __init__(
        self,
        tongue: Tongue,
        names: Callable[[], Names],
        seal: Callable[[str], str],
        clock_us: Callable[[], int] = now_us,
    ) -> None:
        self._tongue = tongue
        self._seal = seal
        self._names = names
        self._clock_us = clock_us
        self.paths: Sequence[str] = tuple(tongue.paths)

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """As the protocol carries it."""
        return self._tongue.write_key_of(headers, query)

    def parse(self, posted: Posted, items_max: int) -> Parsed:
        """See Front. Raises RequestRefused: 400 no JSON, another form, too many calls; 413."""
        tongue = self._tongue
        if len(posted.body) > tongue.body_bytes_max:
            raise too_large(tongue.body_bytes_max)
        document = self._document_of(posted)
        said = tongue.said_in(document, posted)
        if said is None:
            raise RequestRefused(400, f"the body is {shape_of(document)} without calls", "send what the SDK sends")
        require_few(len(said.members), items_max)
        clock = SenderClock.of(said.sent_at, self._clock_us())
        is_short = len(posted.body) <= tongue.call_bytes_max
        items = self._items_of(said, clock, is_short=is_short)
        shared_key = said.write_key or next(filter(None, said.own_keys), None)
        own_keys = [own or shared_key for own in said.own_keys]
        if len(set(own_keys)) > 1:
            return Parsed(len(said.members), items, own_keys=own_keys)
        return Parsed(len(said.members), items, own_keys[0] if own_keys else shared_key)

    def _document_of(self, posted: Posted) -> Any:
        return document_of(posted.body)

    def _items_of(self, said: Said, clock: SenderClock, *, is_short: bool) -> Iterator[Item | BadItem]:
        names, shared = self._names(), said.shared
        for member in said.members:
            yield self._item_of(member, shared, names, clock, is_short=is_short)

    def _item_of(
        self, member: Any, shared: Mapping[str, Any], names: Names, clock: SenderClock, *, is_short: bool
    ) -> Item | BadItem:
        if not isinstance(member, dict):
            return _bad(Reason.NOT_JSON, shape_of(member), "send an object for each call")
        fault = None if is_short else self._too_large(member)
        if shared:
            own = member.get("context")
            member = {**member, "context": {**shared, **own} if isinstance(own, dict) else shared}
        call = self._tongue.call_of(member)
        if call is None:
            return fault or _bad(Reason.UNKNOWN_VERSION, "a call of no type that is known", _SEE)
        event = event_of(call, names, clock, self._seal)
        return Item(event) if fault is None else fault._replace(event=_kept_out(event))

    def _too_large(self, member: dict[str, Any]) -> BadItem | None:
        try:
            size = len(orjson.dumps(member))
        except TypeError:  # orjson.JSONEncodeError: it nests deeper than can be written
            return _bad(Reason.TOO_DEEP, "too many levels", "flatten its properties")
        if size <= self._tongue.call_bytes_max:
            return None
        return _bad(Reason.TOO_LARGE, f"more than {self._tongue.call_bytes_max:,} bytes", "send less in a call")

    def answer(self, outcome: RequestOutcome, posted: Posted) -> HttpReply:
        """200 where at least one call was taken, or none was sent, else 400. Both are final: nothing is sent again."""
        receipt = receipt_of(outcome)
        if outcome.rejected and not (outcome.accepted or outcome.suppressed):
            message = "; ".join(
                sorted({f"{one.error.reason.value} {one.error.field}".strip() for one in outcome.rejected})
            )
            return HttpReply(400, self._tongue.refusal(REFUSED, f"no call was taken: {message}", receipt))
        return self._tongue.success(receipt, posted)

    def refuse(self, refused: RequestRefused) -> HttpReply | None:
        """In the words of the protocol."""
        code = _CODES.get(refused.status, "unavailable")
        hint = self._tongue.key_place if refused.status == 401 else refused.hint
        return HttpReply(refused.status, self._tongue.refusal(code, f"{refused.what}; {hint}", {}))


class QueryFront(VendorFront):
    """The same protocol by GET: the query is the document."""

    method = "GET"

    def __init__(
        self,
        tongue: Tongue,
        names: Callable[[], Names],
        seal: Callable[[str], str],
        clock_us: Callable[[], int] = now_us,
    ) -> None:
        super().__init__(tongue, names, seal, clock_us)
        self.paths = tuple(tongue.query_paths)

    def _document_of(self, posted: Posted) -> Any:
        return of_fields(posted.query)


PIXEL: Final = HttpReply(
    200,
    bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"),
    "image/gif",
)
"""What stands for success where a page asked for a picture: one transparent dot."""

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
    """What is no call has no fields that we know: any of them may say who somebody is, so its record says the fault alone."""
    event = {"type": TOUCHPOINT, "properties": {"fault": f"{reason.value}: {shape}"}}
    return BadItem(EventRejected(Rejection(reason, ""), shape, hint), event=event)


def _kept_out(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event that the contract would take, as one that it refuses: its properties stand in a list."""
    return {**event, "properties": [event.get("properties", {})]}
