"""The front at /v1/events: Touchline's own events as an object, an array or lines, and CloudEvents, told apart by content type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from touchline.producers.collector import cloudevents
from touchline.producers.collector.access import bearer_of
from touchline.producers.collector.front import BadItem, HttpReply, Item, Parsed, Posted, RequestOutcome
from touchline.producers.collector.json_items import item_of, item_of_document, items_of, items_of_lines
from touchline.producers.collector.verdicts import receipt_of
from touchline.service.problem import RequestRefused

JSON: Final = "application/json"
TEXT: Final = "text/plain"
"""JSON, too: what browsers send without asking first."""
LINES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
KNOWN: Final = (JSON, TEXT, LINES[0], cloudevents.STRUCTURED, cloudevents.BATCH)


class EventsFront:
    """202 where at least one item was taken (accepted or suppressed) or none was sent, else 422; the same receipt with both."""

    method = "POST"
    paths = ("/v1/events",)
    is_foreign = False

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """As a bearer token, or as `key` in the query, which is for browser keys: a beacon has no headers of its own."""
        return bearer_of(headers) or query.get("key") or None

    def parse(self, posted: Posted, items_max: int) -> Parsed:
        """See Front. Raises RequestRefused: 400 no JSON or too many items, 415 another content type."""
        items = self._items(posted, items_max)
        return Parsed(len(items), items)

    def _items(self, posted: Posted, items_max: int) -> Sequence[Item | BadItem]:
        kind, body = posted.content_type, posted.body
        if kind == cloudevents.BATCH:
            batch = items_of(body, items_max, cloudevents.item_of_object)
            if batch is None:
                raise RequestRefused(400, "a batch of CloudEvents is a JSON array", "send [ ... ]")
            return batch
        if kind == cloudevents.STRUCTURED:
            return [item_of_document(body, cloudevents.item_of_object)]
        # Whatever its type says: Java's HttpURLConnection writes that of forms where an event has none.
        if cloudevents.is_binary(posted.headers):
            return [cloudevents.item_of_headers(posted.headers, body)]
        if kind in LINES:
            return items_of_lines(body, items_max)
        if kind in (JSON, TEXT):
            return items_of(body, items_max, item_of, takes_one=True) or []
        raise RequestRefused(415, "the Content-Type is not known", f"use one of {', '.join(KNOWN)}")

    def answer(self, outcome: RequestOutcome, posted: Posted) -> HttpReply:
        """The receipt as JSON."""
        status = 422 if outcome.rejected and not (outcome.accepted or outcome.suppressed) else 202
        return HttpReply(status, orjson.dumps(receipt_of(outcome)))

    def refuse(self, refused: RequestRefused) -> HttpReply | None:
        """As a problem document."""
        return None
