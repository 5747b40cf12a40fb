"""The funnel of the selected journeys, whose rate counts those whose window is over.

How many came to each stage stands in FUNNEL_1D when the reader selects everything; for a part the journeys themselves are counted. Both are
the same sums.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.choices import Choice
from touchline.sql.formulas import wilson
from touchline.sql.funnel import FUNNELS
from touchline.sql.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.projections import FUNNEL_1D
from touchline.sql.selected_journeys import IS_EVERYTHING, MADE_UP_COLUMN, SELECTION, running_journeys, selected_sums
from touchline.sql.views import indented, layered, own

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
_BEFORE, _AFTER = (
    f"if({MODE.is_('any')}, {funnels_any}, {funnels_in_order})"
    for funnels_any, funnels_in_order in zip(FUNNELS[1][1:], FUNNELS[0][1:], strict=True)
)
_ALL = FUNNEL_1D.selecting(f"{SELECTION.rows} AND {IS_EVERYTHING}", {"before": _BEFORE, "after": _AFTER})


_COUNTS = ("reached", "still_open", "young", "made_up_here")


def _by_stage(journeys: str, first: str, last: str, **counts: str) -> str:
    """Rows with a number of journeys, each counted at the stages from `first` to `last`; `counts` that are not given are 0."""
    listed = ", ".join(f"toInt64({counts.get(name, '0')}) AS {name}" for name in _COUNTS)
    return f"""    SELECT toUInt8(passing) AS stage_order, {listed}
    FROM{indented(journeys)}
    ARRAY JOIN range(toUInt32({first}), toUInt32({last}) + 1) AS passing
    GROUP BY stage_order"""


_SUMMED = f"""
(
    SELECT {_PASSED} AS passed, count() AS same, max(simulated > 0) AS is_made_up
    FROM{indented(selected_sums(SELECTION, f"NOT {IS_EVERYTHING}"))}
    GROUP BY passed
)"""
_RUNNING = f"""
(
    SELECT {_PASSED} AS passed, is_open, is_young, count() AS same
    FROM{indented(running_journeys(SELECTION))}
    WHERE {SELECTION.is_chosen("who")}
    GROUP BY passed, is_open, is_young
)"""
_COUNTED = "\n    UNION ALL\n".join(
    (
        _by_stage(f"\n(\n{_ALL}\n)", "before + 1", "after", reached="sum(events)"),
        _by_stage(_SUMMED, "0", "passed", reached="sum(same)", made_up_here="max(is_made_up)"),
        _by_stage(
            _RUNNING,
            "1",
            "passed",
            still_open="sumIf(same, is_open AND passed = passing)",
            young="sumIf(same, is_young)",
        ),
        f"    SELECT stage_order, {', '.join(f'toInt64(0) AS {name}' for name in _COUNTS)} FROM {_STAGES_OF_MAP}",
    )
)
"""By stage, 0 for journeys that passed none, and each stage of the map at least once."""
_STAGES = f"""
(
    SELECT
        stage, stage_order, reached, still_open, made_up, reached - young AS judged,
        leadInFrame(reached) OVER in_order AS advanced, advanced - leadInFrame(young) OVER in_order AS went_on
    FROM
    (
        SELECT *, max(made_up_here) OVER () AS made_up
        FROM
        (
            SELECT stage_order, {", ".join(f"{'max' if name == 'made_up_here' else 'sum'}(counts.{name}) AS {name}" for name in _COUNTS)}
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
    | MADE_UP_COLUMN
)
_LAST = {"is_last": "stage_order = max(stage_order) OVER ()"}

FUNNEL = ParameterizedView(
    "funnel",
    "How far the selected journeys came, stage by stage: a journey is whole, whatever of it the filter selects (additivity: derived)",
    ARGUMENTS | AS_OF | MODE.parameter,
    _COLUMNS,
    layered(_STAGES, _LAST, _RATE.layers[0]),
)
