from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given, strategies as st

from touchline.errors import WrongUsage
from touchline.schemas.identifiers import (
    IDENTIFIER_TYPES,
    PLACEHOLDERS,
    IdentifierRejected,
    PersonKeys,
    PersonRef,
    normalise,
    order_of,
)

SECRET = bytes(range(32))
values = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and text.strip().lower() not in PLACEHOLDERS)
types = st.sampled_from([kind for kind in IDENTIFIER_TYPES if kind not in ("phone", "loyalty")])


@given(types, values)
def test_normalising_twice_changes_nothing(kind: str, value: str) -> None:
    once = normalise(kind, value)
    assume(once.strip().lower() not in PLACEHOLDERS)

    assert normalise(kind, once) == once


@given(types, values, st.sampled_from(["", " ", "\t", "\u00a0 "]))
def test_surrounding_blanks_and_the_unicode_form_do_not_count(kind: str, value: str, blank: str) -> None:
    assert normalise(kind, blank + unicodedata.normalize("NFD", value) + blank) == normalise(kind, value)


@given(types, types, values, values)
def test_keys_are_equal_only_for_the_same_identifier(kind: str, other: str, value: str, another: str) -> None:
    keys = PersonKeys("k1", SECRET)
    is_same = (kind, normalise(kind, value)) == (other, normalise(other, another))

    assert (keys.key(kind, value) == keys.key(other, another)) == is_same


@given(types, values)
def test_a_key_has_the_form_of_the_contract_and_hides_the_value(kind: str, value: str) -> None:
    key = PersonKeys("k1", SECRET).key(kind, value)

    PersonRef(type=kind, key=key)
    assert key != PersonKeys("k1", bytes(32)).key(kind, value)


def test_a_mail_address_is_one_whatever_its_capitals() -> None:
    assert normalise("mail", " Ada@Example.ORG") == "ada@example.org"


def test_a_login_keeps_its_capitals() -> None:
    assert normalise("login", "Ada") == "Ada"


@pytest.mark.parametrize("text", ["+44 20 7946 0018", "0044-20-7946-0018", "+44 (20) 7946.0018"])
def test_a_phone_number_is_one_however_it_is_grouped(text: str) -> None:
    assert normalise("phone", text) == "+442079460018"


def test_a_national_phone_number_is_refused_with_the_remedy_and_without_the_number() -> None:
    with pytest.raises(IdentifierRejected) as refused:
        normalise("phone", "020 7946 0018")
    assert "country code" in refused.value.hint
    assert "7946" not in str(refused.value)


@pytest.mark.parametrize("value", ["undefined", " NULL ", "0", "[object Object]", "Unknown"])
def test_a_placeholder_stands_for_nobody(value: str) -> None:
    with pytest.raises(IdentifierRejected, match="placeholder"):
        normalise("anonymous", value)


def test_strong_types_come_first_and_unknown_ones_last_by_name() -> None:
    assert sorted(["badge", "anonymous", "loyalty", "login", "avatar"], key=order_of) == [
        "login", "loyalty", "anonymous", "avatar", "badge",
    ]  # fmt: skip


def test_keys_are_read_from_a_file_of_one_line(tmp_path: Path) -> None:
    path = tmp_path / "person_key"
    path.write_text(f"2026a:{SECRET.hex()}\n", encoding="utf-8")

    assert PersonKeys.from_file(path).key("login", "4711") == PersonKeys("2026a", SECRET).key("login", "4711")


@pytest.mark.parametrize(
    "text", ["", "k1", "k1:", "k1:abcd", "k1:nothex", f"no good:{SECRET.hex()}", f"{SECRET.hex()}"]
)
def test_a_malformed_key_file_is_named_and_its_content_is_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "person_key"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(WrongUsage) as wrong:
        PersonKeys.from_file(path)
    assert wrong.value.hint
    assert SECRET.hex() not in f"{wrong.value.what}{wrong.value.hint}"


def test_a_missing_key_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot be read") as wrong:
        PersonKeys.from_file(tmp_path / "none")
    assert "touchline up" in wrong.value.hint


def test_the_secret_is_not_shown_by_repr() -> None:
    assert SECRET.hex() not in repr(PersonKeys("k1", SECRET))
    assert repr(SECRET) not in repr(PersonKeys("k1", SECRET))


@pytest.mark.parametrize("value", ["- . -", " 0 ", "n-u-l-l", "..."])
def test_a_card_number_that_is_nobodys_without_its_blanks_and_hyphens_is_a_placeholder(value: str) -> None:
    with pytest.raises(IdentifierRejected, match="placeholder"):
        normalise("loyalty", value)
