"""Requests of real senders, byte for byte, and the events that a front makes of them."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from multidict import CIMultiDict

from touchline.producers.collector.front import Item, ItemVerdict, Parsed, Posted, RequestOutcome
from touchline.producers.collector.vendors.front import QueryFront, Tongue, VendorFront
from touchline.producers.collector.vendors.names import Names, shipped_names
from touchline.producers.content_key import ContentKey
from touchline.producers.errors import EventRejected
from touchline.producers.record import PreparedRecord, RecordMaker
from touchline.schemas.canonical import payload_hash
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import Source
from touchline.schemas.times import parse_time

FOLDER = Path(__file__).parent.parent / "data" / "senders"
ITEMS_MAX = 1_000
SOURCE = "web-shop"
KEYS = PersonKeys("k1", b"a secret of the tests, 32 bytes!")
CONTENT_KEY = ContentKey(b"content key of the tests, 32 byt")


class Captured(NamedTuple):
    """One request, with what its sender was doing then."""

    sdk: str
    label: str
    received_us: int
    posted: Posted
    method: str = "POST"


def captured(name: str) -> list[Captured]:
    """The requests of a file, in the order in which they came."""
    return list(_captured(name))


def _captured(name: str) -> Iterator[Captured]:
    for sender in json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")):
        for request in sender["requests"]:
            headers = CIMultiDict(request["headers"])
            body = request["body"].encode() if "body" in request else base64.b64decode(request["body_base64"])
            if body[:2] == b"\x1f\x8b":
                body = zlib.decompress(body, 31)
            path, _, query = request["target"].partition("?")
            kind = headers.get("Content-Type", "").partition(";")[0].lower()
            posted = Posted(path, kind, headers, body, query=dict(parse_qsl(query, keep_blank_values=True)))
            received_us, method = int(request["received_at"] * 1e6), request.get("method", "POST")
            yield Captured(sender["sdk"], request["label"], received_us, posted, method)


def parsed(tongue: Tongue, request: Captured, names: Names | None = None) -> Parsed:
    """What a front reads in a request that came when it was captured."""
    made = VendorFront if request.method == "POST" else QueryFront
    front = made(tongue, (lambda: names) if names else shipped_names, CONTENT_KEY.id_of, lambda: request.received_us)
    found = front.parse(request.posted, ITEMS_MAX)
    return found._replace(items=list(found.items))


def events(tongue: Tongue, request: Captured) -> list[dict[str, Any]]:
    """The events of a request, all of which can be read."""
    items = list(parsed(tongue, request).items)
    found = [item.event for item in items if isinstance(item, Item)]
    assert len(found) == len(items)
    return found


def record(event: dict[str, Any], now_us: int) -> PreparedRecord:
    """The record that Kafka gets of it. Raises EventRejected."""
    maker = RecordMaker(KEYS, {SOURCE: Source(legal_basis="legitimate_interests")}, lambda: now_us)
    return maker.make({**event, "source": SOURCE})


def labelled(requests: list[Captured], label: str, sdk: str = "") -> list[Captured]:
    """Those that came while their sender did that; at least one."""
    found = [one for one in requests if one.label == label and sdk in ("", one.sdk)]
    assert found, label
    return found


def hashes(tongue: Tongue, requests: list[Captured]) -> dict[str, set[int]]:
    """The payload hashes of each event, by its id: two are two different events."""
    found: dict[str, set[int]] = {}
    for request in requests:
        for event in events(tongue, request):
            made = record(event, request.received_us)
            found.setdefault(made.event_id, set()).add(payload_hash(json.loads(made.value)))
    return found


def asked(body: bytes = b"", path: str = "/", received: str = "2026-03-03T12:00:00Z", **query: str) -> Captured:
    """A request of our own making: by POST, or without a body by GET."""
    posted = Posted(path, "", CIMultiDict[str](), body, query=query)
    return Captured("", "", parse_time(received), posted, "POST" if body else "GET")


def said_to(tongue: Tongue, posted: Posted, accepted: int = 1, *refused: int) -> tuple[int, bytes]:
    """The answer to a request of which so many events were taken, and those of these positions were refused."""
    error = EventRejected(Rejection(Reason.WRONG_TYPE, "time"))
    outcome = RequestOutcome(accepted, [ItemVerdict(position, None, error, None) for position in refused])
    reply = VendorFront(tongue, shipped_names, CONTENT_KEY.id_of).answer(outcome, posted)
    return reply.status, reply.body
