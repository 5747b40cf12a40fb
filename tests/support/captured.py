"""Requests of real senders, byte for byte, and the events that a front makes of them."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from multidict import CIMultiDict

from touchline.producers.collector.front import Item, Parsed, Posted
from touchline.producers.collector.vendors.front import Tongue, VendorFront
from touchline.producers.collector.vendors.names import Names, shipped_names
from touchline.producers.record import PreparedRecord, RecordMaker
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import Source

FOLDER = Path(__file__).parent.parent / "data" / "senders"
ITEMS_MAX = 1_000
SOURCE = "web-shop"
KEYS = PersonKeys("k1", b"a secret of the tests, 32 bytes!")


class Captured(NamedTuple):
    """One request, with what its sender was doing then."""

    sdk: str
    label: str
    received_us: int
    posted: Posted


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
            path = request["target"].partition("?")[0]
            posted = Posted(path, "", headers, body)
            yield Captured(sender["sdk"], request["label"], int(request["received_at"] * 1e6), posted)


def parsed(tongue: Tongue, request: Captured, names: Names | None = None) -> Parsed:
    """What a front reads in a request that came when it was captured."""
    front = VendorFront(tongue, names or shipped_names(), lambda: request.received_us)
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
