"""A journey as a sequence of stays. Paths are made of their names, waits of their times; both count the same
stays, but waits leave out what was declared.

By touchpoint every touchpoint event is a stay; by stage a stay lasts from the first event at a stage to the first at another, and unmapped
touchpoints are passed over.

While journeys are put together a stay is the place of its name in NODES: arrays of numbers cost a fraction of arrays of texts.

Why: docs/decisions/0086.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from touchline.sql.language.choices import Choice
from touchline.sql.language.select import indented
from touchline.sql.ledger.projections import IS_DECLARED, VOLUME_1D
from touchline.sql.ledger.selected_journeys import EVERYTHING, FACTS, SELECTION, selected_journeys

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
OTHER: Final = "(other)"
_LIKE_A_MARK: Final = "^[(](start|end|open|other)[)][*]*$"


def shown_name(name: str) -> str:
    """SQL for a touchpoint or stage as paths name it: with a star behind what would read like a mark, so that no name is one, and a further
    star behind what ends so by itself, so that no two names become one."""
    return f"if(match({name}, '{_LIKE_A_MARK}'), concat({name}, '*'), {name})"


def name_of_shown(node: str) -> str:
    """The touchpoint or stage that a node of paths, no mark, names."""
    return node.removesuffix("*") if re.search(_LIKE_A_MARK, node) else node


def _known(by: str) -> str:
    known = VOLUME_1D.reading("        ", keys=(by,), sums=())
    return f"(SELECT arraySort(groupArray(toString({by}))) FROM (\n{known}\n    ))"


def _behind(marks: Sequence[str], names: str) -> str:
    listed = ", ".join(f"'{mark}'" for mark in marks)
    return f"arrayConcat([{listed}], {names})"


def _either(by: str, made: Callable[[str], str]) -> str:
    """What is made of the column that `by`, SQL for one of BY, names."""
    return f"if({by} = 'stage', {made('stage')}, {made('touchpoint')})"


def nodes(by: str) -> str:
    """NODES: the marks, then every touchpoint or stage of the ledger. `by` is SQL for one of BY."""
    return _either(by, lambda column: _behind(MARKS, _known(column)))


def shown_nodes(by: str) -> str:
    """NODES as paths name them."""
    return _either(by, lambda column: _behind(MARKS, f"arrayMap(name -> {shown_name('name')}, {_known(column)})"))


def node_of_row(by: str) -> str:
    """Place of a row's touchpoint or stage in NODES, never that of a mark: marks are empty strings here, so no real name can match one."""
    unnamed = [""] * len(MARKS)
    return f"toUInt32({_either(by, lambda column: f'indexOf({_behind(unnamed, _known(column))}, {column})')})"


def stays_of(by: str, *, timed: bool = False) -> dict[str, str]:
    """Facts of a journey: `met`, its events as number << 32 | node, in order; `met_us`, their times, which come in the same order. `timed`
    without what was declared: nobody knows when it happened."""
    event = f"bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), {node_of_row(by)})"
    is_stay = f"({by} = 'touchpoint' OR is_mapped = 1)" + (f" AND NOT {IS_DECLARED}" if timed else "")
    return {
        "met": f"arraySort(groupArrayIf({event}, {is_stay}))",
        "met_us": f"arraySort(groupArrayIf(toUnixTimestamp64Micro(event_time), {is_stay}))",
    }


def stay_nodes(by: str, met: str) -> str:
    """Nodes of the stays of `met`."""
    events = f"arrayMap(event -> toUInt32(bitAnd(event, {2**32 - 1})), {met})"
    return f"if({by} = 'stage', arrayCompact({events}), {events})"


def stay_begins(by: str, met: str, met_us: str) -> str:
    """Begins of those stays in Unix microseconds.

    The event before each is found by a push and then a pop: the other way round makes one of nothing for a journey without stays.
    """
    node = f"arrayMap(event -> bitAnd(event, {2**32 - 1}), {met})"
    kept = (
        f"arrayFilter((time, one, before) -> one != before, {met_us}, {node}, arrayPopBack(arrayPushFront({node}, 0)))"
    )
    return f"if({by} = 'stage', {kept}, {met_us})"


def selected_stays(*, timed: bool = False) -> str:
    """The selected journeys as `stays` (nodes), `begins` (Unix microseconds), `is_open` and `simulated`; `timed` as for `stays_of`: a
    journey of nothing but what was declared is left out."""
    journeys = selected_journeys(SELECTION, stays_of(ASKED, timed=timed) | {"simulated": FACTS["simulated"]})
    return f"""
(
    SELECT {stay_nodes(ASKED, "met")} AS stays, {stay_begins(ASKED, "met", "met_us")} AS begins, is_open, simulated > 0 AS simulated
    FROM{indented(journeys)}
    WHERE {BY.is_known}{" AND notEmpty(stays)" if timed else ""}
)"""


LEVEL_KEYS: Final = ("map", "map_version", "level")
"""Keys of `all_stays`."""


def all_stays(*, timed: bool) -> str:
    """Every journey of every map at both levels, touchpoint and stage, from one look at its rows; `timed` with `begins`."""
    facts = {f"{by}_{name}": sql for by in BY.values for name, sql in stays_of(f"'{by}'", timed=timed).items()}
    facts["simulated"] = FACTS["simulated"]
    columns = {
        "level": [f"'{by}'" for by in BY.values],
        "stays": [stay_nodes(f"'{by}'", f"{by}_met") for by in BY.values],
        "begins": [stay_begins(f"'{by}'", f"{by}_met", f"{by}_met_us") for by in BY.values],
    }
    if not timed:
        del columns["begins"]
    arrays = ", ".join(f"[{', '.join(sql)}] AS {name}" for name, sql in columns.items())
    return f"""
(
    SELECT {EVERYTHING.kept}{", ".join(columns)}, is_open, simulated > 0 AS simulated
    FROM{indented(selected_journeys(EVERYTHING, facts))}
    ARRAY JOIN {arrays}{f"{chr(10)}    WHERE notEmpty(stays)" if timed else ""}
)"""
