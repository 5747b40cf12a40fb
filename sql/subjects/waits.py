"""Waits: how long until a journey went on from a touchpoint or stage, with those that have not yet."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS
from touchline.sql.language.kaplan_meier import quantile, quantile_layers, survival_layers
from touchline.sql.language.parameterized import AS_OF, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.views import View, chosen, layered, own
from touchline.sql.ledger.behind import ONE, behind, rows_behind
from touchline.sql.ledger.projections import WAIT_1D
from touchline.sql.ledger.selected_journeys import EVERYTHING, SELECTION, SIMULATED_COLUMN
from touchline.sql.ledger.simulated import label, labelled_days
from touchline.sql.ledger.stays import ASKED, BY, LEVEL_KEYS, all_stays, nodes, selected_stays

_SHARES: Final = (0.5, 0.75, 0.9)


def _cut(kept: str, as_of: str, journeys: str) -> str:
    """Journeys of stays as one row a stay: node, fate and length in microseconds.

    Fates: 0 followed, 1 open, 2 the last of a journey that is over. An open one is seen until `as_of`, which does not hide later events.
    """
    until = f"arrayPushBack(arrayPopFront(begins), 1000000 * toInt64(toUnixTimestamp({as_of})))"
    fates = "arrayMap(number -> if(number < length(stays), 0, if(is_open, 1, 2)), arrayEnumerate(stays))"
    return f"""
(
    SELECT {kept}cut.1 AS node, cut.2 AS fate, greatest(cut.4 - cut.3, 0) AS lasted_us, simulated AS is_simulated
    FROM{indented(journeys)}
    ARRAY JOIN arrayZip(stays, {fates}, begins, {until}) AS cut
)"""


def _waits(kept: str, as_of: str, by: str, journeys: str) -> str:
    """Stays by the `kept` columns and `value`."""
    sorted_times, shares_left = survival_layers("lasted_us", "fate", "fate < 2")
    counted = f"""
(
    SELECT
        {kept}node,
        countIf(fate = 0) AS n_followed, countIf(fate = 1) AS n_open, countIf(fate = 2) AS n_last,
        {sorted_times["sorted_times"]} AS sorted_times, max(is_simulated) AS simulated
    FROM{indented(_cut(kept, as_of, journeys))}
    GROUP BY {kept}node
)"""
    return layered(counted, shares_left | {"value": f"{nodes(by)}[node]"}, quantile_layers(_SHARES))


_COLUMNS = own(
    {
        "value": ("LowCardinality(String)", "Touchpoint or stage", ""),
        "n_followed": ("Int64", "Stays there after which the journey went on (additivity: sum)", ""),
        "n_open": ("Int64", "Stays there in which open journeys are now: how long is not known yet", ""),
        "open_share": (
            "Nullable(Float64)",
            "n_open / (n_followed + n_open); NULL without any",
            "if(n_followed + n_open = 0, NULL, n_open / (n_followed + n_open))",
        ),
        "n_last": ("Int64", "Stays there that ended their journey: nothing followed, so they are no wait", ""),
    }
    | {
        f"p{round(100 * share)}_seconds": (
            "Nullable(Float64)",
            f"By then {round(100 * share)} % had gone on, counted from the begin of the stay: Kaplan-Meier, open ones for as long as they "
            "were seen; NULL where it is not reached",
            f"{quantile(share)} / 1000000",
        )
        for share in _SHARES
    }
)
WAITS = ParameterizedView(
    "waits",
    "How long until the selected journeys went on from a touchpoint, or from a stage to another (additivity: derived)",
    ARGUMENTS | AS_OF | BY.parameter,
    _COLUMNS | own(SIMULATED_COLUMN),
    _waits("", SELECTION.as_of, ASKED, selected_stays(timed=True)),
)


DWELL = View(
    "kpi_dwell",
    "How long until journeys went on from a touchpoint, or from a stage to another, as of the newest event (additivity: derived)",
    {name: (COLUMNS[name], name) for name in ("map", "map_version")}
    | own({"level": ("LowCardinality(String)", "touchpoint or stage: what the value is", "")})
    | _COLUMNS
    | label("a journey with a stay there has a simulated touchpoint", "simulated"),
    _waits("".join(f"{key}, " for key in LEVEL_KEYS), EVERYTHING.as_of, "level", all_stays(timed=True)),
)
_DAY = {"bucket": (COLUMNS["bucket_1d"], "bucket")}
WAIT = View(
    "kpi_wait_1d",
    "Touchpoints by the time since the same person's touchpoint before (additivity: histogram)",
    _DAY
    | chosen("map", "map_version", "stage", "touchpoint", "channel")
    | own(
        {
            "wait_from_seconds": ("Int64", "Lower end of the class, included", "class"),
            "wait_below_seconds": ("Int64", "Upper end of the class, excluded", "if(class = 0, 1, 2 * class)"),
        }
    )
    | chosen("events")
    | label("an event of that day, stage, touchpoint and channel is simulated"),
    labelled_days(WAIT_1D, "events != 0", ("map", "map_version", "stage", "touchpoint", "channel")),
)
WAIT_BEHIND = behind(WAIT, {"events": ONE}, rows_behind(WAIT_1D))
