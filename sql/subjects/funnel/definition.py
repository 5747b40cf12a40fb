"""The funnel of a journey map, once: how many journeys came to each stage, what became of them, and of how many the rate is.

*In order*: a journey has reached stage k when it met the stages 1..k one after another, other events between them or not, events of one
instant in any order: `windowFunnel` of ClickHouse in its default mode. *Any order*: when it met stage k or a later one.

Why: docs/decisions/0086.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.choices import Choice
from touchline.sql.language.columns import Column
from touchline.sql.language.formulas import wilson
from touchline.sql.language.select import indented
from touchline.sql.language.views import layered, own

MODE: Final = Choice(
    "mode",
    {
        "in_order": "a stage is reached by passing the stages from the first on, one after another",
        "any": "a stage is reached with it or a later one, in any order",
    },
)
IN_ORDER, IN_ANY = "depth", "highest"
"""What of a journey's FACTS says how far it came, by mode."""

_RATE: Final = wilson("went_on", "judged")
_NO_RATE: Final = "judged = 0 OR is_last"
_COUNTS: Final = {
    "came": "sumIf(same, passed >= passing)",
    "came_further": "sumIf(same, passed > passing)",
    "at_goal": "sumIf(same_completed, passed = passing)",
    "still": "sumIf(same_open, passed = passing)",
    "judged": "sumIf(same_judged, passed >= passing)",
    "went_on": "sumIf(same_judged, passed > passing)",
    "judged_at_goal": "sumIf(judged_completed, passed = passing)",
    "judged_still": "sumIf(judged_open, passed = passing)",
}


def funnel(stages: str, journeys: str, keys: tuple[str, ...], passed: str) -> str:
    """What stands after FROM: a row for each of the stages, for `COLUMNS`.

    `stages` is a query: `keys`, stage, stage_order. `journeys` is a query in brackets: `keys` with FACTS, is_open and is_young. `passed` is
    the number of stages that a journey came to, as SQL.
    """
    kept = "".join(f"{key}, " for key in keys)
    counts = ",\n    ".join(f"toInt64({sql}) AS {name}" for name, sql in _COUNTS.items())
    summed = f"""(
    SELECT
        {kept}passed, count() AS same, countIf(is_open) AS same_open, countIf(is_completed) AS same_completed,
        countIf(is_judged) AS same_judged, countIf(is_judged AND is_open) AS judged_open,
        countIf(is_judged AND is_completed) AS judged_completed, max(has_simulated) AS any_simulated
    FROM
    (
        SELECT
            {kept}{passed} AS passed, is_open, conversions > 0 AND NOT is_open AS is_completed, NOT is_young AS is_judged,
            simulated > 0 AS has_simulated
        FROM{indented(journeys, "        ")}
    )
    GROUP BY {kept}passed
)"""
    # A journey that came to no stage is counted nowhere; at the first stage it still says whether it is simulated.
    counted = f"""SELECT
    {kept}toUInt8(passing) AS stage_order,
    {counts},
    max(any_simulated) AS simulated
FROM
{summed}
ARRAY JOIN range(1, toUInt32(greatest(passed, 1)) + 1) AS passing
GROUP BY {kept}stage_order"""
    source = f"""
(
{indented(stages.strip(chr(10)))}
) AS stages
LEFT JOIN
(
{indented(counted)}
) AS counted USING ({kept}stage_order)"""
    partition = f"PARTITION BY {', '.join(keys)}" if keys else ""
    return layered(source, {"is_last": f"stage_order = max(stage_order) OVER ({partition})"}, _RATE.layers[0])


_STAGE: Final = {
    "stage": ("LowCardinality(String)", "Stage (dim_stage.id)", ""),
    "stage_order": ("UInt8", "Place of the stage in the map, from 1", ""),
    "reached": ("Int64", "Journeys that reached the stage: advanced + completed + dropped + open", "came"),
}
_NEXT: Final = {
    "reached_next": (
        "Nullable(Int64)",
        "Journeys that reached the next stage: advanced; NULL for the last",
        "if(is_last, NULL, came_further)",
    ),
}
_PARTS: Final = {
    "advanced": ("Int64", "Of those the ones that reached the next stage", "came_further"),
    "completed": ("Int64", "Of those the ones that are over without, and have reached the map's goal", "at_goal"),
    "dropped": (
        "Int64",
        "Of those the ones that are over without, and never reached the goal: lost, or followed by a later cycle",
        "came - came_further - at_goal - still",
    ),
    "open": ("Int64", "Of those the ones that may still advance: nothing is said of them yet", "still"),
    "numerator": ("Int64", "Journeys of the denominator that advanced", "went_on"),
    "denominator": (
        "Int64",
        "Journeys that reached it and whose window is over: the map's churn term has passed since they began; without a term all. It is "
        "numerator + rest_completed + rest_dropped + rest_open",
        "judged",
    ),
    "rest_completed": ("Int64", "Journeys of the denominator that are completed", "judged_at_goal"),
    "rest_dropped": (
        "Int64",
        "Journeys of the denominator that dropped",
        "judged - went_on - judged_at_goal - judged_still",
    ),
    "rest_open": (
        "Int64",
        "Journeys of the denominator that are still open: their window is over, but they were seen so lately that they may still advance",
        "judged_still",
    ),
}
_INTERVAL: Final = {
    "rate": (
        "Nullable(Float64)",
        "numerator / denominator; NULL while no window is over, and for the last stage",
        f"if({_NO_RATE}, NULL, went_on / judged)",
    ),
    "ci_low": (
        "Nullable(Float64)",
        "Lower bound of the rate's 95 % interval; NULL without rate",
        f"if({_NO_RATE}, NULL, {_RATE.low})",
    ),
    "ci_high": (
        "Nullable(Float64)",
        "Upper bound of the rate's 95 % interval; NULL without rate",
        f"if({_NO_RATE}, NULL, {_RATE.high})",
    ),
}
_METHOD: Final = {
    "ci_method": (
        "LowCardinality(Nullable(String))",
        "How the interval was computed: wilson; NULL without interval",
        f"if({_NO_RATE}, NULL, 'wilson')",
    ),
}
COLUMNS: Final[dict[str, tuple[Column, str]]] = own(_STAGE | _PARTS | _INTERVAL | _METHOD)
"""Of the selected journeys."""
COLUMNS_OF_ALL: Final[dict[str, tuple[Column, str]]] = own(_STAGE | _NEXT | _INTERVAL | _PARTS | _METHOD)
"""Of all journeys: the same, with reached_next, and in the order of the interface."""
