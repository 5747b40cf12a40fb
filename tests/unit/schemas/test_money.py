from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from touchline.schemas.money import _IN_USE, _WITHDRAWN, CURRENCY_EXPONENTS, Amount, exponent_of, to_decimal, to_minor


@given(st.integers(-(2**53) + 1, 2**53 - 1), st.sampled_from(sorted(CURRENCY_EXPONENTS)))
def test_minor_units_and_decimal_are_the_same_amount(minor: int, currency: str) -> None:
    assert to_minor(to_decimal(Amount(amount_minor=minor, currency=currency)), currency) == minor


@pytest.mark.parametrize(("currency", "exponent"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("ITL", 0)])
def test_the_exponent_is_that_of_iso_4217(currency: str, exponent: int) -> None:
    assert exponent_of(currency) == exponent


def test_codes_are_three_capitals_and_none_is_listed_twice() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CURRENCY_EXPONENTS)
    assert len(CURRENCY_EXPONENTS) == sum(
        len(codes.split()) for table in (_IN_USE, _WITHDRAWN) for codes in table.values()
    )


@pytest.mark.parametrize("currency", ["XXX", "XAU", "BTC", "usd", "", "US", None])
def test_what_is_no_means_of_payment_is_refused(currency: str | None) -> None:
    with pytest.raises(ValidationError):
        Amount.model_validate({"amount_minor": 1, "currency": currency})


def test_more_places_than_the_currency_has_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 2 decimal places"):
        to_minor(Decimal("19.999"), "EUR")
    assert to_minor(Decimal("19.990"), "EUR") == 1999
