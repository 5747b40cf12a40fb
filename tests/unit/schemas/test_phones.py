"""Telephone numbers: one number, one key, and never two numbers under one."""

from __future__ import annotations

import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given, strategies as st

from touchline.schemas.countries import COUNTRIES, country_of
from touchline.schemas.identifiers import IdentifierRejected, NobodyNamed, normalise

PLANS = sorted(COUNTRIES & phonenumbers.SUPPORTED_REGIONS)
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)


def _read(text: str, country: str | None) -> str | None:
    try:
        return normalise("phone", text, country)
    except IdentifierRejected:
        return None


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("030 1234567", "DE", "+49301234567"), ("(030) 1234567", "DE", "+49301234567"), ("030/1234567", "DE", "+49301234567"),
        ("020 7946 0018", "GB", "+442079460018"), ("07700 900123", "GB", "+447700900123"), ("2079460018", "GB", "+442079460018"),
        ("06 1234567", "IT", "+39061234567"), ("(212) 555-0123", "US", "+12125550123"), ("12125550123", "US", "+12125550123"),
        ("8 800 555 35 35", "RU", "+78005553535"), ("011 15 2345-6789", "AR", "+5491123456789"), ("912 345 678", "ES", "+34912345678"),
        # of another country, however it is dialled
        ("+44 20 7946 0018", "DE", "+442079460018"), ("0044 20 7946 0018", "US", "+442079460018"),
        ("011 44 20 7946 0018", "US", "+442079460018"), ("0011 44 20 7946 0018", "AU", "+442079460018"),
        ("0082 2 312 3456", "KR", "+8223123456"),
        # the prefix that is not dialled from abroad
        ("+49 (0)30 1234567", None, "+49301234567"), ("+49 (0) 30 / 123-45-67", "DE", "+49301234567"),
        ("+39 06 1234567", None, "+39061234567"),
        ("+34 (0)912 345 678", None, "+34912345678"), ("+39 (0)6 1234567", None, "+39061234567"),
        ("0049 (0)30 1234567", "US", "+49301234567"),
        ("01.99.00.12.00", "FR", "+33199001200"),
        # what tools leave behind, where nothing is lost
        ("1701234567.0", "DE", "+491701234567"), ("442079460018.0", "GB", "+442079460018"), ("4915112345678", "DE", "+4915112345678"),
        ("33199001234", "FR", "+33199001234"), ("tel:+44-20-7946-0018", None, "+442079460018"),
        ("\u202a+44 20 7946 0018\u202c", None, "+442079460018"),
        ("p:+442079460018", None, "+442079460018"), ("whatsapp:+442079460018", None, "+442079460018"),
        ("Tel: +44 20 7946 0018", None, "+442079460018"), ("callto:02079460018", "GB", "+442079460018"),
        ("'+44 20 7946 0018", None, "+442079460018"), ("'020 7946 0018", "GB", "+442079460018"),
        ("\u20194915112345678", "DE", "+4915112345678"),
        ("\uff0b44 20 7946 0018", None, "+442079460018"), ("+\u0664\u0664 20 7946 0018", None, "+442079460018"),
    ],
)  # fmt: skip
def test_a_number_is_read_by_the_country_of_its_source(text: str, country: str | None, number: str) -> None:
    assert normalise("phone", text, country) == number


@pytest.mark.parametrize(
    ("text", "country", "reason"),
    [
        ("+49 30 1234567/68", None, "several numbers"), ("030 1234567 / 8", "DE", "several numbers"),
        ("030/1234567/568", "DE", "several numbers"),
        ("030 1234567", None, "not an international number"), ("4930123.0", None, "not an international number"),
        ("1234567", "DE", "lacks its area code"), ("301234567.0", "DE", "lacks its area code"), ("4930123.0", "DE", "lacks its area code"),
        ("555-0123", "US", "lacks its area code"), ("+1 555-0123", None, "lacks its area code"),
        ("3906123456", "IT", "two readings"), ("+44207946001.00", None, "two readings"), ("+44 20 7946 001.0", None, "two readings"),
        ("030 123456.0", "DE", "two readings"),
        ("+49 30 1234567 ext. 12", None, "extension"), ("030 1234567 x12", "DE", "extension"), ("+49 30 1234567#12", None, "extension"),
        ("+49 30 1234567;ext=12", None, "extension"), ("+49 30 1234567 DW 12", None, "extension"),
        ("+49 30 1234567 / +49 171 3920012", None, "several numbers"), ("030 1234567, 0171 3920012", "DE", "several numbers"),
        ("+49301234567+491713920012", None, "several numbers"),
        ("1-800-FLOWERS", "US", "not a telephone number"), ("call 030 1234567", "DE", "not a telephone number"),
        ("030 1234567 (private)", "DE", "not a telephone number"),
        ("+999 1234567", None, "country code that no country has"), ("+0044 20 7946 0018", None, "country code that no country has"),
        ("000000001", "ID", "two readings"), ("0000001234567", "ID", "two readings"),
        ("+44 20 7946 0018 0018", None, "too long"), ("+33 1 23 45 67", None, "too short"), ("0912345678", "ES", "too long"),
        ("912345678", "AQ", "not a telephone number"),
    ],
)  # fmt: skip
def test_what_may_be_another_number_or_none_is_refused_with_the_reason_and_without_the_number(
    text: str, country: str | None, reason: str
) -> None:
    with pytest.raises(IdentifierRejected, match=reason) as refused:
        normalise("phone", text, country)
    assert not isinstance(refused.value, NobodyNamed)
    assert text not in str(refused.value)


