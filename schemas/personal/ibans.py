"""IBANs (ISO 13616): a country's code and length, and the check digits by ISO 7064 MOD 97-10."""

from __future__ import annotations

import re
from typing import Final

_COUNTRIES: Final = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC",
    32: "LC", 33: "RU",
}  # fmt: skip
_LENGTHS: Final = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}
"""Country -> characters, by the registry of SWIFT."""
_BEGIN: Final = re.compile(r"(?<![^\W_])[A-Za-z]{2}[0-9]{2}(?=[ \u00a0.-]?[0-9A-Za-z])")
_NEXT: Final = re.compile(r"[ \u00a0.-]?[0-9A-Za-z]")
_BETWEEN: Final = re.compile(r"[ \u00a0.-]")
_GROUP: Final = 4
_MODULUS: Final = 97


def is_iban(characters: str) -> bool:
    """Whether these characters, without blanks, are an IBAN."""
    upper = characters.upper()
    if _LENGTHS.get(upper[:2]) != len(upper) or not (upper.isascii() and upper.isalnum()):
        return False
    return int("".join(str(int(sign, 36)) for sign in upper[4:] + upper[:4])) % _MODULUS == 1


def _is_printed(text: str) -> bool:
    """Whether it stands in one piece, or in groups of four: other words may follow a number that is none."""
    *groups, last = _BETWEEN.split(text)
    return all(len(group) == _GROUP for group in groups) and (not groups or len(last) <= _GROUP)


def spans(text: str) -> list[tuple[int, int]]:
    """Where IBANs stand, in order."""
    found: list[tuple[int, int]] = []
    last = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() < last:
            continue
        head = begin[0]
        length = _LENGTHS.get(head[:2].upper(), 0)
        signs, end = [head], begin.end()
        for _ in range(length - len(head)):
            sign = _NEXT.match(text, end)
            if sign is None:
                break
            signs.append(sign[0][-1])
            end = sign.end()
        if (
            length
            and _is_printed(text[begin.start() : end])
            and not text[end : end + 1].isalnum()
            and is_iban("".join(signs))
        ):
            found.append((begin.start(), end))
            last = end
    return found
