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


def _is_named(identifier: tuple[str, str]) -> bool:
    try:
        return normalise(*identifier) != ""
    except IdentifierRejected:
        return False


texts = st.tuples(
    st.sampled_from([kind for kind in IDENTIFIER_TYPES if kind not in ("phone", "loyalty", "mail")]),
    st.text(min_size=1, max_size=40),
)
mails = st.tuples(
    st.just("mail"), st.builds("{}@{}".format, st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
)
identifiers = (texts | mails).filter(_is_named)


@given(identifiers)
def test_normalising_twice_changes_nothing(identifier: tuple[str, str]) -> None:
    kind, once = identifier[0], normalise(*identifier)
    assume(_is_named((kind, once)))

    assert normalise(kind, once) == once


@given(identifiers, st.sampled_from(["", " ", "\t", "\u00a0 "]))
def test_surrounding_blanks_and_the_unicode_form_do_not_count(identifier: tuple[str, str], blank: str) -> None:
    kind, value = identifier
    assert normalise(kind, blank + unicodedata.normalize("NFD", value) + blank) == normalise(kind, value)


@given(identifiers, identifiers)
def test_keys_are_equal_only_for_the_same_identifier(one: tuple[str, str], other: tuple[str, str]) -> None:
    keys = PersonKeys("k1", SECRET)
    is_same = (one[0], normalise(*one)) == (other[0], normalise(*other))

    assert (keys.key(*one) == keys.key(*other)) == is_same


@given(identifiers)
def test_a_key_has_the_form_of_the_contract_and_hides_the_value(identifier: tuple[str, str]) -> None:
    kind, value = identifier
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
        ("'0042'", "0042"), ("\u20190042", "0042"), ("'A0042", "A0042"), ('""0042""', "0042"), ("b'0042'", "0042"),
        ("0042\0", "0042"),
        ("0042&nbsp;", "0042"), ("\uff10\uff10\uff14\uff12", "0042"), ("\u0664\u0667\u0661\u0661", "4711"),
        ("\u06f4\u06f7\u06f1\u06f1", "4711"),
        ("{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", "6F9619FF8B86D011B42D00CF4FC964FF"), ("\u061c4711\ufe0f", "4711"),
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
        ("#WERT!", "formula"), ("#\u00a1VALOR!", "formula"), ("#\u0417\u041d\u0410\u0427!", "formula"),
        ("#\u00bfNOMBRE?", "formula"),
        ("=0042", "formula"), ('=TEXT(42;"0000")', "formula"), ('="0042', "formula"), ("4,711", "two readings"),
        ("1,234,567", "two readings"),
        ("...4711", "masked"), ("\u20264711", "masked"), ("47..11", "masked"), ("###4711", "masked"), ("___4711", "masked"),
        ("\u00d7\u00d7\u00d74711", "masked"), ("--4711", "sign"), ("----4711", "sign"), ("-A4711", "sign"),
        ("4711;4712", "several"),
        ("4711,4712", "several"), ("['4711']", "list"), ("4711\n4712", "line break"), ("4711\ufffd", "encoding"),
        ("47\x0011", "control"),
        ("203.0.113.77:443", "IP address"), ("[2001:db8::1]:443", "IP address"), ("203.0.113.007", "IP address"),
        ("203.0.113.0/24", "IP address"), ("203.0.113.77, 10.0.0.1", "IP address"),
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
    "value", ["Jane <a@b.c>", '"Doe, Jane" <A@B.c>', "<mailto:a@b.c>", "mailto:a@b.c?subject=x", "MAILTO:a@b.c",
    "a\u200b@b.c", "'a@b.c'", "'a@b.c", '"A@b.c"', "smtp:a@b.c",
              "a%40b.c", "a&#64;b.c", "mailto:a%40b.c", "a\uff20b.c", "a@b.c.", "a@b.c;"]
)  # fmt: skip
def test_of_a_mail_address_with_its_name_or_scheme_the_address_counts(value: str) -> None:
    assert normalise("mail", value) == "a@b.c"


def test_a_domain_is_one_in_letters_and_as_the_name_system_writes_it() -> None:
    assert normalise("mail", "jane@xn--mnchen-3ya.de") == normalise("mail", "Jane@M\u00fcnchen.de")
    assert normalise("mail", "a@xn--strae-oqa.de") != normalise("mail", "a@strasse.de")


