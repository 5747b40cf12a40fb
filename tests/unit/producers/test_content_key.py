"""Ids of contents: the same under one key, others under another one, and nothing of the key is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.producers.content_key import ContentKey
from touchline.producers.memory import InMemoryProducer

SECRET = bytes(range(32))
KEY, OTHER = ContentKey(SECRET), ContentKey(bytes(32))


@given(st.text(), st.text())
def test_an_id_stands_for_one_content_under_one_key(one: str, other: str) -> None:
    assert len(KEY.id_of(one)) == 32
    assert (KEY.id_of(one) == KEY.id_of(other)) is (one == other)
    assert KEY.id_of(one) == ContentKey(SECRET).id_of(one) != OTHER.id_of(one)


def test_halves_of_characters_have_an_id_too() -> None:
    assert KEY.id_of("\ud83d") != KEY.id_of("?")


def test_a_key_comes_from_a_file_of_one_line_of_hex_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET.hex()}\n", encoding="utf-8")
    found = ContentKey.from_file(tmp_path / "key")
    assert found.id_of("x") == KEY.id_of("x")
    assert SECRET.hex() not in repr(found)


@pytest.mark.parametrize("content", ["", "no hex", "k1:" + "00" * 32, "00" * 31, "00" * 33, None])
def test_any_other_file_is_a_wrong_use_and_what_it_holds_is_not_said(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(WrongUsage, match="the content key file") as told:
        ContentKey.from_file(path)
    assert "content_key_file" in told.value.hint
    assert not content or content not in f"{told.value} {told.value.hint}"
    with pytest.raises(WrongUsage, match="has 31 bytes"):
        ContentKey(bytes(31))


def test_a_producer_without_the_key_says_which_file_has_it() -> None:
    with pytest.raises(WrongUsage, match="there is no content key") as told:
        InMemoryProducer().content_id("x")
    assert "content_key_file" in told.value.hint
    assert InMemoryProducer(content_key=KEY).content_id("x") == KEY.id_of("x")
