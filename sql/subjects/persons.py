"""Persons and journeys by touchpoint and stage, and how many of the journeys were lost there.

Each journey stands as a few numbers, one for each touchpoint and stage where an event of it is selected, then put together by person: so
persons are counted without a set of persons for each touchpoint.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.formulas import wilson
from touchline.sql.language.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.selection import IN_PERIOD, OF_MAP, SELECTED, filtered
from touchline.sql.language.views import View, chosen, layered, own
from touchline.sql.ledger.behind import behind, rows_behind
from touchline.sql.ledger.projections import (
    FIRST_OF_BITS,
    PERSONS_1D,
    TOUCHPOINT_ROWS,
    VOLUME_1D,
)
from touchline.sql.ledger.selected_journeys import FACTS, SELECTION, WHO, selected_journeys
from touchline.sql.ledger.simulated import label, labelled, labelled_days
from touchline.sql.ledger.stays import node_of_row, nodes

_GRAINS = ("touchpoint", "stage", "channel")
_DAY = {"bucket": (COLUMNS["bucket_1d"], "bucket")}
PERSONS = tuple(
    View(
        f"kpi_persons_{grain}_1d",
        f"Distinct persons and journeys by local day and {grain} (additivity: distinct; other periods: count persons in touchpoints)",
        _DAY
        | chosen(
            "map", "map_version", grain, "persons", "journeys", persons=f"persons_{grain}", journeys=f"journeys_{grain}"
        )
        | label(f"an event of that day and {grain} is simulated"),
        labelled_days(
            PERSONS_1D,
            f"persons_{grain} != 0 OR journeys_{grain} != 0",
            ("map", "map_version", grain),
            ("bucket", "map", "map_version", grain),
            (f"persons_{grain}", f"journeys_{grain}"),
        ),
    )
    for grain in _GRAINS
)


_PERIODS: Final = {
    "1w": ("week", "toMonday(local_date)", "Monday of the local week"),
    "1mo": ("month", "toStartOfMonth(local_date)", "First local day of the month"),
}


def _over_time(period: str, bucket: Column, of_day: str, source: str, persons: str, journeys: str) -> View:
    """`of_day` is the bucket as SQL over the local day."""
    name = {"day": "1d", "week": "1w", "month": "1mo"}[period]
    return View(
        f"kpi_persons_{name}",
        f"Distinct persons and journeys by {period}: never sum, the same ones are in several rows (additivity: distinct)",
        {"bucket": (bucket, "bucket")}
        | {key: (COLUMNS[key], key) for key in ("map", "map_version")}
        | own(
            {
                "persons": ("Int64", f"Distinct persons of the {period} (additivity: distinct, never sum)", persons),
                "journeys": (
                    "Int64",
                    f"Distinct journey cycles of the {period} (additivity: distinct, never sum)",
                    journeys,
                ),
            }
        )
        | label(f"an event of that {period} is simulated"),
        f"{labelled(source, {'bucket': of_day, 'map': 'map', 'map_version': 'map_version'})}\nWHERE {persons} != 0 OR {journeys} != 0",
    )


def _of_period(bucket: str) -> str:
    return f"""SELECT bucket, map, map_version, toInt64(uniqExact(who)) AS people, toInt64(countIf(cycle > 0)) AS cycles
