"""The funnel of a journey map, in its two declared modes: how many journeys came to each stage, and of those to the next.

*In order* (`funnel_stage`): a journey has reached stage k when it met the stages 1..k one after another, other events between them or
not, events of one instant in any order: `windowFunnel` of ClickHouse in its default mode. *Any order* (`funnel_stage_any`): when it met
stage k or a later one. Both count journey cycles, from what each event adds: no row has to be looked at twice.
"""

from __future__ import annotations

from typing import NamedTuple

from touchline.sql.language.formulas import wilson
from touchline.sql.language.select import indented
from touchline.sql.language.views import View, chosen, own
from touchline.sql.ledger.behind import EventView, behind
from touchline.sql.ledger.projections import FUNNEL_1D, TOUCHPOINT_ROWS
from touchline.sql.ledger.rows import NET_ROWS
from touchline.sql.ledger.simulated import label, labelled

STAGES = """SELECT map, version AS map_version, stage, stage_order, max(stage_order) OVER (PARTITION BY map, version) AS last_order
FROM (SELECT * FROM journey_raw.stages LIMIT 1 BY map, version, stage)"""
"""Every stage of every map, and which is the last one."""

_RATE = wilson("reached_next", "reached")
_NO_RATE = "reached = 0 OR stage_order = last_order"
_IS_SIMULATED = "is_simulated = 1 AND stage != ''"
"""Of the events that move a journey through the funnel."""


class Funnel(NamedTuple):
    """One mode. A touchpoint takes its journey past the stages from `before` (excluded) to `after`, two columns of the ledger."""

    view: View
    before: str
    after: str


def _funnel(name: str, comment: str, reached: str, before: str, after: str) -> Funnel:
    columns = {
        "stage": ("LowCardinality(String)", "Stage (dim_stage.id)", ""),
        "stage_order": ("UInt8", "Place of the stage in the map, from 1", ""),
        "reached": ("Int64", f"Journeys that {reached.format('this stage')}", ""),
        "reached_next": (
            "Nullable(Int64)",
            f"Journeys that {reached.format('the next stage')}; NULL for the last",
            "",
        ),
        "rate": (
            "Nullable(Float64)",
            "reached_next / reached, so journeys that may still go on count as not gone on (journey_api.funnel leaves them out); "
            "NULL for the last stage and where nobody came",
            "",
        ),
        "ci_low": ("Nullable(Float64)", "Lower bound of the rate's 95 % Wilson interval; NULL without rate", ""),
        "ci_high": ("Nullable(Float64)", "Upper bound of the rate's 95 % Wilson interval; NULL without rate", ""),
    }
    simulated = label("an event that the map gives a stage is simulated, in every row of the map")
    source = labelled(_counted(before, after), {"map": "map", "map_version": "map_version"}, _IS_SIMULATED)
    view = View(name, comment, chosen("map", "map_version") | own(columns) | simulated, source)
    return Funnel(view, before, after)


def _counted(before: str, after: str) -> str:
    journeys = FUNNEL_1D.reading("            ", keys=("map", "map_version", before, after))
    return f"""SELECT
    map, map_version, stage, stage_order, reached,
    if(stage_order = last_order, NULL, following) AS reached_next,
    if(reached = 0, NULL, reached_next / reached) AS rate,
    {", ".join(f"{sql} AS {name}" for name, sql in _RATE.layers[0].items())},
    if({_NO_RATE}, NULL, {_RATE.low}) AS ci_low,
    if({_NO_RATE}, NULL, {_RATE.high}) AS ci_high
FROM
(
    SELECT
        map, map_version, stage, stage_order, reached, last_order,
        leadInFrame(reached) OVER (
            PARTITION BY map, map_version ORDER BY stage_order ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS following
    FROM
    (
        {indented(STAGES, "        ").lstrip()}
    ) AS stages
    LEFT JOIN
    (
        SELECT map, map_version, stage_order, sum(events) AS reached
        FROM
        (
{journeys}
        )
        ARRAY JOIN range(toUInt8({before} + 1), toUInt8({after} + 1)) AS stage_order
        GROUP BY map, map_version, stage_order
    ) AS journeys USING (map, map_version, stage_order)
)"""


FUNNELS = (
    _funnel(
        "funnel_stage",
        "Journeys that passed the stages in order up to each one, and of those the share that came to the next (additivity: derived)",
        "passed the stages from the first to {} in order",
        "funnel_before",
        "funnel_depth",
    ),
    _funnel(
        "funnel_stage_any",
        "Journeys that reached each stage or a later one, in any order, and of those the share that came further (additivity: derived)",
        "reached {} or a later one",
        "stage_max_before",
        "stage_max",
    ),
)


def _behind(funnel: Funnel) -> EventView:
    """An event takes its journey past the stages from `before` (excluded) to `after`: it adds 1 to `reached` of these, and to
    `reached_next` of the ones before them."""
    source = f"""
(
    SELECT
        map, map_version, stage, stage_order, event_time, source, event_id, person,
        toInt64(stage_order > before) AS reached,
        if(stage_order = last_order, NULL, toInt64(stage_order < after)) AS reached_next
    FROM
    (
        SELECT map, map_version, stage_order, event_time, source, event_id, person, before, after
        FROM
        (
            SELECT map, map_version, event_time, source, event_id, person, {funnel.before} AS before, {funnel.after} AS after
            FROM journey_raw.ledger
            WHERE {TOUCHPOINT_ROWS} AND {funnel.before} < {funnel.after}
              AND {NET_ROWS}
        )
        ARRAY JOIN range(toUInt8(greatest(before, 1)), toUInt8(after + 1)) AS stage_order
    ) AS steps
    INNER JOIN
    (
{indented(STAGES, "        ")}
    ) AS stages USING (map, map_version, stage_order)
)"""
    return behind(funnel.view, {"reached": "reached", "reached_next": "reached_next"}, source)


FUNNELS_BEHIND = tuple(map(_behind, FUNNELS))
