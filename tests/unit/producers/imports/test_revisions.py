"""The revision of a row: a number, or when it was changed; of two states the one that was changed later counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from tests.unit.producers.imports.build import MAPPING, new_producer, send
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.cells import CellUnreadable
from touchline.producers.imports.mapping.revisions import revision_of

BERLIN = ZoneInfo("Europe/Berlin")
AT = 1_772_353_800
"""2026-03-01T08:30:00Z in seconds since 1970."""
TILL = "store,receipt,sold_at,total,currency,card,items,changed\n"
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("value", "form", "form_of_time", "wanted"),
    [
        ("7", None, "iso", 7),
        (0, None, "iso", 0),
        (3.0, None, "iso", 3),
        ("2026-03-01T09:30:00+01:00", None, "iso", AT),
        ("2026-03-01T08:30:00.999Z", None, "%d.%m.%Y", AT),
        ("2026-03-01 09:30:00", None, "unix", AT),
        ("01.03.2026 09:30", None, "%d.%m.%Y %H:%M", AT),
        (datetime(2026, 3, 1, 8, 30, tzinfo=UTC), None, "iso", AT),
        (date(2026, 3, 1), None, "iso", AT - 34_200),
        (str(AT), None, "unix", AT),
        (f"{AT}250", None, "unix_ms", AT),
        (float(AT * 1000), None, "unix_ms", AT),
        ("7", None, "unix_ms", 7),
        (f"{AT}250", "unix_ms", "iso", AT),
        ("03/01/26 09:30", "%m/%d/%y %H:%M", "iso", AT),
    ],
)
def test_a_revision_is_a_number_or_the_seconds_of_a_time(
    value: Any, form: str | None, form_of_time: str, wanted: int
) -> None:
    assert revision_of(value, form, form_of_time, BERLIN) == wanted


@pytest.mark.parametrize(
    "value", ["soon", "-1", "1.5", str(2**32), f"{AT}250", "1969-12-31T10:00:00Z", "2200-01-01", True]
)
def test_what_is_no_revision_is_refused_with_what_to_write(value: Any) -> None:
    with pytest.raises(CellUnreadable) as refused:
        revision_of(value, None, "iso", BERLIN)
    assert "format" in refused.value.hint
    assert str(value) not in refused.value.what


@given(
    TIMES,
    st.timedeltas(timedelta(seconds=1), timedelta(days=900)),
    st.sampled_from(["iso", "unix", "unix_ms", "%d.%m.%Y %H:%M:%S%z"]),
)
def test_a_later_state_has_a_higher_revision(moment: datetime, later: timedelta, form: str) -> None:
    def written(at: datetime) -> str:
        seconds = (at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
        numbers = {"iso": at.isoformat(), "unix": f"{seconds:.6f}", "unix_ms": f"{seconds * 1000:.0f}"}
        return numbers.get(form) or at.strftime(form)

    first, second = (revision_of(written(at), form, "iso", None) for at in (moment, moment + later))
    assert 0 <= first < second < 2**32


@pytest.mark.parametrize("where", ["revision: changed\n", "revision: {column: changed}\n", "fields.revision"])
def test_a_corrected_export_has_the_higher_revision_whichever_file_comes_first(tmp_path: Path, where: str) -> None:
    mapping = (
        MAPPING + where
        if where != "fields.revision"
        else MAPPING.replace("  place: store", "  place: store\n  revision: changed")
    )
    revisions: dict[str, Any] = {}
    for name, total, changed in (
        ("first", "10.00", "2026-03-01 10:00:00"),
        ("corrected", "20.00", "02.03.2026 10:00:00"),
    ):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"{TILL}1,7,01.03.2026 09:30:00,{total},EUR,,1,{changed}\n")
        producer = new_producer()
        with ImportJournal(tmp_path / name, "t") as journal:
            assert send(path, journal, producer, mapping).rejected == 0
        revisions[name] = producer.events[0]["revision"]
    assert revisions["corrected"] - revisions["first"] == 86_400


def test_an_empty_cell_is_no_revision_and_a_bad_one_costs_its_row(tmp_path: Path) -> None:
    path = tmp_path / "till.csv"
    path.write_text(
        TILL + "".join(f"1,{n},01.03.2026 09:30:00,1.00,EUR,,1,{text}\n" for n, text in enumerate(("", "soon")))
    )
    producer = new_producer()
    with ImportJournal(tmp_path / "journal", "t") as journal:
        verdicts = send(path, journal, producer, MAPPING + "revision: changed\n")
    assert ([one.field for one in verdicts.rejections], verdicts.accepted, verdicts.quarantined) == (["revision"], 1, 1)
    assert "revision" not in producer.events[0]