FROM
(
    SELECT {bucket} AS bucket, map, map_version, {WHO} AS who, cycle
    FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS} AND touchpoint_number > 0
    GROUP BY bucket, map, map_version, who, cycle
    HAVING sum(sign) > 0
)
GROUP BY bucket, map, map_version"""


_OF_DAY = PERSONS_1D.reading("", keys=("bucket", "map", "map_version"), sums=("persons_map", "journeys_map"))
PERSONS_OVER_TIME = (
    _over_time("day", COLUMNS["bucket_1d"], "local_date", _OF_DAY, "persons_map", "journeys_map"),
    *(
        _over_time(period, Column("Date", comment), bucket, _of_period(bucket), "people", "cycles")
        for period, bucket, comment in _PERIODS.values()
    ),
)
_BITS = {name: bit.bit_length() - 1 for name, bit in FIRST_OF_BITS.items()}
PERSONS_BEHIND = tuple(
    behind(
        mart,
        {name: f"toInt64(bitTest(first_of, {_BITS[f'{name}_{grain}']}))" for name in ("persons", "journeys")},
        rows_behind(
            PERSONS_1D, "\n      AND touchpoint_number > 0" + (" AND is_mapped = 1" if grain == "stage" else "")
        ),
    )
    for mart, grain in zip(PERSONS, _GRAINS, strict=True)
)

_TOUCHPOINT = "'touchpoint'"
_STAGES_MAX: Final = 256
_NODE = f"toUInt32({_STAGES_MAX} * {node_of_row(_TOUCHPOINT)} + stage_order)"
"""Touchpoint and stage of a row as one number, 0 for none: what happens at a touchpoint in one stage is told apart from the other."""
_STAGE_NAMES = f"""(SELECT CAST(groupArray((toUInt32(stage_order), toString(stage))), 'Map(UInt32, String)') FROM (
{VOLUME_1D.selecting(f"{OF_MAP} AND stage != ''", {name: name for name in ("stage_order", "stage")})}
))"""
_IS_OLD: Final = SELECTION.term_is_over("toUnixTimestamp64Micro(event_time)")
"""Of an event: what became of its journey there is known. Time alone decides, as for the window of a funnel."""
_FACTS = {
    **{name: FACTS[name] for name in ("conversions", "ended_us")},
    "last_node": f"argMax({_NODE}, touchpoint_number)",
    "met_here": f"groupArrayIf(toUInt32(2 * {_NODE} + {_IS_OLD}), {IN_PERIOD} AND {filtered()})",
}
"""`met_here`: a node twice, and one more for an old event."""
_RATE = wilson("lost", "judged")
_JOURNEY, _CONVERTED, _DROPPED, _JUDGED, _LOST, _PERSON, _NODES = 1, 2, 4, 8, 16, 32, 256
"""What one number says: the node times 256, and which of these it counts for."""
_IS_LOST = "(cycle > 0 AND NOT is_open AND conversions = 0 AND (node = 0 OR node = last_node))"
_CODE = f"""toUInt64(toUInt64(node) * {_NODES}
            + {_JOURNEY} * (cycle > 0) + {_CONVERTED} * (conversions > 0) + {_DROPPED} * {_IS_LOST}
            + {_JUDGED} * (cycle > 0 AND if(node = 0, arrayExists(one -> one % 2 = 1, met), has(met, 2 * node + 1)))
            + {_LOST} * ({_IS_LOST} AND is_end_known))"""
_OF_PERSONS = f"""
(
    SELECT groupArrayArray(codes) AS all_codes, arrayDistinct(arrayMap(code -> intDiv(code, {_NODES}), all_codes)) AS nodes
    FROM
    (
        SELECT
            who, {SELECTION.term_is_over("ended_us")} AS is_end_known, arrayDistinct(met_here) AS met,
            arrayMap(node -> {_CODE}, arrayPushFront(arrayDistinct(arrayMap(one -> intDiv(one, 2), met)), toUInt32(0))) AS codes
        FROM{indented(selected_journeys(SELECTION, _FACTS, beside=True), "        ")}
    )
    GROUP BY who
)"""
_COUNTED = f"""
(
    SELECT
        if(node = 0, NULL, {nodes(_TOUCHPOINT)}[intDiv(node, {_STAGES_MAX})]) AS here,
        nullIf(toUInt8(node % {_STAGES_MAX}), 0) AS here_order,
        {_STAGE_NAMES}[toUInt32(node % {_STAGES_MAX})] AS here_stage,
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
        ARRAY JOIN arrayConcat(all_codes, arrayMap(node -> toUInt64(node * {_NODES} + {_PERSON}), nodes)) AS code
        GROUP BY code, node
    )
    GROUP BY node
)"""
_SIMULATED = f"""(SELECT groupUniqArray((toString(touchpoint), toString(stage))) FROM (
{VOLUME_1D.selecting(f"{SELECTED} AND is_simulated = 1", {"touchpoint": "touchpoint", "stage": "stage"})}
) WHERE events != 0)"""
PERSONS_BY_TOUCHPOINT = ParameterizedView(
    "persons_by_touchpoint",
    "Distinct persons and journeys of the selection by touchpoint and stage, and how many journeys were lost there; never sum (additivity: "
    "distinct)",
    ARGUMENTS | AS_OF,
    own(
        {
            "touchpoint": ("LowCardinality(Nullable(String))", "Touchpoint; NULL for all of them together", "here"),
            "stage": (
                "LowCardinality(Nullable(String))",
                "Stage of those events there; NULL where the map gives none, and for all together",
                "nullIf(here_stage, '')",
            ),
            "stage_order": (
                "Nullable(UInt8)",
                "Place of the stage in the map, from 1; NULL without stage",
                "here_order",
            ),
            "persons": (
                "Int64",
                "Distinct persons with a selected event at the touchpoint in that stage (additivity: distinct)",
                "",
            ),
            "journeys": ("Int64", "Distinct journeys with a selected event there (additivity: distinct)", ""),
            "conversions": ("Int64", "Of those the ones that have converted, wherever", "converted"),
            "dropped": (
                "Int64",
                "Of those the ones that are over at as_of, never converted, and whose last event is there (of all: wherever it is)",
                "",
            ),
            "numerator": (
                "Int64",
                "Journeys of the denominator that dropped, the map's churn term ago and longer: is_end_known of journeys",
                "lost",
            ),
            "denominator": (
                "Int64",
                "Journeys with a selected event there so long ago that its outcome is known: the map's churn term has passed since; "
                "without a term all",
                "judged",
            ),
            "drop_off": (
                "Nullable(Float64)",
                "numerator / denominator; NULL while no outcome is known: all events there are younger than the term",
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
                f"if(isNull(here), notEmpty({_SIMULATED}), has({_SIMULATED}, (ifNull(toString(here), ''), here_stage)))",
            ),
        }
    ),
    layered(_COUNTED, _RATE.layers[0]),
)
