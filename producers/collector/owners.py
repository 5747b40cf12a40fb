"""Whose the items of a request are: of one write key, or of several, where each item carries its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from touchline.producers.collector.access import WriteKey
from touchline.producers.collector.front import BadItem, Item, Parsed
from touchline.producers.errors import EventRejected
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.service.problem import RequestRefused

Admit = Callable[[str | None], WriteKey]
"""The key that was presented. Raises RequestRefused: 401 unknown, 429 too fast."""


class Owned(NamedTuple):
    """Items with the write key that answers for them."""

    key: WriteKey
    items: Iterable[Item | BadItem]
    source: str | None
    """Of all items; None where each says its own."""


def owned_by(key: WriteKey | None, parsed: Parsed, admit: Admit, *, is_foreign: bool) -> Owned:
    """`key` is the one that came outside the body. Raises RequestRefused: 401, 429, 403 (see source_of)."""
    if key is None and parsed.own_keys:
        return _by_own_keys(parsed, admit)
    key = key or admit(parsed.write_key)
    return Owned(key, parsed.items, source_of(key) if is_foreign or key.browser is not None else None)


def source_of(key: WriteKey) -> str:
    """Whose the events of a foreign front are. Raises RequestRefused."""
    if key.only_source is None:
        raise RequestRefused(
            403, "this write key may send for several sources", "use a write key of one source: its line names which"
        )
    return key.only_source


def _by_own_keys(parsed: Parsed, admit: Admit) -> Owned:
    """An item of a key that is not known is refused by itself; the request is where no key is known. The first key known answers for the
    request: its rate pays."""
    sources: dict[str | None, str] = {}
    answering: WriteKey | None = None
    refused: RequestRefused | None = None
    for presented in dict.fromkeys(parsed.own_keys):
        try:
            key = admit(presented)
        except RequestRefused as error:
            if error.status != 401:
                raise
            refused = error
            continue
        sources[presented] = source_of(key)
        if key.browser is not None and len({*parsed.own_keys}) > 1:
            raise RequestRefused(
                403, "a browser key stands beside others in one request", "send a request for each browser key"
            )
        answering = answering or key
    if answering is None:
        raise refused or RequestRefused(401, "the request has no write key", "send one")
    key = answering._replace(sources=frozenset(sources.values()))
    return Owned(key, _with_sources(parsed, sources), None)


def _with_sources(parsed: Parsed, sources: Mapping[str | None, str]) -> Iterator[Item | BadItem]:
    for item, own in zip(parsed.items, parsed.own_keys, strict=True):
        if own not in sources:
            error = EventRejected(
                Rejection(Reason.UNKNOWN_SOURCE, ""), "of a write key that is not known", "correct it"
            )
            yield BadItem(item.error if isinstance(item, BadItem) else error, item.line)
        else:
            if item.event is not None:
                item.event["source"] = sources[own]
            yield item