@pytest.mark.parametrize("digits", [32, 40, 64])
def test_a_mail_address_may_be_known_by_its_hash_only(digits: int) -> None:
    assert normalise("mail", "0A" * (digits // 2)) == "0a" * (digits // 2)


@pytest.mark.parametrize(
    "value", ["a@b.c, d@e.f", "a@b.c;d@e.f", "a@b.c d@e.f", "j***@b.c", "xxxx@b.c", "j\u2026@b.c", "j*@b.c", "jane", "4711",
    "a (at) b.c",
              "a@b,c", "a@@b.c", "a @b.c", "a@b.c (Jane)", "a@b.c|d@e.f", "[a@b.c](mailto:a@b.c)", "M\ufffdller@b.c"]
)  # fmt: skip
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
        f"...{number[-4:]}",
        f"\u2026{number[-4:]}",
        f"--{number}",
        f"'{number}'",
        f"b'{number}'",
        f"{int(number):,}",
        f"{number};{number[:-1]}",
        f"{number}\n{number[:-1]}",
        f"{number}&nbsp;",
        "".join(chr(0xFEE0 + ord(digit)) for digit in number),
        "".join(chr(0x0660 + int(digit)) for digit in number),
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
        *(("login", value) for value in ("NaT", "true", "-Infinity", "1.#QNAN", "(leer)", "<unknown>", "[REDACTED]",
        "%user_id%", "{user_id}")),
        *(("loyalty", value) for value in ("-inf", "k. A.", "#SAKNAS!", "#N/D", "*|CARD|*", "&nbsp;",
        "[object HTMLInputElement]", "\\\\N")),
        ("mail", "[email\u00a0protected]"), ("mail", "deleted"), ("anonymous", "(not set)"),
        ("anonymous", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"), ("badge", "<NA>"),
    ],
)  # fmt: skip
def test_a_marker_of_a_tool_stands_for_nobody(kind: str, value: str) -> None:
    with pytest.raises(NobodyNamed):
        normalise(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("loyalty", "1"), ("loyalty", "0042"), ("loyalty", "99"), ("loyalty", "1000"), ("mail", "nomi@email.com"),
        ("mail", "test@shop.de"), ("mail", "none@shop.de"), ("mail", "o'neil@shop.de"), ("mail", '"a b"@shop.de'),
        ("login", "nat"),
        ("login", "auth0|12ab"), ("login", "jane..doe"), ("login", "'t Hooft"), ("login", "a&b"), ("loyalty", "4711/1"),
        ("login", "Nat"),
        ("device", "dead:beef"), ("login", "10.0.0"), ("login", "max"), ("login", "xaver"),
    ],
)  # fmt: skip
def test_what_may_be_somebody_is_somebody(kind: str, value: str) -> None:
    assert normalise(kind, value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("loyality", "loyalty"), ("loyalti", "loyalty"), ("email", "mail"), ("mial", "mail"), ("phones", "phone"),
        ("anonymus", "anonymous"), ("houshold", "household"), ("devise", "device"), ("logn", "login"), ("LOYALTY", "loyalty"),
        ("Loyality", "loyalty"), ("e-mail", "mail"), ("e_mail", "mail"), ("anonymousId", "anonymous"),
        ("anonymous_id", "anonymous"),
        ("device_id", "device"), ("mail_address", "mail"), ("emailAddress", "mail"), ("loyalty_card", "loyalty"),
        ("telephone", "phone"),
        ("phoneNumber", "phone"),
    ],
)  # fmt: skip
def test_a_misspelled_type_is_refused_with_the_one_that_was_meant(written: str, meant: str) -> None:
    with pytest.raises(IdentifierRejected, match=f"did you mean '{meant}'"):
        normalise(written, "4711")


@pytest.mark.parametrize(
    "kind",
    [
        *IDENTIFIER_TYPES,
        "client",
        "badge",
        "phone2",
        "loyalty_2",
        "member",
        "till",
        "user",
        "user_id",
        "customer_id",
        "card",
        "cookie_id",
        "id",
    ],
)
def test_known_types_and_types_of_ones_own_are_not_misspelled(kind: str) -> None:
    assert misspelled(kind) is None
