"""Bytes of a record: a JSON object, or the reason why there is none."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from hypothesis import given, strategies as st

from touchline.processors.steps.decode import decode
from touchline.processors.values.records import Invalid
from touchline.schemas.reasons import Reason

MARK = b"\xef\xbb\xbf"
JSON = st.recursive(st.none() | st.integers(-9, 9) | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3))


class Arrived(NamedTuple):
    value: bytes
    offset: int = 0
    key: bytes | None = None
    timestamp: int = 0


def outcome(value: bytes) -> object:
    (one,) = decode([Arrived(value)])
    return one.reason if isinstance(one, Invalid) else one


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_a_byte_order_mark_before_the_object_changes_nothing(event: dict[str, object]) -> None:
    value = json.dumps(event, ensure_ascii=False).encode()
    assert outcome(MARK + value) == outcome(value) == event


@pytest.mark.parametrize("value", [MARK, MARK + b"{", MARK + MARK + b"{}", b"{}" + MARK, MARK[:2] + b"{}"])
def test_a_byte_order_mark_makes_no_object_of_what_is_none(value: bytes) -> None:
    assert isinstance(outcome(value), Reason)
