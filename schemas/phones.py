"""Telephone numbers as E.164 (ITU-T E.164: `+`, country code, national number), by the rules of libphonenumber.

libphonenumber knows each country's prefixes and lengths; what it would read although it may be another number is refused
here: letters, extensions, several numbers, and digits with two readings. Its plans change, so a number need only be
possible (by its length), not assigned: a newer plan must not cost somebody known.

Why: docs/decisions/0022.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from touchline.schemas.tool_forms import FormFault

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_NOISE: Final = str.maketrans("\uff0b", "+", " \t-./()\u00a0\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2212")
_FLOAT: Final = re.compile(r"\+?[0-9]+[.,]0")
_FLOAT_OR_GROUPS: Final = re.compile(r"[^.,]*[.,]0+|.*[.,]0")
_NOT_FROM_ABROAD: Final = "(0)"
_SCHEME: Final = re.compile(r"^(?:tel|phone|callto|sms|whatsapp|p):\s*", re.IGNORECASE)
"""`tel:` (RFC 3966) and its like; `whatsapp:` of message gateways, `p:` of the exports of advertising forms."""
_EXTENSION: Final = re.compile(
    r".*[0-9)]\s*(?:;?\s*ext(?:ension|n)?\b|;?\s*extn?|durchwahl|dw|x|#)[\s.:=]*[0-9]+\W*", re.IGNORECASE
)
_LAST_DIGITS: Final = re.compile(r"(?:\D*[0-9]){7,}\s*/\s*[0-9]{1,3}")
"""`030 1234567/68`: the second number by its last digits."""
_BETWEEN_NUMBERS: Final = re.compile(r"[/,;|&]|(?<=[0-9)])\s*\+")
_DIGITS_OF_A_NUMBER: Final = 6
_BEFORE_CODE: Final = re.compile(r"^(?:\+|00)")
_DIGITS: Final = re.compile(r"\+?[0-9]+")
_NO_LINE: Final = re.compile(r"\+[0-9]{1,3}0{6,}")

_AS_E164: Final = "write it with + and the country code (E.164)"
_NATIONAL: Final = FormFault(
    "is not an international number", f"{_AS_E164}, or declare the `country` of its source in sources.yaml, such as DE"
)
_NO_NUMBER: Final = FormFault("is not a telephone number", f"{_AS_E164}, digits only, or leave it out")
_NO_COUNTRY_CODE: Final = FormFault("begins with a country code that no country has", _AS_E164)
_TOO_SHORT: Final = FormFault("is too short for its country", f"{_AS_E164}, whole")
_TOO_LONG: Final = FormFault("is too long for its country", f"{_AS_E164}, one number in each identifier")
_WRONG_LENGTH: Final = FormFault("has a length that no number of its country has", _AS_E164)
_LOCAL: Final = FormFault("lacks its area code or the 0 or other prefix before it", _AS_E164)
_TWO_READINGS: Final = FormFault("has two readings, which differ in its first digits", _AS_E164)
_FLOAT_READINGS: Final = FormFault("has two readings, a whole number or groups", "format the column as text")
_SEVERAL: Final = FormFault("holds several numbers", "send each as its own identifier")
_EXTENDED: Final = FormFault(
    "has an extension", "send the number alone: others share it, so an extension must not be lost in silence"
)


def e164_of(text: str, country: str | None) -> str | FormFault:
    """The number as E.164, or why it is none. `text` is trimmed; `country` (ISO 3166-1 alpha-2) reads national numbers.

    `00` stands for `+` unless the country dials something else there; `+49 (0)30` is `+4930`; of `4930123.0`, which a
    data frame makes of a number, the `.0` goes.
    """
    text = _SCHEME.sub("", text, count=1) if ":" in text[:10] else text
    if _FLOAT.fullmatch(text):
        text = text[:-2]
    elif _FLOAT_OR_GROUPS.fullmatch(text):
        return _FLOAT_READINGS
    if _EXTENSION.fullmatch(text):
        return _EXTENDED
    if sum(
        _digits_in(part) >= _DIGITS_OF_A_NUMBER for part in _BETWEEN_NUMBERS.split(text)
    ) > 1 or _LAST_DIGITS.fullmatch(text):
        return _SEVERAL
    digits = _ascii(text.translate(_NOISE))
    if not _DIGITS.fullmatch(digits):
        return _NO_NUMBER
    if digits[0] != "+" and not digits.startswith("00"):
        number = _NATIONAL if country is None else _national(digits, country)
    else:
        spellings = [digits]
        if _NOT_FROM_ABROAD in text:
            spellings.append(_ascii(text.replace(_NOT_FROM_ABROAD, "", 1).translate(_NOISE)))
        number = _international(spellings, country)
    return number if isinstance(number, FormFault) or is_no_line(number) or _stays(number) else _TWO_READINGS


def is_no_line(number: str) -> bool:
    """Whether a number in E.164 has zeros only behind its country code: typed where none is known."""
    return _NO_LINE.fullmatch(number) is not None


def _digits_in(text: str) -> int:
    return sum(map(str.isdecimal, text))


def _ascii(text: str) -> str:
    """Digits of any script as those of ASCII."""
    return text if text.isascii() else "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)


def _international(spellings: list[str], country: str | None) -> str | FormFault:
    """The one number that they all may be, with `+` or `00`: of several possible ones that of a known range. Some countries dial more
    than `00` before foreign numbers (`0011`, `00` and a carrier)."""
    parsed = [_parsed("+" + _BEFORE_CODE.sub("", digits, count=1), None) for digits in spellings]
    if country is not None and spellings[0][0] == "0":
        parsed += [_parsed(digits, country) for digits in spellings]
    found = {_written(one): one for one in parsed if one is not None and _fault_of(one) is None}
    if len(found) > 1:
        found = {written: one for written, one in found.items() if _is_valid(one)} or found
    if len(found) == 1:
        return next(iter(found))
    if found:
        return _TWO_READINGS
    return _NO_COUNTRY_CODE if parsed[0] is None else _fault_of(parsed[0]) or _NO_NUMBER


def _national(digits: str, country: str) -> str | FormFault:
    """A number of the country, or one whose + was lost. Without the country's prefix it may be a local number of any town."""
    from phonenumbers import country_code_for_region

    here = _parsed(digits, country)
    code = str(country_code_for_region(country))
    if here is not None and str(here.country_code) == code and digits.startswith(code):
        here = _parsed(f"+{code}{digits}", None)  # not as libphonenumber guesses, which may take the code away
    abroad = _parsed(f"+{digits}", None) if digits.startswith(code) else None
    if abroad is not None and (_fault_of(abroad) is not None or (here and _written(abroad) == _written(here))):
        abroad = None
    fault = _NO_NUMBER if here is None else _fault_of(here)
    if here is not None and fault is None and _is_whole(here, digits, country):
        if abroad is None or not _is_valid(abroad):
            return _written(here)
        return _TWO_READINGS if _is_valid(here) else _written(abroad)
    if abroad is not None and (fault is not None or _is_mobile(abroad)):
        return _written(abroad)
    return fault or _LOCAL


