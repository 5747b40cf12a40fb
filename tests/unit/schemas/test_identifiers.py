from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given, strategies as st

from touchline.errors import WrongUsage
from touchline.schemas.identifiers import (
    IDENTIFIER_TYPES,
    IdentifierRejected,
    NobodyNamed,
    PersonKeys,
    PersonRef,
    misspelled,
    normalise,
    order_of,
)

SECRET = bytes(range(32))
types = st.sampled_from([kind for kind in IDENTIFIER_TYPES if kind not in ("phone", "loyalty")])


def _is_named(value: str) -> bool:
    """Whether every type takes it; loyalty, phone and mail have rules of their own."""
    try:
        return all(normalise(kind, value) != "" for kind in ("login", "mail", "device"))
    except IdentifierRejected:
        return False


values = st.text(min_size=1, max_size=40).filter(_is_named)


@given(types, values)
def test_normalising_twice_changes_nothing(kind: str, value: str) -> None:
    once = normalise(kind, value)
    assume(_is_named(once))

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


@pytest.mark.parametrize("value", ["- . -", " 0 ", "n-u-l-l", "...", "0.0", "-1.0", "99999-99999"])
def test_a_card_number_that_is_nobodys_without_its_blanks_and_hyphens_is_a_placeholder(value: str) -> None:
    with pytest.raises(IdentifierRejected, match="placeholder"):
        normalise("loyalty", value)


@pytest.mark.parametrize(
    ("value", "card"),
    [
        ("4711.0", "4711"), ("4711.000", "4711"), ("4711,0", "4711"), ("47110", "47110"), ("4711", "4711"),
        ('="0042"', "0042"), ('"0042"', "0042"), ("'0042", "0042"), ("\ufeff0042\u200b", "0042"), ("42", "42"),
        ("ab.12", "AB12"), ("4711 0815", "47110815"), ("4711-0815.0", "47110815"), ("K4711.0", "K4711.0"),
        ("47.11", "47.11"), ("12e5", "12E5"),
    ],
)  # fmt: skip
def test_a_card_number_is_read_from_the_form_a_tool_left(value: str, card: str) -> None:
    assert normalise("loyalty", value) == card
    assert normalise("loyalty", card) == card


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("4.71101E+12", "exponent"), ("5E+15", "exponent"), ("4,7e12", "exponent"), ("12345678901234567.0", "digits"),
        ("471.000", "two readings"), ("-4711", "sign"), ("4711-", "sign"), ("\u22124711", "sign"), ("****1234", "masked"),
        ("xxxx", "masked"), ("XXX-XX-1234", "masked"), ("\u2022\u2022\u2022\u20221234", "masked"), ("#REF!", "formula"),
        ("#VALUE!", "formula"), ("######", "formula"), ("203.0.113.77", "IP address"),
    ],
)  # fmt: skip
def test_a_number_that_a_tool_has_lost_is_refused_with_the_reason_and_without_the_value(
    value: str, reason: str
) -> None:
    with pytest.raises(IdentifierRejected, match=reason) as refused:
        normalise("loyalty", value)
    assert not isinstance(refused.value, NobodyNamed)
    assert value not in str(refused.value)


@pytest.mark.parametrize("kind", [kind for kind in IDENTIFIER_TYPES if kind not in ("mail", "phone")] + ["badge"])
def test_numbers_of_every_type_come_back_from_floats_and_are_refused_as_exponents(kind: str) -> None:
    assert normalise(kind, "4711.0") == "4711"
    with pytest.raises(IdentifierRejected, match="exponent"):
        normalise(kind, "4.71101E+12")


@pytest.mark.parametrize(
    "value", ["Jane <a@b.c>", '"Doe, Jane" <A@B.c>', "<mailto:a@b.c>", "mailto:a@b.c?subject=x", "MAILTO:a@b.c", "a\u200b@b.c"]
)  # fmt: skip
def test_of_a_mail_address_with_its_name_or_scheme_the_address_counts(value: str) -> None:
    assert normalise("mail", value) == "a@b.c"


@pytest.mark.parametrize("value", ["a@b.c, d@e.f", "a@b.c;d@e.f", "a@b.c d@e.f", "j***@b.c", "xxxx@b.c"])
def test_a_mail_field_that_names_no_one_address_is_refused(value: str) -> None:
    with pytest.raises(IdentifierRejected) as refused:
        normalise("mail", value)
    assert not isinstance(refused.value, NobodyNamed)


