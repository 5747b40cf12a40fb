from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from touchline.schemas.events import EVENT_ADAPTER, EVENT_MODELS, EVENT_TYPES
from touchline.schemas.reasons import Fate, Reason
from touchline.schemas.rejections import FIELD_NAMES, REMEDIES, Rejection, rejection_of, shape_of

SECRET = "ada@example.org"
EVENT = {"id": "1", "source": "s", "type": "touchline.touchpoint.v1", "time": "2026-03-01T00:00:00Z", "touchpoint": "t"}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just(SECRET) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.just(SECRET) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def _rejection(event: Any) -> Rejection | None:
    try:
        EVENT_ADAPTER.validate_python(event)
    except ValidationError as error:
        return rejection_of(error)
    return None


@given(
    st.sampled_from(sorted(EVENT_TYPES)),
    st.dictionaries(st.sampled_from(sorted(FIELD_NAMES)), json_values, max_size=12),
)
def test_a_field_path_is_made_of_declared_names_only(kind: str, fields: dict[str, Any]) -> None:
    rejection = _rejection({**fields, "type": kind})
    if rejection is None:
        return
    assert SECRET not in rejection.field
    assert {part.removesuffix("[]") for part in rejection.field.split(".")} - {""} <= FIELD_NAMES
    assert rejection.reason in Reason


@given(
    st.dictionaries(st.sampled_from(sorted(FIELD_NAMES)), json_values, max_size=12), st.randoms(use_true_random=False)
)
def test_the_verdict_does_not_depend_on_the_order_of_fields(fields: dict[str, Any], chance: random.Random) -> None:
    items = list({**fields, "type": "touchline.answer.v1"}.items())
    shuffled = chance.sample(items, len(items))

    assert _rejection(dict(shuffled)) == _rejection(dict(items))


@pytest.mark.parametrize("value", [None, [], "text", 7, True])
def test_what_is_no_object_is_refused_as_a_whole(value: Any) -> None:
    rejection = _rejection(value)

    assert rejection is not None
    assert rejection.field == ""


def test_a_property_is_named_by_its_field_and_not_by_its_name() -> None:
    assert _rejection({**EVENT, "properties": {SECRET: {}}}) == (Reason.WRONG_TYPE, "properties")


def test_a_lone_surrogate_is_no_text() -> None:
    assert _rejection({**EVENT, "id": "\ud800"}) == (Reason.NOT_UTF8, "id")


def test_the_first_reason_counts_and_then_the_first_field() -> None:
    assert _rejection({**EVENT, "place": 5, "brand": 5}) == (Reason.WRONG_TYPE, "brand")
    assert _rejection({**EVENT, "brand": 5, "touchpoint": ""}) == (Reason.MISSING_FIELD, "touchpoint")


def test_every_reason_has_a_remedy() -> None:
    assert set(REMEDIES) == set(Reason)


def test_the_closed_sets_are_those_of_the_public_interface() -> None:
    assert {reason.value for reason in Reason} == {
        "not_utf8", "not_json", "too_deep", "too_large", "empty_value", "missing_field", "wrong_type",
        "unknown_version", "unknown_source", "out_of_scale", "time_out_of_range", "unknown_currency", "personal_value", "conflict",
        "unstorable",
    }  # fmt: skip
    assert {fate.value for fate in Fate} == {"stored", "duplicate", "superseded", "quarantined", "suppressed", "erased"}


def test_every_model_keeps_unknown_fields() -> None:
    assert all(model.model_config["extra"] == "allow" for model in EVENT_MODELS)
    event = EVENT_ADAPTER.validate_python({**EVENT, "loyalty_tier": "gold"})
    assert event.model_extra == {"loyalty_tier": "gold"}


@pytest.mark.parametrize(
    ("value", "shape"),
    [(None, "null"), (True, "true or false"), (7, "whole number"), (7.5, "number"), (SECRET, "text of 15 characters"),
     ([1], "list of 1"), ({}, "object"), (b"", "bytes")],
)  # fmt: skip
def test_a_shape_tells_nothing_of_the_value(value: Any, shape: str) -> None:
    assert shape_of(value) == shape