def test_without_a_country_the_hint_names_what_to_declare() -> None:
    with pytest.raises(IdentifierRejected) as refused:
        normalise("phone", "030 1234567")
    assert "`country` of its source in sources.yaml" in refused.value.hint


@pytest.mark.parametrize("text", ["+1 000 000 0000", "+490000000", "000-0000000"])
def test_a_number_of_zeros_is_nobodys(text: str) -> None:
    with pytest.raises(NobodyNamed):
        normalise("phone", text, "DE")


@given(st.sampled_from(PLANS), st.sampled_from(KINDS), st.integers(0, 9_999), st.integers(0, 9_999))
def test_two_numbers_never_share_a_key_in_any_country_however_they_are_written(
    country: str, kind: int, one: int, other: int
) -> None:
    example = phonenumbers.example_number_for_type(country, kind)
    if example is None:
        return
    found: dict[str, str] = {}
    for tail in (one, other):
        full = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[:-4] + f"{tail:04}"
        meant = _read(full, None)
        for text in _spellings(full, country):
            number = _read(text, country)
            assert number is None or (number == meant and found.setdefault(number, full) == full)
        assert meant is None or meant in found


def _spellings(full: str, country: str) -> list[str]:
    """A number in E.164 as people, shops and spreadsheets write it."""
    parsed = phonenumbers.parse(full, None)
    code = str(parsed.country_code)
    national, grouped = (
        phonenumbers.format_number(parsed, form)
        for form in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    )
    bare = full[1:]
    without_plus = (
        [bare, f"{bare}.0"] if phonenumbers.is_valid_number(parsed) else []
    )  # else it may well be a national number
    return [
        full, grouped, f"00{bare}", f"{full}.0", f"tel:{full}", grouped.replace(" ", "-"), national, f"{national}.0",
        full.replace(f"+{code}", f"+{code} (0)", 1), f"{bare.removeprefix(code)}.0", *without_plus,
    ]  # fmt: skip


@given(st.from_regex(r"(\+|00?)?[0-9]{4,15}", fullmatch=True), st.sampled_from([None, *PLANS]))
def test_a_number_once_read_stays_and_ends_as_it_was_written(text: str, country: str | None) -> None:
    number = _read(text, country)
    if number is not None:
        assert _read(number, None) == _read(number, country) == number
        assert text.endswith(number[-4:])


@given(st.text("0123456789+-/()., xEe#", max_size=20), st.sampled_from([None, "DE", "US", "IT"]))
def test_every_text_is_read_or_refused(text: str, country: str | None) -> None:
    number = _read(text or "0", country)
    assert number is None or (number[0] == "+" and number[1:].isdecimal() and number[1:].isascii())


def test_countries_are_those_of_iso_3166() -> None:
    without_codes = {"AQ", "BV", "GS", "HM", "PN", "TF", "UM"}
    assert len(COUNTRIES) == 249
    assert (phonenumbers.SUPPORTED_REGIONS - {"AC", "TA", "XK"}) | without_codes == COUNTRIES


@pytest.mark.parametrize(
    ("code", "says"), [("UK", "mean GB"), ("de", "mean DE"), ("Germany", "such as DE"), ("XX", "such as DE")]
)
def test_a_code_that_no_country_has_is_refused_with_what_to_write(code: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        country_of(code)


def test_the_library_is_loaded_by_the_first_number_and_not_before() -> None:
    program = (
        "import sys, touchline.producers.kafka, touchline.producers.record\n"
        "from touchline.schemas.identifiers import PersonKeys\n"
        "from touchline.schemas.sources import Source\n"
        "Source(legal_basis='contract', country='DE')\n"
        "PersonKeys('k1', bytes(32)).key('loyalty', '4711')\n"
        "print('phonenumbers' in sys.modules)\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
