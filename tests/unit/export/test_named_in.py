"""Which bytes in quarantine name a person: whole texts of JSON, or what bytes that are no JSON hold; never a part of a number."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from touchline.export.named_in import NamedIn, Wanted

KEY = f"k1:{'ab' * 32}"


def names(value: bytes, keys: set[str], raw: str) -> bool:
    return NamedIn([Wanted(keys, [raw])]).persons(value) == {0}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("xyz", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from((KEY, "Jane@example.org", "4711")))
def test_a_text_anywhere_in_the_json_is_found_and_nothing_where_it_is_not(around: object, wanted: str) -> None:
    keys, raw = ({KEY}, "") if wanted == KEY else (set[str](), wanted)
    assert names(json.dumps({"other": around, "deep": [{"key": wanted}]}).encode(), keys, raw)
    assert not names(json.dumps({"other": around}).encode(), {KEY}, "Jane@example.org")


@pytest.mark.parametrize(
    ("value", "raw", "expected"),
    [
        (b'{"card": 4711}', "4711", True),
        (b'{"card": "4711 "}', "4711", True),
        (b'{"card": "47110", "amount": 147.11}', "4711", False),
        (b'{"mail": "JANE@EXAMPLE.ORG"}', "jane@example.org", True),
        (b'{"note": "call jane@example.org"}', "jane@example.org", False),
        (b"card 4711", "4711", False),
        (b"mail jane@example.org;", "Jane@example.org", True),
        (b"\xff\xfe" + KEY.encode(), "", True),
        (b"", "jane@example.org", False),
        (b"[" * 5_000, "jane@example.org", False),
    ],
)
def test_a_raw_value_is_found_as_a_whole_and_by_chance_nowhere(value: bytes, raw: str, expected: bool) -> None:
    assert names(value, {KEY}, raw) is expected


def test_nothing_is_found_by_an_empty_value() -> None:
    assert not names(b'{"a": ""}', set(), "")
    assert not names(b"", set(), "")


def test_a_key_whose_key_id_has_capitals_is_found_in_bytes_that_are_no_json() -> None:
    key = f"K-One:{'cd' * 32}"
    assert names(b"\xff" + key.encode(), {key}, "")
    assert not names(b"\xff" + f"K-Two:{'cd' * 32}".encode(), {key}, "")


WORDS = st.sampled_from([KEY, f"k2:{'0' * 64}", "4711", "Jane@example.org", "JANE@example.org ", "none", "Straße 12"])
BYTES = st.one_of(
    st.lists(WORDS, max_size=3).map(lambda words: json.dumps({"said": words}).encode()),
    st.lists(WORDS, max_size=3).map(lambda words: "no json, ".join(["", *words]).encode()),
)
WANTED = st.builds(
    Wanted,
    st.sets(st.sampled_from([KEY, f"k2:{'0' * 64}"])),
    st.lists(st.sampled_from(["4711", "jane@example.org", "STRASSE 12", "Straße 12", ""]), max_size=2),
)


@given(BYTES, st.lists(WANTED, max_size=4))
def test_many_are_looked_for_at_once_with_what_each_alone_would_give(value: bytes, wanted: list[Wanted]) -> None:
    alone = {place for place, one in enumerate(wanted) if NamedIn([one]).persons(value)}
    assert NamedIn(wanted).persons(value) == alone
