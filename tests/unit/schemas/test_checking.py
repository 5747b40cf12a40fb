"""The quick check of an event is the models': same verdict, same faults, same values."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from touchline.schemas.canonical import payload_hash, payload_hash_of_own
from touchline.schemas.checking import check_event, doubles_of, has_unknown_fields
from touchline.schemas.events import EVENT_ADAPTER
from touchline.schemas.rejections import rejection_of

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"
EVENTS: list[dict[str, Any]] = [
    json.loads(path.read_text(encoding="utf-8")) for path in sorted(EXAMPLES.glob("*/v1/good/*.json"))
]
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", 0, -1, 5, 2**60, 1.5, True, [], [{}], {}, {"id": 3}, "x" * 300, "touchline.answer.v1"]
)


def outcome(check: Any, event: dict[str, Any]) -> object:
    try:
        checked = check(event)
    except ValidationError as error:
        return rejection_of(error)
    return checked if isinstance(checked, dict) else checked.model_dump()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["id"])
def test_a_good_event_gives_what_its_model_gives(event: dict[str, Any]) -> None:
    assert outcome(check_event, event) == outcome(EVENT_ADAPTER.validate_python, event)


def spoilt(data: st.DataObject, odd: st.SearchStrategy[Any] = ODD) -> dict[str, Any]:
    event: dict[str, Any] = copy.deepcopy(data.draw(st.sampled_from(EVENTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        part: Any = event
        while isinstance(part, dict) and part:
            name = data.draw(st.sampled_from(sorted(part)))
            inner = part[name][0] if isinstance(part[name], list) and part[name] else part[name]
            if isinstance(inner, dict) and inner and data.draw(st.booleans()):
                part = inner
                continue
            if data.draw(st.booleans()):
                del part[name]
            else:
                part[data.draw(st.sampled_from([name, name, "new"]))] = data.draw(odd)
            break
    return event


@given(st.data())
def test_a_spoilt_event_gets_the_models_verdict(data: st.DataObject) -> None:
    event = spoilt(data)

    assert outcome(check_event, event) == outcome(EVENT_ADAPTER.validate_python, event)


@given(st.data())
def test_doubles_are_looked_for_wherever_a_checked_event_can_hold_them(data: st.DataObject) -> None:
    event = spoilt(data, st.sampled_from([5.0, 1e17, -0.0, 0.25, 7, {"a": 5.0}, {"b": [1e17]}, [2.0]]))
    try:
        checked = check_event(event)
    except ValidationError:
        return

    doubtful = event.values() if has_unknown_fields(checked) else doubles_of(event, checked)
    assert payload_hash(event) == payload_hash_of_own(event, doubtful)
