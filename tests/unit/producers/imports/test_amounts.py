"""Amounts and numbers with two readings: the mapping says which one holds, and without it nothing is read."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from tests.unit.producers.imports.build import MAPPING
from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.amounts import minor_of
from touchline.producers.imports.mapping.cells import CellUnreadable, value_of
from touchline.producers.imports.mapping.mapper import Mapped, Mapper
from touchline.producers.imports.mapping.model import FieldColumn, Money
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows.row import Row
from touchline.schemas.money import CURRENCY_EXPONENTS

PAIRS = [(decimal, mark) for decimal, mark in product(".,", (None, ".", ",", " ", "'", "_")) if decimal != mark]
CELLS = {
    "store": "1",
    "receipt": "7",
    "sold_at": "01.03.2026 09:30:00",
    "total": "12.50",
    "currency": "EUR",
    "items": "3",
}


def money(**form: Any) -> Money:
    return Money.model_validate({"column": "total", "currency": "EUR", **form})


def number(**form: Any) -> FieldColumn:
    return FieldColumn.model_validate({"column": "x", "as": "number", **form})


def mapped(old: str, new: str, **cells: str) -> Mapped:
    return Mapper(parse_mapping(MAPPING.replace(old, new))).map(Row(2, {**CELLS, **cells}))


def written(minor: int, exponent: int, decimal: str, thousands: str | None) -> str:
    """As a program with these marks writes it."""
    text = f"{Decimal(minor).scaleb(-exponent):{',' if thousands else ''}.{exponent}f}"
    return text.translate({ord(","): thousands or "", ord("."): decimal})


@given(
    st.sampled_from(PAIRS),
    st.integers(-(10**12), 10**12),
    st.sampled_from(sorted(CURRENCY_EXPONENTS)),
    st.sampled_from(["{}", "{} {code}", "{code} {}"]),
)
def test_an_amount_is_the_same_whatever_its_marks(
    pair: tuple[str, str | None], minor: int, code: str, form: str
) -> None:
    text = form.format(written(minor, CURRENCY_EXPONENTS[code], *pair), code=code)
    assert minor_of(money(decimal=pair[0], thousands=pair[1]), text, code) == minor


@given(st.sampled_from(PAIRS), st.integers(1, 999), st.integers(0, 999), st.sampled_from(["EUR", "JPY", "USD"]))
def test_an_amount_with_two_readings_is_never_read_in_silence(
    pair: tuple[str, str | None], lead: int, group: int, code: str
) -> None:
    """Three digits behind a mark are thousands, or decimals that the currency does not have."""
    for mark in ".,":
        text = f"{lead}{mark}{group:03}"
        if mark == pair[1]:
            assert (
                minor_of(money(decimal=pair[0], thousands=mark), text, code)
                == int(f"{lead}{group:03}") * 10 ** (CURRENCY_EXPONENTS[code])
            )
            continue
        with pytest.raises(CellUnreadable) as refused:
            minor_of(money(decimal=pair[0], thousands=pair[1]), text, code)
        assert text not in refused.value.what + refused.value.hint


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({}, "12.500"),
        ({}, "1.000"),
        ({}, "12,500"),
        ({}, "1.234.567"),
        ({"decimal": ","}, "25,000"),
        ({"decimal": ","}, "1.234,50"),
    ],
)
def test_the_hint_names_both_readings(form: dict[str, str], text: str) -> None:
    with pytest.raises(CellUnreadable) as refused:
        minor_of(money(**form), text, "EUR")
    assert "thousands: " in refused.value.hint
    assert "decimal" in refused.value.hint


def test_decimals_that_a_file_pads_with_zeros_are_read_where_the_mapping_says_how_many() -> None:
    assert minor_of(money(places=4), "12.5000", "EUR") == 1250
    for form, text in ((money(places=3), "12.5000"), (money(places=4), "12.5001"), (money(), "12.5000")):
        with pytest.raises(CellUnreadable):
            minor_of(form, text, "EUR")


@pytest.mark.parametrize(("value", "minor"), [(12.5, 1250), (Decimal("12.5000"), 1250), (1000, 100_000)])
def test_a_number_that_the_file_holds_as_one_has_one_reading(value: Any, minor: int) -> None:
    assert minor_of(money(decimal=","), value, "EUR") == minor


@pytest.mark.parametrize(
    ("form", "text", "code", "minor"),
    [
        ({"decimal": ","}, "€ 12,50", "EUR", 1250),
        ({}, "12.50 EUR", "EUR", 1250),
        ({}, "eur12.50", "EUR", 1250),
        ({}, "$5", "USD", 500),
        ({}, "US$ 5", "USD", 500),
        ({}, "C$5", "CAD", 500),
        ({}, "-$5", "USD", -500),
        ({}, "$-5", "USD", -500),
        ({}, "\u221212.50\u00a0€", "EUR", -1250),
        ({"decimal": ",", "thousands": " "}, "1\u202f234,50 zł", "PLN", 123_450),
        ({"thousands": "'"}, "CHF 1\u2019234.50", "CHF", 123_450),
        ({"thousands": "."}, "1.234,50", "EUR", 123_450),
        ({"negative": "trailing"}, "12.50-", "EUR", -1250),
        ({"negative": "trailing"}, "12.50- EUR", "EUR", -1250),
        ({"negative": "trailing"}, "-12.50", "EUR", -1250),
        ({"negative": "parentheses"}, "($12.50)", "USD", -1250),
        ({"negative": "parentheses"}, "$ (12.50)", "USD", -1250),
        ({"unit": "minor", "thousands": ","}, "1,250", "EUR", 1250),
        ({}, "1e+05", "EUR", 10_000_000),
        ({}, "USD $5", "USD", 500),
        ({}, "$5.00 USD", "USD", 500),
        ({}, "-USD 5 $", "USD", -500),
        ({"decimal": ","}, "€ 12,-", "EUR", 1200),
        ({"decimal": ",", "thousands": "."}, "1.234,--", "EUR", 123_400),
        ({"thousands": "'"}, "CHF 1'234.\u2013", "CHF", 123_400),
        ({"negative": "trailing"}, "12.-", "EUR", -1200),
        ({"thousands": ","}, "₹ 12,34,567.50", "INR", 123_456_750),
        ({"thousands": ","}, "1,23,456", "INR", 12_345_600),
        ({}, "\u201312.50", "EUR", -1250),
        ({}, "\u200e-12.50\u200b", "EUR", -1250),
    ],
)
def test_a_form_that_is_clear_or_named_is_read(form: dict[str, str], text: str, code: str, minor: int) -> None:
    assert minor_of(money(**form), text, code) == minor


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({}, "12.50-"), ({}, "(12.50)"), ({"negative": "trailing"}, "-12.50-"), ({"negative": "parentheses"}, "(-12.50)"),
        ({}, "$5"), ({}, "12.50 USD"), ({}, "€ 5 €"), ({}, "€"), ({}, "-"), ({}, "."), ({}, "EUR EUR 5"),
        ({"thousands": ","}, "1,23"), ({"thousands": ","}, "1,2345"), ({"thousands": ","}, "0,500"), ({"thousands": ","}, "1,234,50"),
        ({"thousands": ","}, "1234,500"), ({"thousands": ","}, "12,34"), ({"thousands": ","}, "123,45,678"),
        ({}, "12,-"), ({}, "USD 5 EUR"),
        ({}, ".-"), ({}, "12.---"), ({}, "$5 USD 5"),
        ({"thousands": "."}, "1.50"),
        ({"unit": "minor"}, "1,250"), ({"unit": "minor", "thousands": ","}, "1,250.5"),
    ],
)  # fmt: skip
def test_what_the_mapping_does_not_say_is_refused(form: dict[str, str], text: str) -> None:
    with pytest.raises(CellUnreadable) as refused:
        minor_of(money(**form), text, "EUR")
    assert refused.value.hint


@pytest.mark.parametrize(
    ("cell", "text", "wanted"),
    [
        (number(decimal="."), "1.234", 1.234),
        (number(thousands="."), "1.234", 1234),
        (number(thousands=","), "1.234", 1.234),
        (number(), "0.125", 0.125),
        (number(), "1234.567", 1234.567),
        (number(negative="trailing"), "3-", -3),
        (FieldColumn.model_validate({"column": "x", "as": "integer", "thousands": ","}), "12,345", 12345),
    ],
)
def test_a_number_is_read_by_the_same_rules(cell: FieldColumn, text: str, wanted: float) -> None:
    found = value_of(cell, text, None)
    assert (type(found), found) == (type(wanted), wanted)


@pytest.mark.parametrize(("cell", "text"), [(number(), "1.234"), (number(), "1,234"), (number(decimal=","), "1.234,5")])
def test_a_number_with_two_readings_is_a_question(cell: FieldColumn, text: str) -> None:
    with pytest.raises(CellUnreadable) as refused:
        value_of(cell, text, None)
    assert "thousands: " in refused.value.hint


def test_one_character_cannot_be_both_marks() -> None:
    with pytest.raises(ValidationError, match="are the same character"):
        money(decimal=".", thousands=".")


REFUNDS = "refund: {column: kind, values: [return, refund]}"


def test_a_refund_may_be_told_by_a_column() -> None:
    old, new = "amount: {", f"amount: {{{REFUNDS}, "
    bought, returned = mapped(old, new, kind="sale").event, mapped(old, new, kind="return").event
    assert (bought["amount"]["amount_minor"], bought["order"]) == (1250, {"id": "7"})
    assert (returned["amount"]["amount_minor"], returned["order"]) == (-1250, {"id": "7", "kind": "refund"})


@pytest.mark.parametrize("kind", ["RETURN", " Return ", "rEFUND"])
def test_a_refund_counts_as_one_whatever_the_capitals_of_its_type(kind: str) -> None:
    event, faults = mapped("amount: {", f"amount: {{{REFUNDS}, ", kind=kind)
    assert (event["amount"]["amount_minor"], faults) == (-1250, [])


@pytest.mark.parametrize(
    ("written", "cell", "code"),
    [
        ("{column: currency, values: {€: EUR, $: USD}}", "€", "EUR"), ("{column: currency, default: EUR}", "", "EUR"),
        ("{column: currency, null_values: [n/a], default: CHF}", "n/a", "CHF"), ("{column: currency}", " gbp ", "GBP"),
        ('{column: currency, values: {base: ""}, default: SEK}', "base", "SEK"),
    ],
)  # fmt: skip
def test_the_currency_of_a_row_is_read_as_the_mapping_says(written: str, cell: str, code: str) -> None:
    event, faults = mapped("currency: {column: currency}", f"currency: {written}", currency=cell)
    assert (event["amount"], faults) == ({"amount_minor": 1250, "currency": code}, [])


def test_a_currency_that_values_does_not_list_is_refused() -> None:
    _, (fault,) = mapped("currency: {column: currency}", "currency: {column: currency, values: {€: EUR}}", currency="$")
    assert "`values` does not list" in fault.what


def test_a_default_that_is_no_currency_is_a_mistake_of_the_mapping() -> None:
    for written in ("default: euro", 'values: {"€": Euro}', "as: number"):
        with pytest.raises(WrongUsage, match=r"no ISO 4217 code|is text"):
            parse_mapping(MAPPING.replace("{column: currency}", f"{{column: currency, {written}}}"))


def test_a_refund_that_is_negative_already_has_two_readings() -> None:
    event, (fault,) = mapped("amount: {", f"amount: {{{REFUNDS}, ", kind="refund", total="-12.50")
    assert (fault.field, "leave `refund` out" in fault.hint) == ("amount.amount_minor", True)
    assert event["amount"]["amount_minor"] == ["-12.50"]


@pytest.mark.parametrize(
    ("text", "named"),
    [("12.50-", "negative: trailing"), ("(12.50)", "negative: parentheses"), ("$12.50", "currency: {column"),
     ("NOK 12.50", "currency: {column"),
     ("12.50 zł", "currency: {column"), ("12,50", 'decimal: ","')],
)  # fmt: skip
def test_a_refused_amount_is_told_what_the_mapping_can_say(text: str, named: str) -> None:
    with pytest.raises(CellUnreadable) as refused:
        minor_of(money(), text, "EUR")
    assert named in refused.value.hint
    assert text not in f"{refused.value.what}{refused.value.hint}"


@given(st.integers(1, 10**12), st.sampled_from([",", ".", " ", "'"]))
def test_an_amount_is_the_same_in_western_and_indian_groups(whole: int, mark: str) -> None:
    digits, groups = str(whole), []
    last, rest = digits[-3:], digits[:-3]
    while rest:
        groups.append(rest[-2:])
        rest = rest[:-2]
    indian = mark.join([*reversed(groups), last])
    assert minor_of(money(thousands=mark), indian, "EUR") == whole * 100
    assert minor_of(money(thousands=mark), f"{whole:,}".replace(",", mark), "EUR") == whole * 100
