"""Times in the format of a column: read as Python's strptime reads them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given, strategies as st

from touchline.producers.imports.mapping.time_format import read_time

DIRECTIVES = st.sampled_from(["%Y", "%m", "%d", "%H", "%M", "%S", "%y", "%f", "%%", "%b"])
BETWEEN = st.sampled_from(["", " ", "  ", "-", ".", "/", ":", "T", "x", "(", "\t"])
FORMATS = st.one_of(
    st.sampled_from(["%d.%m.%Y %H:%M:%S", "%Y-%m-%d", "%Y%m%d%H%M%S", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M:%S.%f"]),
    st.lists(st.tuples(DIRECTIVES, BETWEEN), min_size=1, max_size=7).map(lambda parts: "".join(map("".join, parts))),
)


def outcome(read: object, text: str, form: str) -> datetime | str:
    assert callable(read)
    try:
        found = read(text, form)
    except ValueError:
        return "refused"
    except Exception as error:  # strptime's own, for a format that names something twice
        return type(error).__name__
    assert isinstance(found, datetime)
    return found


@given(
    FORMATS,
    st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)),
    st.integers(0, 40),
    st.text("0123459 .:T-", max_size=2),
)
@example("%d.%m.%Y", datetime(2026, 1, 31), 3, "2")
@example("%Y-%m-%d %H:%M:%S", datetime(2026, 1, 31, 23, 59, 59), 17, "61")
def test_every_text_is_read_or_refused_as_by_strptime(form: str, moment: datetime, at: int, instead: str) -> None:
    written = moment.strftime(form)
    changed = written[:at] + instead + written[at + len(instead) :]
    for text in (written, changed, written + instead, written.upper()):
        assert outcome(read_time, text, form) == outcome(datetime.strptime, text, form)


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("GMT", 0), ("GMT+1", 1), ("GMT-11", -11), ("GMT+05:30", 5.5), ("GMT+5:30", 5.5), ("UTC", 0), ("EST", -5), ("EDT", -4), ("PDT", -7),
    ],
)  # fmt: skip
def test_offsets_from_greenwich_are_read_in_every_spelling(zone: str, hours: float) -> None:
    found = read_time(f"2020/10/30 3:08:44 PM {zone}", "%Y/%m/%d %I:%M:%S %p GMT%z")
    assert found == datetime(2020, 10, 30, 15, 8, 44, tzinfo=timezone(timedelta(hours=hours)))


@pytest.mark.parametrize("zone", ["IST", "GMT+", "GMT+123", "CET", ""])
def test_a_zone_that_means_several_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="does not match"):
        read_time(f"2020/10/30 3:08:44 PM {zone}", "%Y/%m/%d %I:%M:%S %p GMT%z")
