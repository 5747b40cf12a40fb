"""The paths of the selected journeys, edge by edge."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.views import View, layered, own
from touchline.sql.ledger.selected_journeys import SIMULATED_COLUMN
from touchline.sql.ledger.simulated import label
from touchline.sql.ledger.stays import (
    ASKED,
    BY,
    END,
    LEVEL_KEYS,
    MARKS,
    OPEN,
    OTHER,
    START,
    all_stays,
    selected_stays,
    shown_nodes,
)

STEPS_OF_MART: Final = 10
_MARKS = f"({', '.join(map(repr, MARKS))})"


def _edges(journeys: str, by: str, kept: str, steps: str) -> str:
    """Edges of journeys that have `stays` and `is_open`, by the `kept` columns and step, with the number of journeys that pass.

    Journeys that go the same way are counted before the way is cut into edges.
    """
    way = f"arrayResize(stays, {steps}, toUInt32(if(is_open, {OPEN}, {END})))"
    counted = f"""
(
    SELECT {kept}edge.1 AS step, edge.2 AS left, edge.3 AS entered, toInt64(sum(same)) AS passing, max(is_simulated) AS simulated
    FROM
    (
        SELECT {kept}{way} AS way, count() AS same, max(simulated) AS is_simulated
        FROM{indented(journeys, "        ")}
        GROUP BY {kept}way
    )
    ARRAY JOIN arrayZip(range(toUInt8({steps})), arrayPopBack(arrayPushFront(way, toUInt32({START}))), way) AS edge
    GROUP BY {kept}step, left, entered
)"""
    return layered(counted, {"from_node": f"{shown_nodes(by)}[left]", "to_node": f"{shown_nodes(by)}[entered]"})


def _rank(node: str) -> str:
    """1 for the node at which most journeys are at this end of the step; marks come last."""
    return f"dense_rank() OVER (PARTITION BY step ORDER BY {node} IN {_MARKS}, {node}_total DESC, {node})"


def _shown(node: str) -> str:
    return f"if({node}_rank > {{top:UInt8}} AND {node} NOT IN {_MARKS}, '{OTHER}', {node})"


_ENDS = ("from_node", "to_node")
_RANKED = layered(
    _edges(selected_stays(), ASKED, "", "{steps:UInt8}"),
    {f"{node}_total": f"sum(passing) OVER (PARTITION BY step, {node})" for node in _ENDS},
    {f"{node}_rank": _rank(node) for node in _ENDS} | {"simulated_here": "simulated"},
)
_FOLDED = f"""
(
    SELECT step, {_shown("from_node")} AS shown_from, {_shown("to_node")} AS shown_to, sum(passing) AS journeys,
        max(simulated_here) AS simulated
    FROM{indented(_RANKED)}
    GROUP BY step, shown_from, shown_to
)"""


def _columns(from_node: str, to_node: str, journeys: str) -> dict[str, tuple[Column, str]]:
    text = "LowCardinality(String)"
    numbered = "Number of the edge in the journey: 0 leads from (start) to its first node, k from the k-th to the next"
    return own(
        {
            "step": ("UInt8", numbered, ""),
            "from_node": (
                text,
                "Touchpoint or stage, with a * behind a name that reads like these; (start); (end) or (open) behind the last one",
                from_node,
            ),
            "to_node": (
                text,
                "Touchpoint or stage; (end) when the journey is over, (open) when it may go on",
                to_node,
            ),
            "journeys": ("Int64", "Journeys that pass the edge (additivity: sum within a step)", journeys),
        }
    )


PATHS = ParameterizedView(
    "paths",
    "How the selected journeys went on, step by step; each step holds every one of them (additivity: sum within a step)",
    ARGUMENTS
    | AS_OF
    | BY.parameter
    | {
        "steps": Column("UInt8", "How many steps are shown, the one from (start) included"),
        "top": Column("UInt8", "How many nodes are named at each end of a step; the others are (other)"),
    },
    _columns("shown_from", "shown_to", "")
    | own({"share": ("Float64", "Of all selected journeys: the shares of a step add up to 1", "")} | SIMULATED_COLUMN),
    layered(_FOLDED, {"share": "journeys / sum(journeys) OVER (PARTITION BY step)"}),
)


PATH_EDGES = View(
    "path_edges",
    f"The first {STEPS_OF_MART} steps of all journeys, edge by edge, as of the newest event (additivity: sum within map, version, "
    "level and step)",
    {name: (COLUMNS[name], name) for name in ("map", "map_version")}
    | own({"level": ("LowCardinality(String)", "touchpoint or stage: what the nodes are; never mix them", "")})
    | _columns("", "", "passing")
    | label("a journey that passes the edge has a simulated touchpoint", "simulated"),
    _edges(all_stays(timed=False), "level", "".join(f"{key}, " for key in LEVEL_KEYS), str(STEPS_OF_MART)),
)
