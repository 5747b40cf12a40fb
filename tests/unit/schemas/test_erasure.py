"""What remains of who was erased is found again with the secret, and tells nobody else who it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.schemas.erasure import ERASED_PREFIX, ErasureSecret

SECRET, OTHER = ErasureSecret(bytes(range(32))), ErasureSecret(bytes(32))
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(texts, texts)
def test_an_identifier_has_one_digest_under_one_secret_and_none_in_common(one: str, other: str) -> None:
    assert len(SECRET.of_identifier(one)) == 32
    assert (SECRET.of_identifier(one) == SECRET.of_identifier(other)) is (one == other)
    assert SECRET.of_identifier(one) == ErasureSecret(bytes(range(32))).of_identifier(one) != OTHER.of_identifier(one)


@given(st.tuples(texts, texts), st.tuples(texts, texts))
def test_a_hidden_id_stands_for_one_event_and_is_hidden_once_only(one: tuple[str, str], other: tuple[str, str]) -> None:
    hidden = SECRET.hidden_id(*one)
    assert hidden.startswith(ERASED_PREFIX)
    assert len(hidden) == len(ERASED_PREFIX) + 32
    assert (hidden == SECRET.hidden_id(*other)) is (one == other)
    assert SECRET.hidden_id(one[0], hidden) == hidden != OTHER.hidden_id(*one)


def test_a_senders_id_that_begins_like_a_hidden_one_is_hidden_too() -> None:
    assert "anna" not in SECRET.hidden_id("shop", f"{ERASED_PREFIX}anna")
    assert len(SECRET.hidden_id("shop", ERASED_PREFIX)) == len(ERASED_PREFIX) + 32


def test_an_event_and_an_identifier_of_the_same_text_do_not_lead_to_each_other() -> None:
    assert SECRET.hidden_id("shop", "e1").removeprefix(ERASED_PREFIX) not in {
        SECRET.of_identifier(text).hex()[:32] for text in ("e1", "shop\0e1", "event\0shop\0e1")
    }


def test_a_secret_is_told_from_another_by_its_id_and_never_shown() -> None:
    assert SECRET.id == ErasureSecret(bytes(range(32))).id != OTHER.id
    assert bytes(range(32)).hex() not in repr(SECRET)
    assert SECRET.id in repr(SECRET)


def test_a_secret_comes_from_a_file_of_one_line_of_hex(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{bytes(range(32)).hex()}\n", encoding="utf-8")
    assert ErasureSecret.from_file(tmp_path / "secret").id == SECRET.id


@pytest.mark.parametrize("content", ["", "no hex", "00" * 31, "00" * 33, None])
def test_any_other_file_is_a_wrong_use_and_what_it_holds_is_not_said(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(WrongUsage) as told:
        ErasureSecret.from_file(path)
    assert not content or content not in f"{told.value} {told.value.hint}"