def test_a_phone_number_that_went_through_a_float_is_not_another_number() -> None:
    assert normalise("phone", "+442079460018.0") == "+442079460018"
    for text in ("+44207946001.00", "4.42079E+11", "+4.42079E+11", "******0018"):
        with pytest.raises(IdentifierRejected):
            normalise("phone", text)


NUMBERS = st.from_regex(r"[1-9][0-9]{3,13}", fullmatch=True)


def _spellings(kind: str, number: str) -> list[str]:
    """A number as senders and tools write it."""
    if kind == "phone":
        full = f"+4930{number}"[:16]
        return [full, f"{full}.0", f"00{full[1:]}", f"{full[:3]} ({full[3:6]}) {full[6:]}", f"{full[:5]}-{full[5:]}"]
    if kind == "mail":
        return [f"n{number}@b.c", f"N{number}@B.c ", f"Jane <n{number}@b.c>", f"mailto:n{number}@b.c"]
    return [
        number,
        f"{number}.0",
        f'="{number}"',
        f" {number}\u200b",
        f"{float(number):.2E}",
        f"-{number}",
        f"*****{number[-4:]}",
    ]


@given(st.sampled_from(["loyalty", "phone", "mail", "login", "household"]), NUMBERS, NUMBERS)
def test_two_numbers_never_share_a_key_however_they_are_written(kind: str, number: str, tail: str) -> None:
    others = {number: _spellings(kind, number)}
    others |= {one: _spellings(kind, one) for one in (number + "0", number[:-1] + "7", tail)}
    names: dict[str, str] = {}
    for one, spellings in others.items():
        for text in spellings:
            try:
                name = normalise(kind, text)
            except IdentifierRejected:
                continue
            same = names.setdefault(name, one)
            assert same == one or _spellings(kind, same)[0] == _spellings(kind, one)[0]
    assert names


@given(st.text("0123456789.,-E+ ", min_size=1, max_size=10), st.text("0123456789.,-E+ ", min_size=1, max_size=10))
def test_cards_share_a_key_only_where_blanks_hyphens_or_the_zeros_of_a_float_differ(one: str, other: str) -> None:
    try:
        is_same = normalise("loyalty", one) == normalise("loyalty", other)
    except IdentifierRejected:
        return
    if is_same:
        assert _bare_card(one) == _bare_card(other)


def _bare_card(text: str) -> str:
    card = re.sub(r"[-\s]", "", text)
    card = re.sub(r"^([0-9]+)[.,]0+$", r"\1", card)
    return re.sub(r"(?<![0-9])\.|\.(?![0-9])", "", card)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("loyalty", value) for value in ("\\N", "(null)", "<null>", "#N/A", "#n/a", "0000000000", "9999999999", "-1", "-99")),
        *(("mail", value) for value in ("noemail@noemail.com", "no-mail@x.de", "none@none.com", "test@test.de", "no@mail.com")),
        *(("mail", value) for value in ("a@b.invalid", "noreply@shop.de", "Nobody <none@none.de>", "x@x.x")),
        ("phone", "+0"), ("phone", "(000) 000-0000"), ("login", "{{user_id}}"), ("login", "${user}"), ("device", "00:00:00:00"),
        ("anonymous", "(not set)"), ("anonymous", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"), ("badge", "<NA>"),
    ],
)  # fmt: skip
def test_a_marker_of_a_tool_stands_for_nobody(kind: str, value: str) -> None:
    with pytest.raises(NobodyNamed):
        normalise(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("loyalty", "1"), ("loyalty", "0042"), ("loyalty", "99"), ("loyalty", "1000"), ("mail", "nomi@email.com"),
        ("mail", "test@shop.de"), ("mail", "none@shop.de"), ("login", "nat"), ("login", "max"), ("login", "xaver"),
    ],
)  # fmt: skip
def test_what_may_be_somebody_is_somebody(kind: str, value: str) -> None:
    assert normalise(kind, value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("loyality", "loyalty"), ("loyalti", "loyalty"), ("email", "mail"), ("mial", "mail"), ("phones", "phone"),
        ("anonymus", "anonymous"), ("houshold", "household"), ("devise", "device"), ("logn", "login"),
    ],
)  # fmt: skip
def test_a_misspelled_type_is_refused_with_the_one_that_was_meant(written: str, meant: str) -> None:
    with pytest.raises(IdentifierRejected, match=f"did you mean '{meant}'"):
        normalise(written, "4711")


@pytest.mark.parametrize(
    "kind", [*IDENTIFIER_TYPES, "client", "badge", "phone2", "loyalty_2", "member", "till", "user"]
)
def test_known_types_and_types_of_ones_own_are_not_misspelled(kind: str) -> None:
    assert misspelled(kind) is None
