"""Person keys are found in bytes wherever they stand, by one pass, as if each were looked for by itself."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from touchline.schemas.keys_in_text import KeysInText

DIGITS = ["ab" * 32, "0" * 64, "0" * 63 + "a"]
KEYS = [f"{key_id}:{digits}" for key_id in ("k1", "1", "xk1", "K-1") for digits in DIGITS]
PIECES = st.sampled_from([*KEYS, *DIGITS, "k1:", ":", "k", "0", "a", "ü", '"', "\n", "k1:0000"])


@given(st.lists(PIECES, max_size=8).map("".join), st.sets(st.sampled_from([*KEYS, "k1:0000", "k1:ab"])))
def test_each_key_is_found_exactly_where_it_stands(text: str, keys: set[str]) -> None:
    content = text.encode()
    assert KeysInText(keys).found_in(content) == {key for key in keys if key.encode() in content}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b":" * 1_000, (":" + "f" * 63).encode()])
def test_bytes_that_hold_none_give_none(content: bytes) -> None:
    assert KeysInText(KEYS).found_in(content) == set()
