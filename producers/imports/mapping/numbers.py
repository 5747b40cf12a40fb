"""Numbers as files write them: which character stands before the decimals, which between thousands, and where the sign is.

`12.500` has two readings, and only who made the file knows which one holds. What has two is a question, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Final, NamedTuple, Protocol

from touchline.schemas.tool_forms import VISIBLE

_BLANKS: Final = re.compile("[\u00a0\u2007\u2009\u202f]")
"""Blanks that programs put between thousands, and beside a currency sign."""
_APOSTROPHE: Final = "\u2019"
_MINUS: Final = re.compile("[\u2010-\u2014\u2212\ufe63]")
"""What programs and people write where a minus should stand; nothing else stands alone before a number."""
_NO_DECIMALS: Final = re.compile("-{1,2}")
_MARKS_MAX: Final = 2
_GROUPED: Final = 3
_LEAD_MAX: Final = 3


class NumberForm(Protocol):
    """How numbers are written; None is what the mapping does not say."""

    @property
    def decimal(self) -> str | None: ...
    @property
    def thousands(self) -> str | None: ...
    @property
    def negative(self) -> str | None: ...


class Written(NamedTuple):
    """A number in parts: digits before and after the decimal mark, without marks of thousands; `power` is that of an exponent."""

    is_negative: bool
    whole: str
    decimals: str
    power: int
    is_grouped: bool

    @property
    def text(self) -> str:
        """As Python writes numbers."""
        point = f".{self.decimals}" if self.decimals else ""
        return f"{'-' if self.is_negative else ''}{self.whole or '0'}{point}{f'e{self.power}' if self.power else ''}"

    @property
    def could_be_thousands(self) -> bool:
        """Whether the decimals could as well be a group of thousands: 1.234, but not 0.234 or 1234.567."""
        return (
            not self.is_grouped
            and not self.power
            and len(self.decimals) == _GROUPED
            and 1 <= len(self.whole) <= _LEAD_MAX
            and not self.whole.startswith("0")
        )


def decimal_of(form: NumberForm) -> str:
    """The decimal mark: as the mapping says, else the one of the two that does not stand between thousands."""
    return form.decimal or ("," if form.thousands == "." else ".")


def read_written(text: str, form: NumberForm, marks: Collection[str] = ()) -> Written | None:
    """The number that stands there, beside at most two of `marks` (code and sign of a currency) and one sign; None where it is none."""
    if not text.isascii():
        text = _MINUS.sub("-", _BLANKS.sub(" ", text).translate(VISIBLE)).replace(_APOSTROPHE, "'")
    rest, sign = text.strip(), ""
    for _ in range(_MARKS_MAX):  # `USD $5`, `$5.00 USD`
        if not sign:
            rest, sign = _without_sign(rest, form.negative)
        rest, mark = _without_mark(rest, marks)
        if not mark:
            break
        marks = [one for one in marks if one != mark]
    if not sign:
        rest, sign = _without_sign(rest, form.negative)
    decimal = decimal_of(form)
    if form.negative != "trailing" and decimal in rest:  # `12,-` is twelve
        whole, _, decimals = rest.rpartition(decimal)
        rest = whole if whole[-1:].isdigit() and _NO_DECIMALS.fullmatch(decimals) else rest
    found = _pattern(decimal, form.thousands).fullmatch(rest)
    if found is None:
        return None
    grouped, plain, decimals, power = found.groups(default="")
    if not grouped and not plain and not decimals:
        return None
    whole = grouped.replace(form.thousands, "") if form.thousands else plain
    return Written(sign == "-", whole or plain, decimals, int(power or 0), bool(grouped))


def hint_number(form: NumberForm, text: str = "") -> str:
    """What to write where a cell is no number."""
    decimal = decimal_of(form)
    other = "," if decimal == "." else "."
    if form.negative is None and (as_negative := _negative_in(text)):
        return f"if the amount goes back, say `negative: {as_negative}` in the mapping"
    if form.thousands is None and text.count(decimal) > 1:
        named = f'if {decimal!r} separates thousands, say `thousands: "{decimal}", decimal: "{other}"`'
    elif form.thousands is None:
        named = f'if the file writes {other!r}, say `decimal: "{other}"`, or `thousands: "{other}"` where it separates thousands'
    else:
        named = f"{form.thousands!r} stands before groups of three digits only"
    return f"write digits and {decimal!r}; {named}"


def _negative_in(text: str) -> str:
    """The form of a negative number that stands there, if any."""
    bare = text.strip()
    if bare[:1] == "(" and bare[-1:] == ")":
        return "parentheses"
    return "trailing" if bare[-1:] in ("-", "\u2212", "\u2013") and any(map(str.isdigit, bare)) else ""


@cache
def _pattern(decimal: str, thousands: str | None) -> re.Pattern[str]:
    """Groups: whole with marks of thousands, whole without, decimals, exponent."""
    mark = re.escape(thousands or "")  # in India only the last group has three digits: 12,34,567
    grouped = (
        f"([1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+|[1-9][0-9]?(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}})|"
        if thousands
        else "(?!)()|"
    )
    return re.compile(f"(?:{grouped}([0-9]*))(?:{re.escape(decimal)}([0-9]*))?(?:[eE]([-+]?[0-9]{{1,3}}))?")


def _without_sign(text: str, negative: str | None) -> tuple[str, str]:
    if text[:1] in ("-", "+"):
        return text[1:].lstrip(), text[0]
    if negative == "trailing" and text[-1:] in ("-", "+"):
        return text[:-1].rstrip(), text[-1]
    if negative == "parentheses" and text[:1] == "(" and text[-1:] == ")":
        return text[1:-1].strip(), "-"
    return text, ""


def _without_mark(text: str, marks: Collection[str]) -> tuple[str, str]:
    """The text without a mark at one of its ends, and the mark; empty where there is none."""
    folded = text.casefold()
    for mark in marks:
        if folded.startswith(mark):
            return text[len(mark) :].lstrip(), mark
        if folded.endswith(mark):
            return text[: -len(mark)].rstrip(), mark
    return text, ""
