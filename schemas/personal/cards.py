"""Numbers of payment cards: the digits of a known issuer, in a length that it gives, with the check digit of Luhn (ISO/IEC 7812-1).

One in ten numbers has a right check digit, so the issuer's first digits and lengths matter as much. 13 digits are never a card: these
are EANs, and no card has had so few since the nineties.
"""

from __future__ import annotations

import re
from typing import Final

_RUN: Final = re.compile(
    r"(?<![\w+])(?<!\d[.,])\d(?:[ \u00a0\u2009\u202f.\-\u2010\u2011\u2013]?\d){13,40}(?!\w|[.,]\d)"
)
_GROUP: Final = re.compile(r"\d+")
_ISSUERS: Final = re.compile(
    r"""
    4[0-9]{15} | 4[0-9]{18}                                                            # Visa
    | (?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}  # Mastercard
    | 3[47][0-9]{13}                                                                   # American Express
    | (?:36|38|39)[0-9]{12} | 30[0-59][0-9]{11}                                        # Diners Club
    | (?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12}                                        # Discover
    | 35(?:2[89]|[3-8][0-9])[0-9]{12}                                                  # JCB
    | 62[0-9]{14,17}                                                                   # UnionPay
    | (?:50[0-9]{2}|5[678][0-9]{2}|6304|6390|67[0-9]{2})[0-9]{12,15}                   # Maestro
    | 220[0-4][0-9]{12}                                                                # Mir
    | (?:60|81|82)[0-9]{14}                                                            # RuPay
    """,
    re.VERBOSE,
)
_FIRST_DIGITS: Final = "234568"
_BARE_LENGTHS: Final = frozenset((14, 15, 16, 19))
_SHORT, _LONG = 14, 19
_SPELLINGS: Final = ((4, 6, 5), (4, 6, 4), (6, 13))
"""Groups in which numbers are printed, beside groups of four."""


def is_card_number(digits: str) -> bool:
    """Whether digits (ASCII) are the number of a payment card."""
    return _ISSUERS.fullmatch(digits) is not None and has_luhn_digit(digits)


def has_luhn_digit(digits: str) -> bool:
    """Whether the last digit is the check digit of the others: from the right every second one is doubled, the sum is a multiple of ten."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def spans(text: str) -> list[tuple[int, int]]:
    """Where numbers of payment cards stand, in order; beside other numbers, too (`4111 1111 1111 1111 12/27`)."""
    found: list[tuple[int, int]] = []
    for run in _RUN.finditer(text):
        groups = list(_GROUP.finditer(text, run.start(), run.end()))
        first = 0
        while first < len(groups):
            count = _groups_of_card([group[0] for group in groups[first : first + _LONG]])
            if count:
                found.append((groups[first].start(), groups[first + count - 1].end()))
            first += count or 1
    return found


def _groups_of_card(groups: list[str]) -> int:
    """How many of the groups, from the first on, are a card's number; 0 for none. Of several readings the longest."""
    best, digits = 0, ""
    if groups[0][0].isascii() and groups[0][0] not in _FIRST_DIGITS:
        return 0
    for count, group in enumerate(groups, 1):
        digits += "".join(str(int(digit)) for digit in group) if not group.isascii() else group
        if len(digits) > _LONG:
            break
        if len(digits) >= _SHORT and _is_spelling(groups[:count], digits) and is_card_number(digits):
            best = count
    return best


def _is_spelling(groups: list[str], digits: str) -> bool:
    """Whether a card's number may be parted so: not the beginning of a UUID, of two dates or of a telephone number."""
    if len(groups) == 1:
        return len(digits) in _BARE_LENGTHS
    sizes = tuple(map(len, groups))
    return sizes in _SPELLINGS or (set(sizes[:-1]) in ({4}, {2}, {1}) and sizes[-1] <= sizes[0])
