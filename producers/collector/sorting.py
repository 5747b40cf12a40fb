"""Which items of a request may come by its write key, and of which source they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from touchline.producers.collector.access import WriteKey
from touchline.producers.collector.front import BadItem, Item, ItemVerdict
from touchline.producers.collector.json_items import depth_before
from touchline.producers.errors import EventRejected
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection


class SortedOut(NamedTuple):
    """Events to emit, the position and line of each, and what is refused before."""

    good: list[dict[str, object]]
    places: list[tuple[int, int | None]]
    rejected: list[ItemVerdict]
    unread: list[dict[str, object]]
    """Of the refused what is kept in the quarantine of items that are no events."""


def sorted_out_of(key: WriteKey, items: Iterable[Item | BadItem], source: str | None) -> SortedOut:
    """What came by a write key. `source` is that of all items, where these do not say it."""
    good: list[dict[str, object]] = []
    places: list[tuple[int, int | None]] = []
    rejected: list[ItemVerdict] = []
    unread: list[dict[str, object]] = []
    for position, item in enumerate(items):
        if item.event is not None:
            _complete(item.event, key, source)
        if isinstance(item, BadItem):
            rejected.append(ItemVerdict(position, item.line, item.error, None))
            if item.event is not None and _foreign(key, item.event) is None:
                unread.append(item.event)
            continue
        event, line = item
        if (error := _foreign(key, event)) is not None:
            rejected.append(verdict_on(position, line, depth_before(error, event), event))
        else:
            good.append(event)
            places.append((position, line))
    return SortedOut(good, places, rejected, unread)


def _complete(event: dict[str, object], key: WriteKey, source: str | None) -> None:
    event.pop("received_at", None)  # it is received here and now
    if source is not None:
        event["source"] = source
    if key.browser is not None and isinstance(event.get("id"), str):
        event["id"] = f"{key.key_id}/{event['id']}"  # a page cannot name what a server sent


def verdict_on(position: int, line: int | None, error: EventRejected, event: dict[str, object]) -> ItemVerdict:
    """Of what nests too deep nothing else is said."""
    return ItemVerdict(position, line, error, None if error.reason is Reason.TOO_DEEP else event)


def _foreign(key: WriteKey, event: dict[str, object]) -> EventRejected | None:
    """Why an event may not come by this write key."""
    if key.sources is None:
        return None
    if key.browser is not None:
        return key.browser.fault_in(event)
    source = event.get("source")
    if not isinstance(source, str) or key.permits(source):
        return None
    return EventRejected(
        Rejection(Reason.UNKNOWN_SOURCE, "source"),
        "a source that this write key may not send for",
        "use that source's write key, or add the source to this key's line",
    )
