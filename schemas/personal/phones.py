"""Telephone numbers in a text. Whether digits are one, libphonenumber says where a country is known: by `+`, by `00`, or by the source.

Most numbers in a business are none: orders, articles, parcels, moments. So digits without a mark of a telephone number are left alone: an
international prefix, brackets or the groups in which people write them, or a word as `call me` before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_PARTS: Final = r" \t\u00a0\u2009\u202f()./\-\u2010\u2011\u2013\u2212"
_RUN: Final = re.compile(
    rf"(?<!\w)[+\uff0b]\(?\d[\d{_PARTS}]{{4,40}}\d(?!\d)"
    rf"|(?<![\w+#&/\-])(?<!\d[:.,])\(?\d[\d{_PARTS}]{{4,40}}\d(?!\w|[.,:]\d|-\w)"
)
_FREE_PART: Final = re.compile(r"[^\d\-\u2010\u2011\u2013.]")
_GROUP: Final = re.compile(r"\d+")
_DATE: Final = re.compile(
    r"(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])(?![-./]?\d)"
    r"|(?:0?[1-9]|[12]\d|3[01])(?:[-./]|[./] )(?:0?[1-9]|[12]\d|3[01])(?:(?:[-./]|[./] )(?:19|20)?\d\d| (?:19|20)\d\d)(?![-./]?\d)"
)
_CALL: Final = (
    r"(?:my|our|meine|unsere|mon|mi) (?:(?:new|neue|private) )?(?:number|nummer|num\u00e9ro|n\u00famero)"
    r"|(?:tele)?phones?|tel|mobiles?|mobil\w*|cell\w*|fax|handy\w*|whats ?app|sms|telefon\w*|t\u00e9l\w*|portable|call(?: me| us)?"
    r"|ring(?: me)?|dial|text me|reach(?: me)?|ruf\w*|anruf\w*|angerufen|erreich\w*|r\u00fcckruf\w*|zur\u00fcckrufen"
    r"|rappel\w*|appel\w*|llam\w*|chiama\w*"
)
_NUMBERED: Final = (
    r"order|bestell\w*|auftrag\w*|invoice|rechnung\w*|receipt|bon|beleg\w*|ticket|case|ref\w*|track\w*|parcel|paket\w*|sendung\w*|shipment|arti\w*"
    r"|sku|ean|gtin|isbn|serial|serien\w*|model\w*|customer|kunden\w*|contract|vertrag\w*|voucher|coupon|gutschein\w*|version"
)
_SAYS_PHONE: Final = re.compile(rf"\b(?:{_CALL})\b[^\d.;!?]{{0,24}}[.:]?[^\d.;!?]{{0,4}}\Z", re.IGNORECASE)
_SAYS_OTHER: Final = re.compile(rf"\b(?:{_NUMBERED})\b[^\d.;!?]{{0,12}}[.:]?[^\d.;!?]{{0,4}}\Z", re.IGNORECASE)
_BEFORE: Final = 48
_LEAST, _MOST = 7, 15
"""Digits; E.164 allows 15."""
_LEAST_NATIONAL: Final = 9
_PREFIX: Final = re.compile(r"00(?:\d{2,}|[17]?\Z)")
"""`00` in a group with the country's code, or alone."""
_ARTICLE_LENGTHS: Final = (12, 13, 14)
_LEAST_LAST: Final = 3
_NO_NUMBER: Final = re.compile(r"[1-9]\d{0,2}(?:\.(?:0|[1-9]\d{0,2})){3}|\d+\.\d+")
"""A version or an IP address, or a decimal fraction."""
_IN_A_CODE: Final = re.compile(r"(?<!\w)(?:[A-Za-z]+\d|\d+[A-Za-z])\w*[ -]\Z")
"""Letters and digits in one word before it: `1Z 999 AA1 01 2345 6784` is the number of a parcel."""
_AMERICAN: Final = re.compile(r"\(?[2-9]\d\d\)?[ .\-]{1,2}[2-9]\d\d[ .\-]\d{4}")
_FRENCH: Final = re.compile(r"0[1-9](?:[ .]\d\d){4}")
_BRACKETED: Final = re.compile(r"\(0?\d{1,5}\)[ /-]?\d")


def spans(text: str, country: str | None, *, is_said: bool = False, is_text: bool = True) -> list[tuple[int, int]]:
    """Where telephone numbers stand, in order. `country` (ISO 3166-1 alpha-2) is that of national ones, `is_said` whether the field's name
    says that it holds one. Where it is no `is_text`, but a value alone, only international numbers count and those that are said."""
    found: list[tuple[int, int]] = []
    for run in _RUN.finditer(text):
        for begin, end in _without_dates(run):
            says_phone, says_other = _said_before(text[max(0, begin - _BEFORE) : begin]) if is_text else (False, False)
            found += _numbers_in(text, begin, end, country, is_said or says_phone, is_text and not says_other)
    return found


