"""From a cell to minor units of a currency: exact, or refused where the cell has two readings."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final

from touchline.producers.imports.mapping.cells import CellUnreadable, integer_of, require_readable, text_of
from touchline.producers.imports.mapping.model import Money
from touchline.producers.imports.mapping.numbers import Written, decimal_of, hint_number, read_written
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import REMEDIES, shape_of

_MINOR_TOLERANCE: Final = Decimal("0.000001")
"""Doubles of whole cents are off by less than 1e-11 cents; more than this is no whole cent."""
_DIGITS_MAX: Final = 100
"""Python writes no longer whole numbers than 4,300 digits; the contract's bound is told for the shorter ones."""
_BESIDE_DIGITS: Final = re.compile(r"[^\W\d_]*[$€£¥￥₹₽₺₩₴₪₫฿₦₱₸₾₡₲₵]|[^\W\d_]{2,}\.?")
_PLAIN: Final = {
    mark: re.compile(f"(-?[0-9]{{1,15}})(?:{re.escape(mark)}([0-9]{{1,4}}))?", re.ASCII) for mark in (".", ",")
}
_DOLLARS: Final = {
    "USD": "us$", "CAD": "ca$ c$", "AUD": "au$ a$", "NZD": "nz$", "HKD": "hk$", "SGD": "s$", "MXN": "mx$", "TWD": "nt$",
    "ARS": "ar$", "CLP": "clp$", "COP": "col$",
}  # fmt: skip
_SIGNS: Final = {
    "EUR": "€ euro", "GBP": "£", "JPY": "¥ ￥ 円", "CNY": "¥ ￥ 元", "CHF": "sfr. sfr fr. fr", "PLN": "zł", "CZK": "kč",
    "SEK": "kr. kr", "NOK": "kr. kr", "DKK": "kr. kr", "ISK": "kr. kr", "HUF": "ft", "RON": "lei", "INR": "₹ rs. rs",
    "RUB": "₽", "TRY": "₺ tl", "KRW": "₩", "UAH": "₴", "ILS": "₪", "BRL": "r$", "VND": "₫", "THB": "฿", "NGN": "₦",
    "PHP": "₱", "ZAR": "r", "KZT": "₸", "GEL": "₾", "CRC": "₡", "PYG": "₲", "GHS": "₵",
    **{code: f"{signs} $" for code, signs in _DOLLARS.items()},
}  # fmt: skip


@cache
def marks_of(currency: str) -> tuple[str, ...]:
    """What may stand beside an amount of the currency, in small letters: its code and its signs."""
    return (currency.casefold(), *_SIGNS.get(currency, "").split())


def plain_minor(money: Money, text: str, exponent: int) -> int | None:
    """What `minor_of` makes of a text of digits and at most one mark, at a quarter of the cost; None of any other."""
    plain = _PLAIN[decimal_of(money)].fullmatch(text)
    if plain is None or len(decimals := plain[2] or "") > exponent:
        return None
    return int(plain[1] + decimals.ljust(exponent, "0"))


def minor_of(money: Money, value: Any, currency: str) -> int:
    """Minor units of an amount. Raises CellUnreadable."""
    exponent = CURRENCY_EXPONENTS.get(currency)
    if exponent is None:
        raise CellUnreadable(
            "the currency is no ISO 4217 code", REMEDIES[Reason.UNKNOWN_CURRENCY], Reason.UNKNOWN_CURRENCY
        )
    require_readable(value)
    if money.unit == "minor":
        return integer_of(value, money)
    if isinstance(value, float):
        return _whole_of(money, value, repr(value), currency, _MINOR_TOLERANCE)
    text = text_of(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):  # a number of the file: it has one reading
        return _whole_of(money, value, text, currency)
    plain = plain_minor(money, text, exponent)
    if plain is not None:
        return plain
    written = read_written(text, money, marks_of(currency))
    if written is None:
        if _is_of_another_currency(text, currency):
            raise CellUnreadable(
                f"the sign of another currency stands beside the amount, and the mapping says {currency}",
                "say the currency of the column, or `currency: {column: …}` where it differs from row to row",
            )
        raise CellUnreadable(f"{shape_of(value)} is no amount", hint_number(money, text))
    if not written.power and len(written.decimals) > max(exponent, money.places or 0):
        raise _question(money, written, currency, exponent)
    return _whole_of(money, value, written.text, currency)


def _is_of_another_currency(text: str, currency: str) -> bool:
    words = {word.casefold() for word in _BESIDE_DIGITS.findall(text)}
    return words.isdisjoint(marks_of(currency)) and not words.isdisjoint(_all_marks())


@cache
def _all_marks() -> frozenset[str]:
    return frozenset(mark for code in CURRENCY_EXPONENTS for mark in marks_of(code))


def _whole_of(money: Money, value: Any, text: str, currency: str, tolerance: Decimal = Decimal(0)) -> int:
    exponent = CURRENCY_EXPONENTS[currency]
    try:
        exact = Decimal(text).scaleb(exponent)
        if not exact.is_finite() or exact.adjusted() > _DIGITS_MAX:
            raise OverflowError
        whole = exact.to_integral_value()
    except (InvalidOperation, OverflowError):
        raise CellUnreadable(f"{shape_of(value)} is no amount", hint_number(money)) from None
    if abs(exact - whole) > tolerance:
        raise CellUnreadable(
            f"the amount has more than {exponent} decimal places",
            f"{currency} has {exponent}: round it where it is made",
        )
    return int(whole)


def _question(money: Money, written: Written, currency: str, exponent: int) -> CellUnreadable:
    decimal, count = decimal_of(money), len(written.decimals)
    what = f"the amount has {count} digits after {decimal!r}, and {currency} has {exponent} decimal places"
    has_zeros_only = not set(written.decimals[exponent:]) - {"0"}
    as_decimals = (
        f"`places: {count}` if these are decimals that end in 0" if has_zeros_only else "else round it where it is made"
    )
    if not written.could_be_thousands:
        return CellUnreadable(what, f"write {as_decimals}" if has_zeros_only else "round it where it is made")
    other = "," if decimal == "." else "."
    return CellUnreadable(
        what,
        f'say which it is in the mapping: `thousands: "{decimal}", decimal: "{other}"` if {decimal!r} separates thousands, {as_decimals}',
    )
