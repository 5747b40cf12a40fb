"""The touchpoints of the default map at a glance, for tools that give no arguments: its last 28 days against the 28 before.

Made of the views with arguments, which take the map and its days from subqueries: so its numbers are those of the journey map page.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.parameterized import ParameterizedView
from touchline.sql.language.usual import PERIOD_DAYS, usual_arguments
from touchline.sql.language.views import View
from touchline.sql.ledger.rows import newest_shown
from touchline.sql.subjects.persons import PERSONS_BY_TOUCHPOINT
from touchline.sql.subjects.surveys.api import SURVEY_BY_TOUCHPOINT
from touchline.sql.subjects.volume import REVENUE_BY_TOUCHPOINT, VOLUME_BY_TOUCHPOINT

_MAP: Final = newest_shown("map", "is_default")
_VERSION: Final = newest_shown("version", "is_default")
_LAST: Final = f"(SELECT max(usual_day) FROM journey.map_days WHERE map = {_MAP} AND map_version = {_VERSION})"
_ARGUMENTS: Final = {"map": _MAP, "map_version": _VERSION, "filter": "map()"} | usual_arguments(_LAST)


def _of(view: ParameterizedView) -> str:
    return view.called(**{name: _ARGUMENTS[name] for name in view.parameters})


_KPI: Final = (
    *(
        "kpi",
        "variant",
        "scope",
        "unit",
        "scale_low",
        "scale_high",
        "n",
        "n_positive",
        "n_neutral",
        "n_negative",
        "value",
        "ci_low",
    ),
    *(
        "ci_high",
        "ci_method",
        "is_small_n",
        "wordings",
        "n_before",
        "value_before",
        "change",
        "change_low",
        "change_high",
        "trend",
        "target",
    ),
    *("target_verdict", "question"),
)
_PLACE: Final = "touchpoint, ifNull(stage, '') AS at_stage, ifNull(stage_order, 0) AS at_order"
_NEVER_SUM: Final = "the same in the row of each KPI: never sum"
_TEXT, _NUMBER = "LowCardinality(Nullable(String))", "Nullable(Float64)"


def _kpi_column(name: str) -> tuple[Column, str]:
    column = SURVEY_BY_TOUCHPOINT.columns[name][0]
    if name in ("kpi", "variant", "scope", "unit"):
        return Column(_TEXT, f"{column.comment}; NULL where nothing was answered"), f"nullIf({name}, '')"
    if name in ("scale_low", "scale_high"):
        return Column(_NUMBER, column.comment), f"if(kpi = '', NULL, {name})"
    return column, name


_COLUMNS: Final[dict[str, tuple[Column, str]]] = {
    "map": (COLUMNS["map"], f"assumeNotNull({_MAP})"),
    "map_version": (COLUMNS["map_version"], f"assumeNotNull({_VERSION})"),
    "date_from": (
        Column(
            "Date", f"First local day: the last {PERIOD_DAYS} days of the map, compared with the {PERIOD_DAYS} before"
        ),
        f"assumeNotNull({_ARGUMENTS['date_from']})",
    ),
    "date_to": (
        Column(
            "Date",
            "Last local day: that of the newest event that the map places, but for a few after a gap (map_days.usual_day)",
        ),
        f"assumeNotNull({_LAST})",
    ),
    "touchpoint": (COLUMNS["touchpoint"], "touchpoint"),
    "stage": (COLUMNS["stage"], "nullIf(at_stage, '')"),
    "stage_order": (COLUMNS["stage_order"], "nullIf(at_order, 0)"),
    "channel": (Column(_TEXT, "Channel of most of its events; NULL when unknown"), "main_channel"),
    "is_online": (COLUMNS["is_online"], "online"),
    "events": (
        Column("Int64", f"Events of the touchpoint at that stage, simulated ones included, {_NEVER_SUM}"),
        "events_here",
    ),
    "events_simulated": (Column("Int64", "Of those the simulated ones"), "simulated"),
    "events_declared": (
        Column("Int64", "Of those the ones that nobody observed: people declared them afterwards"),
        "declared",
    ),
    "persons": (Column("Int64", f"Distinct persons at the touchpoint in that stage, {_NEVER_SUM}"), "people"),
    "journeys": (Column("Int64", f"Distinct journeys through the touchpoint in that stage, {_NEVER_SUM}"), "through"),
    "drop_off": (PERSONS_BY_TOUCHPOINT.columns["drop_off"][0], "lost"),
    "drop_off_low": (PERSONS_BY_TOUCHPOINT.columns["ci_low"][0], "lost_low"),
    "drop_off_high": (PERSONS_BY_TOUCHPOINT.columns["ci_high"][0], "lost_high"),
    "currency": (
        Column(_TEXT, "ISO 4217 currency of the revenue; NULL without revenue, or when it is in several"),
        "nullIf(paid_in, '')",
    ),
    "revenue": (
        Column(
            "Nullable(Decimal(18, 4))",
            f"Paid amounts less refunds at the touchpoint in that stage, {_NEVER_SUM}; NULL when in several currencies",
        ),
        "if(paid_in = '', NULL, paid)",
    ),
    "is_simulated": (
        Column("UInt8", "1 when the KPI is of simulated answers: label it wherever it is shown"),
        "is_simulated",
    ),
} | {name: _kpi_column(name) for name in _KPI}
TOUCHPOINT_GLANCE: Final = View(
    "touchpoint_glance",
    f"Every touchpoint of the default map at a glance, one row a touchpoint, stage and KPI: its last {PERIOD_DAYS} days against the "
    f"{PERIOD_DAYS} before, seen from noon (UTC) after the last one (additivity: derived)",
    _COLUMNS,
    f"""
(
    SELECT {_PLACE}, is_simulated, {", ".join(_KPI)}
    FROM {_of(SURVEY_BY_TOUCHPOINT)}
) AS answered
FULL JOIN
(
    SELECT
        {_PLACE}, sum(events) AS events_here, sumIf(events, is_simulated = 1) AS simulated,
        sumIf(events, is_declared = 1) AS declared,
        argMax(channel, events) AS main_channel, max(is_online) AS online
    FROM {_of(VOLUME_BY_TOUCHPOINT)}
    GROUP BY touchpoint, at_stage, at_order
) AS volumes USING (touchpoint, at_stage, at_order)
LEFT JOIN
(
    SELECT
        assumeNotNull(found.touchpoint) AS touchpoint, ifNull(found.stage, '') AS at_stage, ifNull(found.stage_order, 0) AS at_order,
        persons AS people, journeys AS through, drop_off AS lost, ci_low AS lost_low, ci_high AS lost_high
    FROM {_of(PERSONS_BY_TOUCHPOINT)} AS found
    WHERE isNotNull(found.touchpoint)
) AS met USING (touchpoint, at_stage, at_order)
LEFT JOIN
(
    SELECT {_PLACE}, if(uniqExact(currency) = 1, any(currency), '') AS paid_in, sum(amount) AS paid
    FROM {_of(REVENUE_BY_TOUCHPOINT)}
    GROUP BY touchpoint, at_stage, at_order
) AS sold USING (touchpoint, at_stage, at_order)""",
)
