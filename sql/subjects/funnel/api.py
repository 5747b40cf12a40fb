"""The funnel of the selected journeys, whose rate counts those whose window is over."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.choices import Choice
from touchline.sql.language.formulas import wilson
from touchline.sql.language.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.views import layered, own
from touchline.sql.ledger.selected_journeys import SELECTION, SIMULATED_COLUMN, selected_sums

MODE: Final = Choice(
    "mode",
    {
        "in_order": "a stage is reached by passing the stages from the first on, one after another",
        "any": "a stage is reached with it or a later one, in any order",
    },
)
_PASSED = f"if({MODE.is_('any')}, highest, depth)"
_RATE = wilson("went_on", "judged")
_OF_MAP = "map = {map:String} AND version = {map_version:UInt32}"
_STAGES_OF_MAP = (
    f"(SELECT stage, stage_order FROM journey_raw.stages WHERE {_OF_MAP} AND {MODE.is_known} LIMIT 1 BY stage)"
)
_SUMMED = f"""
(
    SELECT passed, count() AS same, countIf(is_open) AS same_open, countIf(is_young) AS same_young, max(is_simulated) AS simulated
    FROM
    (
        SELECT {_PASSED} AS passed, is_open, is_young, simulated > 0 AS is_simulated
        FROM{indented(selected_sums(SELECTION), "        ")}
    )
    GROUP BY passed
)"""
_COUNTED = f"""    SELECT toUInt8(passing) AS stage_order, toInt64(sum(same)) AS reached,
        toInt64(sumIf(same_open, passed = passing)) AS still_open, toInt64(sum(same_young)) AS young, max(simulated) AS simulated_here
    FROM{indented(_SUMMED)}
    ARRAY JOIN range(0, toUInt32(passed) + 1) AS passing
    GROUP BY stage_order
    UNION ALL
    SELECT stage_order, toInt64(0) AS reached, toInt64(0) AS still_open, toInt64(0) AS young, 0 AS simulated_here FROM {_STAGES_OF_MAP}"""
"""By stage, 0 for journeys that passed none, and each stage of the map at least once."""
_STAGES = f"""
(
    SELECT
        stage, stage_order, reached, still_open, simulated, reached - young AS judged,
        leadInFrame(reached) OVER in_order AS advanced, advanced - leadInFrame(young) OVER in_order AS went_on
    FROM
    (
        SELECT *, max(simulated_here) OVER () AS simulated
        FROM
        (
            SELECT
                stage_order, sum(counts.reached) AS reached, sum(counts.still_open) AS still_open, sum(counts.young) AS young,
                max(counts.simulated_here) AS simulated_here
            FROM
            (
{indented(_COUNTED, "            ")}
            ) AS counts
            GROUP BY stage_order
        )
    ) AS counted
    INNER JOIN {_STAGES_OF_MAP} AS stages USING (stage_order)
    WINDOW in_order AS (ORDER BY stage_order ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)"""
_NO_RATE = "judged = 0 OR is_last"
_COLUMNS = own(
    {
        "stage": ("LowCardinality(String)", "Stage (dim_stage.id)", ""),
        "stage_order": ("UInt8", "Place of the stage in the map, from 1", ""),
        "reached": ("Int64", "Selected journeys that reached the stage: advanced + dropped + open", ""),
        "advanced": ("Int64", "Of those the ones that reached the next stage", ""),
        "dropped": (
            "Int64",
            "Of those the ones that are over without: lost, or followed by a later cycle; of the last stage all that are over",
            "reached - advanced - still_open",
        ),
        "open": ("Int64", "Of those the ones that may still advance: nothing is said of them yet", "still_open"),
        "numerator": ("Int64", "Journeys of the denominator that advanced", "went_on"),
        "denominator": (
            "Int64",
            "Journeys that reached it and whose window is over: the map's churn term has passed since they began; without a term all",
            "judged",
        ),
        "rate": (
            "Nullable(Float64)",
            "numerator / denominator; NULL while no window is over, and for the last stage",
            f"if({_NO_RATE}, NULL, went_on / judged)",
        ),
        "ci_low": (
            "Nullable(Float64)",
            "Lower bound of the rate's 95 % interval",
            f"if({_NO_RATE}, NULL, {_RATE.low})",
        ),
        "ci_high": (
            "Nullable(Float64)",
            "Upper bound of the rate's 95 % interval",
            f"if({_NO_RATE}, NULL, {_RATE.high})",
        ),
        "ci_method": (
            "LowCardinality(Nullable(String))",
            "How the interval was computed: wilson; NULL without interval",
            f"if({_NO_RATE}, NULL, 'wilson')",
        ),
    }
    | SIMULATED_COLUMN
)
_LAST = {"is_last": "stage_order = max(stage_order) OVER ()"}

FUNNEL = ParameterizedView(
    "funnel",
    "How far the selected journeys came, stage by stage: a journey is whole, whatever of it the filter selects (additivity: derived)",
    ARGUMENTS | AS_OF | MODE.parameter,
    _COLUMNS,
    layered(_STAGES, _LAST, _RATE.layers[0]),
)
