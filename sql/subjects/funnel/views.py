"""The funnel of the selected journeys, the same over all journeys of each map, and the events behind that."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.views import View, chosen, own
from touchline.sql.ledger.behind import behind
from touchline.sql.ledger.projections import TOUCHPOINT_ROWS
from touchline.sql.ledger.rows import NET_ROWS, is_shown
from touchline.sql.ledger.selected_journeys import SELECTION, SIMULATED_COLUMN, USUALLY, selected_sums
from touchline.sql.ledger.simulated import label, labelled
from touchline.sql.subjects.funnel.definition import COLUMNS, COLUMNS_OF_ALL, IN_ANY, IN_ORDER, MODE, funnel

_KEYS: Final = ("map", "map_version")
_STAGES_OF_MAP: Final = (
    f"SELECT stage, stage_order FROM journey_raw.stages WHERE {is_shown('version')} "
    f"AND map = {{map:String}} AND version = {{map_version:UInt32}} AND {MODE.is_known} LIMIT 1 BY stage"
)
FUNNEL_STAGE: Final = ParameterizedView(
    "funnel_stage",
    "How far the selected journeys came, stage by stage: a journey is whole, whatever of it the filter selects (additivity: derived)",
    ARGUMENTS | AS_OF | MODE.parameter,
    COLUMNS | own(SIMULATED_COLUMN),
    funnel(_STAGES_OF_MAP, selected_sums(SELECTION), (), f"if({MODE.is_('any')}, {IN_ANY}, {IN_ORDER})"),
)
_STAGES: Final = (
    "SELECT map, version AS map_version, stage, stage_order FROM journey_raw.stages "
    f"WHERE {is_shown('version')} LIMIT 1 BY map, version, stage"
)
FUNNEL_STAGE_OF_ALL: Final = View(
    "funnel_stage",
    "How far all journeys of each map came, stage by stage: journey_api.funnel_stage of all days, in order, seen from noon (UTC) after "
    "the map's last day (additivity: derived)",
    chosen(*_KEYS)
    | COLUMNS_OF_ALL
    | label("an event of the map is simulated, in every row of the map", "is_simulated"),
    labelled(f"SELECT *\nFROM {funnel(_STAGES, selected_sums(USUALLY), _KEYS, IN_ORDER)}", {key: key for key in _KEYS}),
)
# An event takes its journey past the stages from `funnel_before` (excluded) to `funnel_depth`: it adds 1 to `reached` of these, and to
# `reached_next` of the ones before them.
FUNNEL_STAGE_BEHIND: Final = behind(
    FUNNEL_STAGE_OF_ALL,
    {"reached": "reached", "reached_next": "reached_next"},
    f"""
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
            SELECT map, map_version, event_time, source, event_id, person, funnel_before AS before, funnel_depth AS after
            FROM journey_raw.ledger
            WHERE {TOUCHPOINT_ROWS} AND funnel_before < funnel_depth
              AND {NET_ROWS}
        )
        ARRAY JOIN range(toUInt8(greatest(before, 1)), toUInt8(after + 1)) AS stage_order
    ) AS steps
    INNER JOIN
    (
        SELECT *, max(stage_order) OVER (PARTITION BY map, map_version) AS last_order
        FROM
        (
{indented(_STAGES, "            ")}
        )
    ) AS stages USING (map, map_version, stage_order)
)""",
)
