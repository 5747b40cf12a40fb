from __future__ import annotations

import json
import random
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given, strategies as st

from touchline.schemas.canonical import canonical_bytes, payload_hash

SAFE = 2**53 - 1
# Lone surrogates are no JSON text; the worker never decodes one.
texts = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.integers(-SAFE, SAFE) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
events = st.dictionaries(texts, values, max_size=8)


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        items = [(key, _shuffled(member, chance)) for key, member in value.items()]
        chance.shuffle(items)
        return dict(items)
    return [_shuffled(member, chance) for member in value] if isinstance(value, list) else value


@given(events)
def test_the_fast_way_writes_what_the_reference_writes(event: dict[str, Any]) -> None:
    assert canonical_bytes(event) == rfc8785.dumps(event)


def test_doubles_of_every_size_are_written_as_the_reference_writes_them() -> None:
    for exponent in range(-330, 300):
        for mantissa in ("1", "1.5", "9.999999999999999", "123456789.123", "5.0"):
            number = float(f"{mantissa}e{exponent}")
            assert canonical_bytes({"n": number}) == rfc8785.dumps({"n": number})


def test_every_character_is_escaped_as_the_reference_escapes_it() -> None:
    for start in range(0, 0x11000, 512):
        text = "".join(chr(code) for code in range(start, start + 512) if not 0xD800 <= code <= 0xDFFF)
        assert canonical_bytes({"t": text}) == rfc8785.dumps({"t": text})


@given(events, st.randoms(use_true_random=False), st.sampled_from([None, 1, 4]))
def test_order_of_keys_and_white_space_do_not_count(event: dict[str, Any], chance: random.Random, indent: Any) -> None:
    rewritten = orjson.loads(json.dumps(_shuffled(event, chance), indent=indent))

    assert payload_hash(rewritten) == payload_hash(event)


@given(events, texts, texts)
def test_received_at_does_not_count(event: dict[str, Any], one: str, other: str) -> None:
    event.pop("received_at", None)

    assert payload_hash({**event, "received_at": one}) == payload_hash({"received_at": other, **event})
    assert payload_hash({**event, "received_at": one}) == payload_hash(event)


def test_the_event_is_left_as_it_was() -> None:
    event = {"received_at": "x", "id": "1"}
    payload_hash(event)
    assert event == {"received_at": "x", "id": "1"}


@given(events, events)
def test_payloads_that_differ_have_different_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    one.pop("received_at", None)
    other.pop("received_at", None)

    assert (payload_hash(one) == payload_hash(other)) == (rfc8785.dumps(one) == rfc8785.dumps(other))


@given(st.integers(min_value=SAFE + 1, max_value=10**300))
def test_an_integer_that_json_cannot_carry_exactly_is_its_nearest_double(number: int) -> None:
    assert canonical_bytes({"n": number}) == canonical_bytes({"n": float(number)})
    assert canonical_bytes({"n": [-number]}) == canonical_bytes({"n": [float(-number)]})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400])
def test_what_is_no_json_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError):
        payload_hash({"n": number})
