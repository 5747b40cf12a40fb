"""What a journey is told by: its stays, one after another. Paths are made of their names, waits of their times; both count the same.

By touchpoint every touchpoint event is a stay; by stage a stay lasts from the first event at a stage to the first at another, and unmapped
touchpoints are passed over.

While journeys are put together a stay is the place of its name in NODES: arrays of numbers cost a fraction of arrays of texts.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.choices import Choice
from touchline.sql.projections import VOLUME_1D
from touchline.sql.selected_journeys import EVERYTHING, FACTS, SELECTION, Scope, selected_journeys
from touchline.sql.views import indented

BY: Final = Choice(
    "by",
    {
        "touchpoint": "every touchpoint event is a stay",
        "stage": "a stay lasts from the first event at a stage to the first at another; unmapped touchpoints are passed over",
    },
)
ASKED: Final = "{by:String}"
MARKS: Final = ("(start)", "(end)", "(open)")
START, END, OPEN = range(1, len(MARKS) + 1)


def _named(by: str) -> str:
    marks = ", ".join(f"'{mark}'" for mark in MARKS)
    known = VOLUME_1D.reading("        ", keys=(by,), sums=())
    return f"(SELECT arrayConcat([{marks}], arraySort(groupArray(toString({by})))) FROM (\n{known}\n    ))"


def nodes(by: str) -> str:
    """NODES: the marks, then every touchpoint or stage of the ledger. `by` is SQL for one of BY."""
    return f"if({by} = 'stage', {_named('stage')}, {_named('touchpoint')})"


def node_of_row(by: str) -> str:
    """Place of a row's touchpoint or stage in NODES."""
    return (
        f"toUInt32(if({by} = 'stage', indexOf({_named('stage')}, stage), indexOf({_named('touchpoint')}, touchpoint)))"
    )


def stays_of(by: str) -> dict[str, str]:
    """Facts of a journey: `met`, its events as number << 32 | node, in order; `met_us`, their times, which come in the same order."""
    event = f"bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), {node_of_row(by)})"
    is_told = f"{by} = 'touchpoint' OR is_mapped = 1"
    return {
        "met": f"arraySort(groupArrayIf({event}, {is_told}))",
        "met_us": f"arraySort(groupArrayIf(toUnixTimestamp64Micro(event_time), {is_told}))",
    }


def stay_nodes(by: str, met: str) -> str:
    """Nodes of the stays of `met`."""
    events = f"arrayMap(event -> toUInt32(bitAnd(event, {2**32 - 1})), {met})"
    return f"if({by} = 'stage', arrayCompact({events}), {events})"


def stay_begins(by: str, met: str, met_us: str) -> str:
    """Begins of those stays in Unix microseconds."""
    node = f"arrayMap(event -> bitAnd(event, {2**32 - 1}), {met})"
    kept = (
        f"arrayFilter((time, one, before) -> one != before, {met_us}, {node}, arrayPushFront(arrayPopBack({node}), 0))"
    )
    return f"if({by} = 'stage', {kept}, {met_us})"


def selected_stays() -> str:
    """The selected journeys as `stays` (nodes), `begins` (Unix microseconds), `is_open` and `made_up`."""
    return _stays(SELECTION, ASKED, f"\n    WHERE {BY.is_known}")


def all_stays(by: str) -> str:
    """Every journey of every map."""
    return _stays(EVERYTHING, f"'{by}'", "")


def _stays(scope: Scope, by: str, condition: str) -> str:
    journeys = selected_journeys(scope, stays_of(by) | {"simulated": FACTS["simulated"]})
    return f"""
(
    SELECT {scope.kept}{stay_nodes(by, "met")} AS stays, {stay_begins(by, "met", "met_us")} AS begins, is_open,
        simulated > 0 AS made_up
    FROM{indented(journeys)}{condition}
)"""
