"""Persons and journeys by touchpoint, and how many of the journeys ended there."""

from __future__ import annotations

from touchline.sql.formulas import wilson
from touchline.sql.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.selected_journeys import FACTS, NET_FACTS, SELECTION, selected_journeys
from touchline.sql.views import indented, layered, own

_FACTS = {
    "conversions": FACTS["conversions"],
    "last_touchpoint": NET_FACTS["last_touchpoint"],
    "met_here": f"groupUniqArrayIf(touchpoint, {SELECTION.events})",
}
_RATE = wilson("dropped", "n_closed")
_COUNTED = f"""
(
    SELECT
        here,
        uniqExact(who) AS persons,
        countIf(cycle > 0) AS journeys,
        countIf(cycle > 0 AND conversions > 0) AS converted,
        countIf(cycle > 0 AND NOT is_open) AS n_closed,
        countIf(cycle > 0 AND NOT is_open AND conversions = 0 AND (here IS NULL OR here = last_touchpoint)) AS dropped
    FROM{indented(selected_journeys(SELECTION, _FACTS, beside=True))}
    ARRAY JOIN arrayPushFront(arrayMap(one -> toNullable(toString(one)), met_here), NULL) AS here
    GROUP BY here
)"""
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
            "n_closed": ("Int64", "Of those the ones that are over at as_of", ""),
            "dropped": (
                "Int64",
                "Of those that are over the ones that never converted and whose last touchpoint it is (of all: any last touchpoint)",
                "",
            ),
            "drop_off": (
                "Nullable(Float64)",
                "dropped / n_closed; NULL without any",
                "if(n_closed = 0, NULL, dropped / n_closed)",
            ),
            "ci_low": (
                "Nullable(Float64)",
                "Lower bound of the 95 % Wilson interval of drop_off",
                f"if(n_closed = 0, NULL, {_RATE.low})",
            ),
            "ci_high": (
                "Nullable(Float64)",
                "Upper bound of the 95 % Wilson interval of drop_off",
                f"if(n_closed = 0, NULL, {_RATE.high})",
            ),
        }
    ),
    layered(_COUNTED, _RATE.layers[0]),
)
