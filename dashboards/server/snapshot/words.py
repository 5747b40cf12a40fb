"""Messages, numbers and dates in the reader's language; a value that is not known is an en dash, never a zero."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, localcontext
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_interval
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit

from touchline.dashboards.server.static import PAGE_DIR

LOCALES: Final = {"en": "en_GB", "fr": "fr_FR", "it": "it_IT"}
"""The languages of the page -> whose numbers and dates they have, as in its core/i18n.js."""
NONE: Final = "–"
_ONE_DIGIT: Final = "#,##0.0"
_PERCENTS: Final = {"fr": "#,##0.0\u202f%"}
_MONEY: Final = {"en": "¤#,##0"}
TIMES: Final = frozenset(("second", "minute", "hour", "day", "week", "month", "year"))


class PageWords:
    """Messages are those of the page. A key without a message stands for itself."""

    def __init__(self, language: str, messages: Mapping[str, str]) -> None:
        self.language = language
        self._messages = messages
        self._locale = Locale.parse(LOCALES[language])
        self._percents = _PERCENTS.get(language, "#,##0.0%")

    def say(self, key: str, **values: object) -> str:
        """The message with its {places} filled; with `count`, the form that the language wants of `key_one` and `key_other`."""
        if isinstance(count := values.get("count"), int):
            form = "one" if self._locale.plural_form(count) == "one" else "other"
            key = f"{key}_{form}" if f"{key}_{form}" in self._messages else key
        text = self._messages.get(key, key)
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", self.whole(value) if isinstance(value, int) else str(value))
        return text

    def named(self, key: str, fallback: str) -> str:
        """The message, or the fallback where there is none: a map may have channels and KPIs of its own."""
        return self._messages.get(key, fallback)

    def whole(self, value: Any) -> str:
        """A count."""
        return NONE if value is None else _half_up(format_decimal, value, "#,##0", self._locale)

    def one(self, value: Any) -> str:
        """With one digit behind the point."""
        return NONE if value is None else _half_up(format_decimal, value, _ONE_DIGIT, self._locale)

    def signed(self, value: Any) -> str:
        """A change, with its sign."""
        return NONE if value is None else _half_up(format_decimal, value, "+#,##0.0;-#,##0.0", self._locale)

    def quantity(self, value: float, unit: str) -> str:
        """A quantity of the map's file: a share, a time, or a number of whatever it names."""
        if unit == "share":
            return _half_up(format_percent, value, self._percents.replace(".0", ".#"), self._locale)
        if unit.removesuffix("s") in TIMES:
            return format_unit(value, f"duration-{unit.removesuffix('s')}", locale=self._locale)
        number = _half_up(format_decimal, value, "#,##0.###", self._locale)
        return number if unit == "count" else f"{number} {unit}"

    def percent(self, share: Any) -> str:
        """A share of 0 to 1."""
        return NONE if share is None else _half_up(format_percent, share, self._percents, self._locale)

    def money(self, amount: Any, currency: str) -> str:
        """In whole units: the digits behind them are in the CSV."""
        pattern = _MONEY.get(self.language, "#,##0\u00a0¤")
        return _half_up(format_currency, amount, currency, pattern, self._locale, False)

    def kpi(self, value: Any, unit: str) -> str:
        """A KPI's value in its unit: percent with its sign, points and scores bare."""
        if value is None:
            return NONE
        return self.percent(float(value) / 100) if unit == "percent" else self.one(value)

    def range(self, low: str, high: str) -> str:
        """An interval of two written numbers."""
        return self.say("range", low=low, high=high)

    def day(self, day: date) -> str:
        """A local day."""
        return format_date(day, "medium", self._locale)

    def days(self, first: date, last: date) -> str:
        """A period, both ends included."""
        return self.day(first) if first == last else format_interval(first, last, "yMMMd", locale=self._locale)

    def moment(self, moment: datetime) -> str:
        """A moment of UTC, which says so."""
        return f"{format_datetime(moment, 'medium', locale=self._locale)} UTC"


def _half_up(write: Callable[..., str], *given: object) -> str:
    """What Babel writes, a half rounded away from zero as browsers do: else 50.65 % is 50.7 % on the page and 50.6 % in the file."""
    with localcontext(Context(rounding=ROUND_HALF_UP)):
        return write(*given)


@cache
def words_of(language: str) -> PageWords:
    """Of a language of LOCALES."""
    return PageWords(language, read_messages(language))


def read_messages(language: str, folder: Path = PAGE_DIR) -> dict[str, str]:
    """Those of the page."""
    found: dict[str, str] = json.loads((folder / "messages" / f"{language}.json").read_text(encoding="utf-8"))
    return found