def _said_before(before: str) -> tuple[bool, bool]:
    """Whether the words before a number say that one may call it, or that it numbers something else: the nearer ones count."""
    phone, other = _SAYS_PHONE.search(before), _SAYS_OTHER.search(before) or _IN_A_CODE.search(before)
    if phone is None or other is None:
        return phone is not None, other is not None
    return phone.start() > other.start(), other.start() > phone.start()


def _without_dates(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The pieces of a run of digits that no date stands in."""
    begin = run.start()
    for date in _DATE.finditer(run.string, run.start(), run.end()):
        if not run.string[date.start() - 1 : date.start()].isdigit() and "+" not in run.string[begin : date.start()]:
            yield begin, date.start()
            begin = date.end()
    yield begin, run.end()


def _numbers_in(
    text: str, begin: int, end: int, country: str | None, says_phone: bool, is_text: bool
) -> list[tuple[int, int]]:
    """Numbers of a run: the longest beginning of its groups that is one, then what follows it."""
    found: list[tuple[int, int]] = []
    groups = [group.span() for group in _GROUP.finditer(text, begin, end)]
    first = 0
    while first < len(groups):
        start = groups[first][0]
        while start > begin and text[start - 1] in "+\uff0b(":
            start -= 1
        for last in range(len(groups), first, -1):
            piece = text[start : groups[last - 1][1]]
            following = text[groups[last - 1][1] : groups[last][0]] if last < len(groups) else ""
            if following and piece[0] not in "+\uff0b" and _FREE_PART.search(following) is None:
                continue  # it goes on: the number of an order, in groups between hyphens
            if _is_number(piece, country, says_phone, is_text, is_whole=first == 0 and last == len(groups)):
                is_open = piece[0] == "(" and ")" not in piece  # the bracket is around more than the number
                found.append((start + is_open, groups[last - 1][1]))
                first = last
                begin = groups[last - 1][1]
                break
        else:
            if not found and "+" not in text[start + 1 : end]:
                break  # a number does not begin in the midst of another one
            first += 1
    return found


def _is_number(piece: str, country: str | None, says_phone: bool, is_text: bool, *, is_whole: bool) -> bool:
    digits = "".join(str(int(sign)) for sign in piece if sign.isdecimal())
    if not _LEAST <= len(digits) <= _MOST + 2:
        return False
    plain = piece.replace("\uff0b", "+").lstrip("(")
    if plain.startswith("+"):
        return _is_valid("+" + _without_trunk_zero(plain, digits), None, possible=says_phone or is_text)
    first, *rest = _GROUP.findall(piece)
    sizes = [len(first), *map(len, rest)]
    is_written_00 = _PREFIX.match(first) is not None and (bool(rest) or not _is_article(digits))
    if is_written_00 and _is_valid("+" + digits[2:], None, possible=says_phone):
        return True
    if says_phone:
        return len(digits) <= _MOST
    if not is_text or _NO_NUMBER.fullmatch(piece) is not None:
        return False
    is_likely = digits[0] == "0" or (
        is_whole and len(sizes) > 1 and (max(sizes[1:]) >= _LEAST_LAST or sizes[1:] == [2, 2, 2])
    )
    if country is not None and is_likely and _is_valid(digits, country, possible=False):
        return True
    if len(sizes) == 1 or len(digits) > _MOST:
        return False
    piece = piece if ")" in piece else piece.lstrip("(")
    is_written_so = any(form.match(piece) is not None for form in (_AMERICAN, _FRENCH, _BRACKETED))
    return len(digits) >= _LEAST_NATIONAL and (is_written_so or _is_national(piece, digits))


def _is_article(digits: str) -> bool:
    """Whether the last digit is the check digit of a GTIN (EAN-13 and its like): from the right every second one counts three times."""
    return (
        len(digits) in _ARTICLE_LENGTHS
        and sum(int(one) * (1, 3)[at % 2] for at, one in enumerate(digits[::-1])) % 10 == 0
    )


def _is_national(piece: str, digits: str) -> bool:
    """An area code that begins with 0, parted from a number: `0171 2345678`, `030/1234 5678`."""
    groups = _GROUP.findall(piece)
    return digits[0] == "0" and digits[1] != "0" and 2 <= len(groups[0]) <= 5 and max(map(len, groups[1:])) >= 3


def _without_trunk_zero(plain: str, digits: str) -> str:
    """`+49 (0)30 1234567` without the 0 that is dialled within the country only."""
    return digits if "(0)" not in plain else "".join(sign for sign in plain.replace("(0)", "", 1) if sign.isdecimal())


def _is_valid(digits: str, country: str | None, *, possible: bool) -> bool:
    """Whether libphonenumber knows a range with this number; where that is enough, a length that its country has."""
    from phonenumbers import (  # 50 ms, so not before the first number
        NumberParseException,
        is_possible_number,
        is_valid_number,
        parse,
    )

    try:
        number: PhoneNumber = parse(digits, country)
    except NumberParseException:
        return False
    return is_possible_number(number) if possible else is_valid_number(number)
