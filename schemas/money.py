"""Money: whole minor units and an ISO 4217 currency, so that sums are exact.

`{"amount_minor": 1999, "currency": "EUR"}` is 19.99 euro: the exponent (2) comes from ISO 4217, list one of 2026-01-01
(in use) and list three (withdrawn; only codes that events since 1990 may carry). Funds, precious metals and test codes
are no means of payment and are unknown here. Amounts are paid amounts, tax included; a refund is negative. Currencies
are never summed across.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import CoreSchema, core_schema

_IN_USE: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY "
        "COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
        "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR "
        "MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG "
        "SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES "
        "WST XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_WITHDRAWN: Final = {
    0: "BEF BYR ESP GRD ITL LUF PTE TPE TRL",
    2: (
        "ANG ATS BGN CUC CYP DEM EEK FIM FRF GHC HRK IEP LTL LVL MRO MTL NLG ROL SIT SKK SLL STD TMM VEB VEF "
        "ZMK ZWD ZWL"
    ),
}  # fmt: skip

CURRENCY_EXPONENTS: Final[dict[str, int]] = {
    code: exponent for table in (_IN_USE, _WITHDRAWN) for exponent, codes in table.items() for code in codes.split()
}
"""ISO 4217 code -> number of decimal places of its minor unit."""

UNKNOWN_CURRENCY: Final = "unknown_currency"
"""Error type of a currency outside CURRENCY_EXPONENTS."""


class _KnownCurrency:
    """Lets pydantic look the code up in its own hash table: no Python code runs per value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.custom_error_schema(
            core_schema.literal_schema(sorted(CURRENCY_EXPONENTS)),
            custom_error_type=UNKNOWN_CURRENCY,
            custom_error_message="Input should be an ISO 4217 code",
        )


Currency = Annotated[str, _KnownCurrency()]
"""An ISO 4217 code in capitals."""


class Amount(BaseModel):
    """A paid amount, tax included, in minor units (cents) of its currency; negative for money that goes back."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    # Beyond 2**53 integers do not survive JSON in every language (RFC 7493).
    amount_minor: Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
    currency: Currency


def exponent_of(currency: str) -> int:
    """Decimal places of the currency's minor unit. Raises KeyError for a code that `Currency` does not accept."""
    return CURRENCY_EXPONENTS[currency]


def to_decimal(amount: Amount) -> Decimal:
    """The amount in major units, exact: 1999 minor units of EUR are Decimal('19.99')."""
    return Decimal(amount.amount_minor).scaleb(-exponent_of(amount.currency))


def to_minor(value: Decimal, currency: str) -> int:
    """Minor units of a decimal amount. Raises ValueError where it has too many places, KeyError as above."""
    scaled = value.scaleb(exponent_of(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"the amount has more than {exponent_of(currency)} decimal places, too many for {currency}")
    return int(scaled)
