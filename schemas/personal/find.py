"""Personal values in one text: found, and replaced by a word that says what was there (`[mail]`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from typing import Final, NamedTuple

from touchline.schemas.personal import cards, ibans, internet, mails, phones
from touchline.schemas.personal.kinds import KINDS, Kind
from touchline.schemas.personal.names import Says

Spans = list[tuple[int, int]]

LEAST_LENGTH: Final = 6
"""`a@b.de`"""
LEAST_NUMBER: Final = 1_000_000
"""Smaller numbers are never looked at."""
glance: Final = re.compile(
    r"[@\uff20\ufe6b%(\[{:\d]"
    r"(?:(?<=\d)(?:[^0-9A-Za-z]{0,3}\d){3}|(?<=[@\uff20\ufe6b])|(?<=:)[0-9A-Fa-f]{0,4}:|(?<=%)40|(?<=[(\[{]) ?(?:at|AT|\u00e4t) ?[)\]}])"
).search
"""A first look, for the hot path: a sign of an address, or four digits in a row. It begins with one class of signs, which costs a fifth of
alternatives that begin differently."""
_CLOSER: Final = re.compile(
    r"@|\uff20|\ufe6b|%40|[(\[{] ?(?:at|AT|\u00e4t) ?[)\]}]|\d(?:[^0-9A-Za-z]{0,3}\d){6}|(?:\d{1,3}\.){3}\d|:[0-9A-Fa-f]{0,4}:"
).search
_MOMENT: Final = re.compile(
    r"(?:19|20)\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
).fullmatch
_HAS_AT: Final = re.compile(r"@|\uff20|\ufe6b|%40|[(\[{] ?(?:at|AT|\u00e4t) ?[)\]}]").search
_HAS_DIGITS: Final = re.compile(r"\d(?:\W{0,3}\d){6}").search
_HAS_ACCOUNT: Final = re.compile(r"(?<![^\W_])[A-Za-z]{2}[0-9]{2}[ \u00a0.-]?[0-9A-Za-z]{2}").search
_IS_WRITTEN: Final = re.compile(r"[^\W\d_]{2,}\W*\s\W*\w|\w\W*\s\W*[^\W\d_]{2,}").search
"""Somebody wrote it: a word beside another one."""
is_bare: Final = re.compile(r"\s*[A-Za-z]{0,4}[-_#]?\d+\s*").fullmatch
"""Digits alone, with a few letters before them at most: nothing but a card, or a telephone number that is not written as one."""


def may_hold(text: str) -> bool:
    """Whether a text is worth the search: seven digits, a sign of an address, and no moment alone."""
    return glance(text) is not None and _CLOSER(text) is not None and _MOMENT(text) is None


class Masked(NamedTuple):
    """What a text became, and how many values of each kind were in it."""

    text: str
    counts: Counter[Kind]


def mask(
    text: str,
    kinds: Collection[Kind] = KINDS,
    country: str | None = None,
    says: Says = Says.NOTHING,
    *,
    is_comment: bool = False,
) -> Masked:
    """The text with each personal value of these kinds replaced by its kind in brackets; what was masked stays as it is.

    `country` is that of national telephone numbers, `says` what the name of its field tells; a comment is written by somebody, however
    short it is.
    """
    counts: Counter[Kind] = Counter()
    is_text = is_comment or _IS_WRITTEN(text) is not None
    are_numbers = says is Says.NUMBERS and not is_text
    if _HAS_AT(text):
        text = _replaced(text, "mail", mails.spans(text), counts, kinds)
    if _HAS_ACCOUNT(text):
        text = _replaced(text, "iban", ibans.spans(text), counts, kinds)
    if says is not Says.ADDRESSES and not are_numbers:
        text = _replaced(text, "ip", internet.spans(text), counts, kinds)
    if _HAS_DIGITS(text) and not (are_numbers and is_bare(text)):
        text = _replaced(text, "card", cards.spans(text), counts, kinds)
        is_number = are_numbers and "+" not in text
        found = [] if is_number else phones.spans(text, country, is_said=says is Says.PHONE, is_text=is_text)
        text = _replaced(text, "phone", found, counts, kinds)
    return Masked(text, counts)


def mask_number(number: int | float, kinds: Collection[Kind], says: Says) -> str | None:
    """What a number stands for where it is a personal value: a card, or a telephone number by the name of its field. Else None."""
    if says in (Says.NUMBERS, Says.ADDRESSES) or number != number or number < LEAST_NUMBER or number >= 1e19:
        return None
    if isinstance(number, float) and not number.is_integer():
        return None
    digits = str(int(number))
    if "card" in kinds and cards.spans(digits):
        return "[card]"
    if "phone" in kinds and says is Says.PHONE and len(digits) <= 15:
        return "[phone]"
    return None


def _replaced(text: str, kind: Kind, found: Spans, counts: Counter[Kind], kinds: Collection[Kind]) -> str:
    if not found or kind not in kinds:
        return text
    parts: list[str] = []
    last = 0
    for begin, end in found:
        if begin < last:  # an IPv4 address within an IPv6 one
            continue
        parts += (text[last:begin], f"[{kind}]")
        last = end
        counts[kind] += 1
    return "".join((*parts, text[last:]))
