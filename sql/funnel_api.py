"""The funnel of the selected journeys, whose rate counts those that are over."""

from __future__ import annotations

from typing import Final

from touchline.sql.choices import Choice
from touchline.sql.formulas import wilson
from touchline.sql.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.selected_journeys import FACTS, SELECTION, selected_journeys
from touchline.sql.views import indented, layered, own

MODE: Final = Choice(
    "mode",
    {
        "in_order": "a stage is reached by passing the stages from the first on, one after another",
        "any": "a stage is reached with it or a later one, in any order",
    },
)
_PASSED = f"if({MODE.is_('any')}, highest, depth)"
_RATE = wilson("advanced", "n_closed")
_OF_MAP = "map = {map:String} AND version = {map_version:UInt32}"
_CHOSEN = {name: FACTS[name] for name in ("depth", "highest")}
_JOURNEYS = f"""
(
    SELECT {_PASSED} AS passed, is_open, count() AS journeys
    FROM{indented(selected_journeys(SELECTION, _CHOSEN))}
    GROUP BY passed, is_open
)"""
_STAGES = f"""
(
    SELECT stage, stage_order, reached, advanced, still_open
    FROM
    (
        SELECT stage, stage_order FROM journey_raw.stages
        WHERE {_OF_MAP} AND {MODE.is_known}
        LIMIT 1 BY stage
    ) AS stages
    LEFT JOIN
    (
        SELECT
            toUInt8(passing) AS stage_order, sum(journeys) AS reached, sumIf(journeys, passed > passing) AS advanced,
            sumIf(journeys, passed = passing AND is_open) AS still_open
        FROM{indented(_JOURNEYS, "        ")}
        ARRAY JOIN range(1, toUInt32(passed) + 1) AS passing
        GROUP BY passing
    ) AS passed USING (stage_order)
)"""
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
        "rate": (
            "Nullable(Float64)",
            "advanced / (advanced + dropped): journeys that are over or have gone on; NULL without any and for the last stage",
            "if(n_closed = 0 OR is_last, NULL, advanced / n_closed)",
        ),
        "ci_low": (
            "Nullable(Float64)",
            "Lower bound of the rate's 95 % interval",
            f"if(n_closed = 0 OR is_last, NULL, {_RATE.low})",
        ),
        "ci_high": (
            "Nullable(Float64)",
            "Upper bound of the rate's 95 % interval",
            f"if(n_closed = 0 OR is_last, NULL, {_RATE.high})",
        ),
        "ci_method": (
            "LowCardinality(Nullable(String))",
            "How the interval was computed: wilson; NULL without interval",
            "if(n_closed = 0 OR is_last, NULL, 'wilson')",
        ),
    }
)
_CLOSED = {"n_closed": "reached - still_open", "is_last": "stage_order = max(stage_order) OVER ()"}

FUNNEL = ParameterizedView(
    "funnel",
    "How far the selected journeys came, stage by stage: a journey is whole, whatever of it the filter selects (additivity: derived)",
    ARGUMENTS | AS_OF | MODE.parameter,
    _COLUMNS,
    layered(_STAGES, _CLOSED, _RATE.layers[0]),
)
