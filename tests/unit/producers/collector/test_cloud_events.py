"""CloudEvents' SDKs for Python, Node.js and Java: their requests, byte for byte, are one event in whichever mode they come."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.captured import Captured, captured
from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.front import Item

REQUESTS: Final = captured("cloudevents")
BINARY, STRUCTURED = " / binary", " / structured"
TEXT_THAT_IS_JSON: Final = "string data that is JSON"
"""In binary mode nobody can tell it from an object."""
NO_OBJECTS: Final = frozenset(
    (
        *("list data with datacontenttype", "number data", "true data", "string data json type", "string data text"),
        *("nan in data", "array data", "string data", "zero data", "false data", "null data", "bytes data", "text"),
        *("time zero seconds", "v1 API list"),
    )
)


def said_by(request: Captured) -> dict[str, Any] | None:
    """The event of a request; None where it is refused."""
    (item,) = EventsFront().parse(request.posted, 20).items
    return item.event if isinstance(item, Item) else None


def label_of(request: Captured) -> str:
    return request.label.removesuffix(BINARY).removesuffix(STRUCTURED)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: f"{one.sdk}: {one.label}")
def test_data_that_is_an_object_or_none_is_an_event_and_nothing_else_is(request_: Captured) -> None:
    label = label_of(request_)
    has_object = label not in NO_OBJECTS or (request_.sdk.startswith("cloudevents (python)") and label == "bytes data")
    is_text = label == TEXT_THAT_IS_JSON and request_.label.endswith(STRUCTURED)
    event = said_by(request_)
    assert (event is not None) == (has_object and not is_text)
    if event is not None:
        assert event["type"] == "touchline.touchpoint.v1"
        assert event["source"] == "retail-pos"
        assert event["id"]
        assert "subject" not in event


def test_both_modes_of_a_call_are_the_same_event() -> None:
    both: dict[tuple[str, str], list[dict[str, Any] | None]] = {}
    for request in REQUESTS:
        if request.label.endswith((BINARY, STRUCTURED)) and label_of(request) != TEXT_THAT_IS_JSON:
            both.setdefault((request.sdk, label_of(request)), []).append(said_by(request))
    pairs = {call: modes for call, modes in both.items() if len(modes) == 2}
    assert len(pairs) > 35
    assert {call for call, (one, other) in pairs.items() if one != other} == set()
