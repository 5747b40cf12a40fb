"""What a journey is told by: its stays, one after another. Paths are made of their names, waits of their times; both count the same.

By touchpoint every touchpoint event is a stay; by stage a stay lasts from the first event at a stage to the first at another, and unmapped
touchpoints are passed over.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.choices import Choice
from touchline.sql.selected_journeys import EVERYTHING, SELECTION, Scope, selected_journeys
from touchline.sql.views import indented

BY: Final = Choice(
    "by",
    {
        "touchpoint": "every touchpoint event is a stay",
        "stage": "a stay lasts from the first event at a stage to the first at another; unmapped touchpoints are passed over",
    },
)
ASKED: Final = "{by:String}"
NAMES: Final = "arrayMap(stay -> stay.2, {})"
"""Of stays their touchpoints or stages."""


def events_of(by: str, time: str = "0") -> str:
    """A fact of a journey: its events in order as (number, touchpoint or stage, time). `by` is SQL for one of BY, `time` over a row."""
    event = f"(touchpoint_number, if({by} = 'stage', stage, touchpoint), {time})"
    return f"arraySort(one -> one.1, groupArrayIf({event}, {by} = 'touchpoint' OR is_mapped = 1))"


def stays_of(by: str, events: str) -> str:
    """Of those events the ones that begin a stay."""
    before = f"arrayPushFront(arrayPopBack({events}), (0, '', 0))"
    return f"if({by} = 'stage', arrayFilter((one, before) -> one.2 != before.2, {events}, {before}), {events})"


def selected_stays(time: str = "0") -> str:
    """The selected journeys as `stays` and `is_open`."""
    return _stays(SELECTION, ASKED, time, f"\n    WHERE {BY.is_known}")


def all_stays(by: str, time: str = "0") -> str:
    """Every journey of every map."""
    return _stays(EVERYTHING, f"'{by}'", time, "")


def _stays(scope: Scope, by: str, time: str, condition: str) -> str:
    journeys = selected_journeys(scope, {"events": events_of(by, time)})
    return f"\n(\n    SELECT {scope.kept}{stays_of(by, 'events')} AS stays, is_open\n    FROM{indented(journeys)}{condition}\n)"
