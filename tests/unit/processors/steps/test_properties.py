"""What a fact keeps of fields that have no column, known and unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.unit.processors.loop.world import SOURCES, event
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.facts import fact_of
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.values.records import Fact
from touchline.schemas.canonical import payload_hash
from touchline.schemas.checking import FIELD_NAMES, check_event
from touchline.schemas.events import EVENT_TYPES

EXAMPLES = Path(__file__).parents[4] / "schemas" / "examples"
EVENTS: list[dict[str, Any]] = [
    json.loads(path.read_text(encoding="utf-8")) for path in sorted(EXAMPLES.glob("*/v1/good/*.json"))
]
CIPHER = Cipher("k1", bytes(32))
NESTED: dict[str, Any] = {
    "amount": {"amount_minor": 1, "currency": "EUR", "net": 0.5},
    "order": {"id": "o1", "kind": "purchase", "a/b~c": [1]},
    "consent": {"id": "c1", "purposes": ["x"], "text": "v3"},
}


def fact(sent: dict[str, Any]) -> tuple[Fact, int]:
    unknown_fields = UnknownFields()
    made = fact_of(
        check_event(sent), dict(sent), SOURCES["shop"].terms, 1_760_000_000_000_000, "UTC", CIPHER, unknown_fields
    )
    assert isinstance(made, Fact)
    return made, unknown_fields.count


def test_unknown_fields_are_kept_with_their_place_and_counted() -> None:
    made, unknown_count = fact(event(1, 1, 1, weather="rain", **NESTED))
    assert made.properties == {
        "+amount/net": "0.5", "+consent/text": '"v3"', "+order/a~1b~0c": "[1]", "+weather": '"rain"',
    }  # fmt: skip
    assert unknown_count == 4


def test_no_property_is_taken_for_an_unknown_field_or_for_another() -> None:
    sent = event(1, 1, 1, properties={"+x": "own", "~+x": "tilde", "x": 5}, x="unknown", **{"+x": "unknown plus"})
    made, unknown_count = fact(sent)
    assert made.properties == {"+x": '"unknown"', "++x": '"unknown plus"', "~+x": "own", "~~+x": "tilde", "x": "5"}
    assert unknown_count == 2


def test_what_stands_beside_a_person_key_is_counted_and_not_kept() -> None:
    sent = event(1, 1, 1)
    sent["persons"][0]["value"] = "somebody@example.org"
    made, unknown_count = fact(sent)
    assert unknown_count == 1
    assert "somebody" not in str(made)


@pytest.mark.parametrize("kind", sorted(EVENT_TYPES))
def test_a_checked_event_has_the_models_fields_in_the_models_order(kind: str) -> None:
    checked = check_event({"new": 1, **next(one for one in EVENTS if one["type"] == kind)})
    assert list(checked) == [*EVENT_TYPES[kind].model_fields, "new"]
    assert FIELD_NAMES[kind] == frozenset(EVENT_TYPES[kind].model_fields)


@given(st.data())
def test_an_event_is_hashed_as_sent_whatever_fields_and_doubles_it_has(data: st.DataObject) -> None:
    odd = st.sampled_from([5.0, 1e17, -0.0, 0.25, 7, {"a": 5.0}, {"b": [1e17]}, [2.0], "x"])
    sent = event(1, 1, 1) | {name: dict(part) for name, part in NESTED.items() if data.draw(st.booleans())}
    sent["properties"] = data.draw(st.dictionaries(st.sampled_from("abc"), st.sampled_from([5.0, 0.25, 1e17, 3, "x"])))
    for part in (sent, *(sent[name] for name in NESTED if name in sent), *sent["persons"]):
        if data.draw(st.booleans()):
            part["new"] = data.draw(odd)
    assert fact(sent)[0].payload_hash == payload_hash(sent)
