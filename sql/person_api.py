"""Persons and journeys by touchpoint, and how many of the journeys were lost there.

Each journey is told as a few numbers, one a touchpoint where an event of it is selected, then put together by person: so persons are
counted without a set of persons for each touchpoint.
"""

from __future__ import annotations

from touchline.sql.formulas import wilson
from touchline.sql.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.projections import VOLUME_1D
from touchline.sql.selected_journeys import FACTS, SELECTION, WINDOW_IS_OVER, selected_journeys
from touchline.sql.selection import IN_PERIOD, SELECTED, filtered
from touchline.sql.stays import node_of_row, nodes
from touchline.sql.views import indented, layered, own

_TOUCHPOINT = "'touchpoint'"
_NODE = node_of_row(_TOUCHPOINT)
_FACTS = {
    **{name: FACTS[name] for name in ("conversions", "started_us")},
    "last_node": f"argMax({_NODE}, touchpoint_number)",
    "met_here": f"groupArrayIf({_NODE}, {IN_PERIOD} AND {filtered()})",
}
_RATE = wilson("lost", "judged")
_JOURNEY, _CONVERTED, _DROPPED, _JUDGED, _LOST, _PERSON, _NODES = 1, 2, 4, 8, 16, 32, 256
"""What one number says: the node times 256, and which of these it counts for."""
_IS_LOST = "(cycle > 0 AND NOT is_open AND conversions = 0 AND (node = 0 OR node = last_node))"
_CODE = f"""toUInt64(node * {_NODES}
            + {_JOURNEY} * (cycle > 0) + {_CONVERTED} * (conversions > 0) + {_DROPPED} * {_IS_LOST}
            + {_JUDGED} * (cycle > 0 AND is_judged) + {_LOST} * ({_IS_LOST} AND is_judged))"""
_OF_PERSONS = f"""
(
    SELECT groupArrayArray(codes) AS told, arrayDistinct(arrayMap(code -> intDiv(code, {_NODES}), told)) AS nodes
    FROM
    (
        SELECT
            who, {WINDOW_IS_OVER} AS is_judged,
            arrayMap(node -> {_CODE}, arrayPushFront(arrayDistinct(met_here), toUInt32(0))) AS codes
        FROM{indented(selected_journeys(SELECTION, _FACTS, beside=True), "        ")}
    )
    GROUP BY who
)"""
_COUNTED = f"""
(
    SELECT
        if(node = 0, NULL, {nodes(_TOUCHPOINT)}[node]) AS here,
        {
    ", ".join(
        f"sumIf(same, bitAnd(code, {flag}) > 0) AS {name}"
        for name, flag in (
            ("persons", _PERSON),
            ("journeys", _JOURNEY),
            ("converted", _CONVERTED),
            ("dropped", _DROPPED),
            ("judged", _JUDGED),
            ("lost", _LOST),
        )
    )
}
    FROM
    (
        SELECT code, intDiv(code, {_NODES}) AS node, count() AS same
        FROM{indented(_OF_PERSONS, "        ")}
        ARRAY JOIN arrayConcat(told, arrayMap(node -> toUInt64(node * {_NODES} + {_PERSON}), nodes)) AS code
        GROUP BY code, node
    )
    GROUP BY node
)"""
_SIMULATED = f"""(SELECT groupUniqArray(toString(touchpoint)) FROM (
{VOLUME_1D.selecting(f"{SELECTED} AND is_simulated = 1", {"touchpoint": "touchpoint"})}
) WHERE events != 0)"""
PERSONS_BY_TOUCHPOINT = ParameterizedView(
    "persons_by_touchpoint",
    "Distinct persons and journeys of the selection by touchpoint, and how many journeys were lost there; never sum (additivity: distinct)",
    ARGUMENTS | AS_OF,
    own(
        {
            "touchpoint": ("LowCardinality(Nullable(String))", "Touchpoint; NULL for all of them together", "here"),
            "persons": ("Int64", "Distinct persons with a selected event there (additivity: distinct)", ""),
            "journeys": ("Int64", "Distinct journeys with a selected event there (additivity: distinct)", ""),
            "conversions": ("Int64", "Of those the ones that have converted, wherever", "converted"),
            "dropped": (
                "Int64",
                "Of those the ones that are over at as_of, never converted, and whose last touchpoint it is (of all: any last touchpoint)",
                "",
            ),
            "numerator": ("Int64", "Journeys of the denominator that dropped", "lost"),
            "denominator": (
                "Int64",
                "Journeys there whose window is over: the map's churn term has passed since they began; without a term all",
                "judged",
            ),
            "drop_off": (
                "Nullable(Float64)",
                "numerator / denominator; NULL while no window is over",
                "if(judged = 0, NULL, lost / judged)",
            ),
            "ci_low": (
                "Nullable(Float64)",
                "Lower bound of the 95 % Wilson interval of drop_off",
                f"if(judged = 0, NULL, {_RATE.low})",
            ),
            "ci_high": (
                "Nullable(Float64)",
                "Upper bound of the 95 % Wilson interval of drop_off",
                f"if(judged = 0, NULL, {_RATE.high})",
            ),
            "is_simulated": (
                "UInt8",
                "1 when a selected event there is simulated: label the numbers",
                f"if(isNull(here), notEmpty({_SIMULATED}), has({_SIMULATED}, ifNull(toString(here), '')))",
            ),
        }
    ),
    layered(_COUNTED, _RATE.layers[0]),
)
