"""Cells of files as values of fields: exact or refused, never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from touchline.producers.imports.mapping.amounts import minor_of
from touchline.producers.imports.mapping.cells import CellUnreadable, is_empty, text_of, time_of, value_of
from touchline.producers.imports.mapping.model import FieldColumn, Money
from touchline.producers.imports.mapping.time_format import ISO
from touchline.schemas.times import TimeUnreadable, parse_time

EUR = Money(column="total", currency=FieldColumn(constant="EUR"))
COMMA = EUR.model_copy(update={"decimal": ","})


@given(st.decimals(-10_000_000, 10_000_000, places=2))
def test_an_amount_is_exact_however_it_is_written(amount: Decimal) -> None:
    cents = int(amount * 100)
    assert minor_of(EUR, str(amount), "EUR") == cents
    assert minor_of(COMMA, f" {amount} ".replace(".", ","), "EUR") == cents
    assert minor_of(EUR, float(amount), "EUR") == cents
    assert minor_of(EUR, amount, "EUR") == cents


@pytest.mark.parametrize(
    "text", ["1,50", "1.234,50", "1 000", "1e", "USD 3", "0x10", "NaN", "1.505", "٣", "--3", "1e999999"]
)
def test_an_amount_that_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(CellUnreadable) as refused:
        minor_of(EUR, text, "EUR")
    assert text not in refused.value.what


def test_currencies_have_their_own_places() -> None:
    assert minor_of(EUR, "1500", "JPY") == 1500
    assert minor_of(EUR, "1.505", "KWD") == 1505
    assert minor_of(EUR.model_copy(update={"unit": "minor"}), "1500", "EUR") == 1500
    with pytest.raises(CellUnreadable, match="no ISO 4217"):
        minor_of(EUR, "1", "XXQ")


@pytest.mark.parametrize(
    ("values", "form", "zone", "wanted"),
    [
        (["2026-03-01T09:30:00+01:00"], "iso", None, "2026-03-01T08:30:00Z"),
        (["2026-03-01 09:30:00"], "iso", "Europe/Berlin", "2026-03-01T08:30:00Z"),
        (["01.03.2026", "09:30"], "%d.%m.%Y %H:%M", "America/New_York", "2026-03-01T14:30:00Z"),
        (["2026-07-01"], "iso", "Europe/Berlin", "2026-06-30T22:00:00Z"),
        ([date(2026, 7, 1)], "iso", "Europe/Berlin", "2026-06-30T22:00:00Z"),
        ([datetime(2026, 7, 1, tzinfo=UTC)], "%d.%m.%Y", "Europe/Berlin", "2026-07-01T00:00:00Z"),
        (["2026-10-25 02:30:00"], "iso", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        (["2026-03-29 02:30:00"], "iso", "Europe/Berlin", "2026-03-29T01:30:00Z"),
        (["1772353800"], "unix", None, "2026-03-01T08:30:00Z"),
        ([1772353800250], "unix_ms", None, "2026-03-01T08:30:00.25Z"),
    ],
)
def test_a_time_is_the_instant_that_it_names(values: list[Any], form: str, zone: str | None, wanted: str) -> None:
    found = time_of(values, form, ZoneInfo(zone) if zone else None)
    assert parse_time(found) == parse_time(wanted)
    naive = values[0] if len(values) == 1 and form == "iso" else None
    if (
        isinstance(naive, str) and len(naive) == 19 and zone
    ):  # the contract reads naive times of a source in the same way
        assert parse_time(naive.replace(" ", "T"), zone) == parse_time(wanted)


@given(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 31)), st.data())
def test_a_file_and_a_sender_may_write_the_same_times(moment: datetime, data: st.DataObject) -> None:
    separator, fraction = (
        data.draw(st.sampled_from("Tt _X")),
        data.draw(st.sampled_from(["", ".5", ",25", ":", ".", ".1234567"])),
    )
    clock = moment.strftime(data.draw(st.sampled_from(["%H:%M:%S", "%H:%M", "%H", "%H%M%S", "24:00:00", "%H:%M:60"])))
    offset = data.draw(
        st.sampled_from(
            ["", "Z", "z", " Z", "+0100", "+01", " +01:00", "-05:30", "+00:60", " UTC", "[Europe/Berlin]", "+01:00:00"]
        )
    )
    text = f"{moment:%Y-%m-%d}{separator}{clock}{fraction}{offset}"
    try:
        sent = parse_time(text, "Europe/Berlin")
    except TimeUnreadable:
        with pytest.raises(CellUnreadable):
            time_of([text], "iso", ZoneInfo("Europe/Berlin"))
    else:
        assert parse_time(time_of([text], "iso", ZoneInfo("Europe/Berlin"))) == sent


@pytest.mark.parametrize(
    ("values", "form"),
    [(["soon"], "iso"), (["2026-W09-7"], "iso"), (["20260301T093000Z"], "iso"),
     (["31.02.2026"], "%d.%m.%Y"), (["1e99"], "unix"), (["noon"], "unix")]
)  # fmt: skip
def test_what_names_no_instant_is_refused_without_being_shown(values: list[Any], form: str) -> None:
    with pytest.raises(CellUnreadable) as refused:
        time_of(values, form, None)
    assert values[0] not in refused.value.what


@pytest.mark.parametrize(
    ("cell", "value", "kind", "wanted"),
    [
        (FieldColumn(column="x"), " 330 ", "text", "330"),
        (FieldColumn(column="x"), 330.0, "text", "330"),
        (FieldColumn(column="x"), True, "text", "true"),
        (FieldColumn(column="x"), "+7", "integer", 7),
        (FieldColumn(column="x", decimal=","), "3,5", "number", 3.5),
        (FieldColumn(column="x"), "Yes", "boolean", True),
        (FieldColumn(column="x"), 3, None, 3),
        (FieldColumn(column="x"), "3", None, "3"),
        (FieldColumn.model_validate({"column": "x", "values": {"1": "purchase"}}), 1, "text", "purchase"),
    ],
)
def test_a_value_has_the_type_of_its_field(cell: FieldColumn, value: Any, kind: Any, wanted: Any) -> None:
    found = value_of(cell, value, kind)
    assert (type(found), found) == (type(wanted), wanted)


@pytest.mark.parametrize(
    ("value", "kind"), [("3.0", "integer"), ("3,5", "number"), ("maybe", "boolean"), ("9" * 30, "integer")]
)
def test_a_value_of_another_type_is_refused(value: str, kind: Any) -> None:
    with pytest.raises(CellUnreadable) as refused:
        value_of(FieldColumn(column="x"), value, kind)
    assert value not in refused.value.what


def test_emptiness_and_spelling() -> None:
    assert [is_empty(value) for value in (None, "", "  ", float("nan"), 0, "0", False)] == [True] * 4 + [False] * 3
    assert text_of(b"caf\xc3\xa9") == "café"


@pytest.mark.parametrize(
    "text", ["2026-03-01T10:00:00+0100", "2026-03-01 09:00:00Z", "2026-03-01t09:00:00z", "2026-03-01 10:00:00+01"]
)
def test_an_importer_reads_the_spellings_that_the_contract_takes(text: str) -> None:
    assert parse_time(time_of([text], ISO, None)) == parse_time(text)
