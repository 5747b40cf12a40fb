"""Numbers, dates and messages as readers of three languages write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from touchline.dashboards.server.snapshot.words import LOCALES, PageWords, read_messages, words_of
from touchline.wording import one_digit, percent_of

SLIM, THIN, HARD = "\u2009", "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("language", "whole", "percent", "money", "day"),
    [
        ("en", "12,345", "12.3%", "€1,235", "1 Jun 2025"),
        ("fr", f"12{THIN}345", f"12,3{THIN}%", f"1{THIN}235{HARD}€", "1 juin 2025"),
        ("it", "12.345", "12,3%", f"1.235{HARD}€", "1 giu 2025"),
    ],
)
def test_each_language_writes_numbers_and_days_its_own_way(
    language: str, whole: str, percent: str, money: str, day: str
) -> None:
    words = words_of(language)
    assert words.whole(12345) == whole
    assert words.percent(0.1234) == percent
    assert words.money(Decimal("1234.60"), "EUR") == money
    assert words.day(date(2025, 6, 1)) == day


def test_a_period_says_its_month_once() -> None:
    assert words_of("en").days(date(2025, 6, 1), date(2025, 6, 28)) == f"1{SLIM}–{SLIM}28 Jun 2025"
    assert words_of("en").days(date(2025, 6, 1), date(2025, 6, 1)) == "1 Jun 2025"


def test_a_moment_says_that_it_is_utc() -> None:
    assert words_of("en").moment(datetime(2025, 6, 1, 9, 30, tzinfo=UTC)) == "1 Jun 2025, 09:30:00 UTC"


def test_a_kpi_has_its_unit_and_a_change_its_sign() -> None:
    words = words_of("en")
    assert [words.kpi(66.7, unit) for unit in ("percent", "points", "score")] == ["66.7%", "66.7", "66.7"]
    assert [words.signed(value) for value in (1.25, -1.25, None)] == ["+1.3", "-1.3", "–"]


@pytest.mark.parametrize(
    ("share", "written"), [(0.5065, "50.7%"), (0.5075, "50.8%"), (0.00149999, "0.1%"), (1, "100.0%")]
)
def test_a_half_is_rounded_as_browsers_round_it(share: float, written: str) -> None:
    """By what the number looks like, not by its nearest binary fraction, and away from zero; the report does the same."""
    assert words_of("en").percent(share) == percent_of(share) == written


@pytest.mark.parametrize(("value", "written"), [(42.65, "42.7"), (-42.65, "-42.7"), (42.649, "42.6"), (3, "3.0")])
def test_a_number_with_one_digit_is_the_same_in_export_and_report(value: float, written: str) -> None:
    assert words_of("en").one(value) == one_digit(value) == written


def test_what_is_not_known_is_a_dash_and_never_a_zero() -> None:
    words = words_of("en")
    assert [words.whole(None), words.percent(None), words.kpi(None, "percent")] == ["–"] * 3


def test_a_quantity_of_the_map_has_its_unit() -> None:
    words = words_of("fr")
    assert words.quantity(0.1, "share") == f"10{THIN}%"
    assert words.quantity(5, "minutes") == "5 minutes"
    assert words_of("it").quantity(1, "day") == "1 giorno"
    assert words.quantity(3, "count") == "3"
    assert words.quantity(3, "coupons") == "3 coupons"


def test_a_message_takes_the_form_that_its_count_wants() -> None:
    messages = {"orders_one": "{count} commande", "orders_other": "{count} commandes", "is": "{a} et {b}"}
    words = PageWords("fr", messages)
    assert [words.say("orders", count=count) for count in (0, 1, 2)] == ["0 commande", "1 commande", "2 commandes"]
    assert words.say("is", a="x", b=1000) == f"x et 1{THIN}000"
    assert words.say("unheard.of") == "unheard.of"
    assert words.named("channel.zeppelin", "zeppelin") == "zeppelin"


def test_all_languages_have_the_messages_of_the_snapshot() -> None:
    keys = [set(read_messages(language)) for language in LOCALES]
    assert keys[0] == keys[1] == keys[2]
    assert {"snapshot.note", "snapshot.generated"} <= keys[0]