def _is_whole(number: PhoneNumber, digits: str, country: str) -> bool:
    """Whether nothing is missing before the digits: area code, or the prefix before it, as in `0` 30 1234567."""
    from phonenumbers import PhoneMetadata, national_significant_number

    plan = PhoneMetadata.metadata_for_region(country, None)
    if plan is None:
        return False
    significant = national_significant_number(number)
    prefix = plan.national_prefix or ""
    if prefix and digits.startswith(prefix) and significant != digits:
        return True
    if plan.fixed_line is not None and len(significant) == max(plan.fixed_line.possible_length, default=0):
        return True  # the longest that there are; a local number is shorter
    return _is_valid(number) if not prefix or significant != digits else _is_mobile(number)


def _parsed(text: str, country: str | None) -> PhoneNumber | None:
    """None where libphonenumber finds no number or no such country code."""
    from phonenumbers import NumberParseException, parse  # 50 ms, so not before the first number

    try:
        return parse(text, country)
    except NumberParseException:
        return None


def _stays(written: str) -> bool:
    """Whether a number in E.164 is read as itself: libphonenumber takes zeros away behind some country codes, one more each time."""
    parsed = _parsed(written, None)
    return parsed is not None and _fault_of(parsed) is None and _written(parsed) == written


def _written(number: PhoneNumber) -> str:
    from phonenumbers import PhoneNumberFormat, format_number

    return format_number(number, PhoneNumberFormat.E164)


def _is_valid(number: PhoneNumber) -> bool:
    from phonenumbers import is_valid_number

    return is_valid_number(number)


def _is_mobile(number: PhoneNumber) -> bool:
    from phonenumbers import PhoneNumberType, number_type

    return number_type(number) == PhoneNumberType.MOBILE


def _fault_of(number: PhoneNumber) -> FormFault | None:
    """Why there can be no such number."""
    from phonenumbers import ValidationResult, is_possible_number_with_reason

    found = is_possible_number_with_reason(number)
    if found == ValidationResult.IS_POSSIBLE:
        return None
    return {
        ValidationResult.IS_POSSIBLE_LOCAL_ONLY: _LOCAL,
        ValidationResult.INVALID_COUNTRY_CODE: _NO_COUNTRY_CODE,
        ValidationResult.TOO_SHORT: _TOO_SHORT,
        ValidationResult.TOO_LONG: _TOO_LONG,
    }.get(found, _WRONG_LENGTH)
