"""How many are lost within so many days, and how many of the lost come back: rates of stays (churn.py) with their intervals.

- *churn rate*: share of stays that are lost within `days` of their beginning, by Kaplan and Meier 1958, so that those that still last count
  for as long as they were seen. Interval: Greenwood's variance on the scale log(-log) (Kalbfleisch and Prentice); where none is lost so
  far, or all are, that has no width, and Wilson's for those who were seen so long stands there.
- *recovery rate*: of those lost by the term at least `days` ago, the share that returned within `days` of the loss. Time alone decides
  which count: else the quick returns of the last weeks would, and the slow ones not yet.

Why: docs/decisions/0211.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import Column
from touchline.sql.language.formulas import Z, wilson
from touchline.sql.language.kaplan_meier import quantile, quantile_layers, survival_layers
from touchline.sql.language.parameterized import AS_OF as MOMENT, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.views import layered, own
from touchline.sql.subjects.churn import AS_OF_US, DAY_US, GROUPED, STRETCHES, moment

SMALL_N: Final = 30
"""As for the KPIs of answers."""
_DAYS: Final = {"days": Column("UInt32", "Within so many days: lost since the beginning of a stay, back since a loss")}
_HORIZON: Final = f"{DAY_US} * toInt64({{days:UInt32}})"
_GROUPS: Final = f"""multiIf(
    {GROUPED.is_("all")}, map('', stay_us),
    {GROUPED.is_("cohort")}, map(toString(toStartOfMonth({moment("first_us")})), stay_us),
    {GROUPED.is_("month")}, map(toString(toStartOfMonth({moment("stay_us")})), stay_us),
    mapFilter((name, time) -> time >= begun_us AND (next_us = 0 OR time < next_us), met_stages)
)"""
"""Group -> from when a stay counts there. A stage counts in the stretch in which its journey first reached it."""
_OF_STAY: Final = "PARTITION BY who, stay"
_LAST: Final = f"OVER ({_OF_STAY} ORDER BY cycle, stretch ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
_ENDS: Final = {f"stay_{name}": f"last_value({name}) {_LAST}" for name in ("is_lost", "is_exit", "due_us", "next_us")}
_OF_STRETCHES: Final = layered(
    STRETCHES,
    _ENDS
    | {
        "stay_us": f"min(begun_us) OVER ({_OF_STAY})",
        "stay_chosen": f"max(is_chosen) OVER ({_OF_STAY})",
        "stay_simulated": f"max(simulated) OVER ({_OF_STAY})",
    },
    {"groups": _GROUPS},
)
_STAYS: Final = f"""
(
    SELECT
        who, stay, group_of.1 AS value, min(group_of.2) AS from_us, any(stay_simulated) AS is_simulated_stay,
        {", ".join(f"any({name}) AS end_{name.removeprefix('stay_')}" for name in _ENDS)}
    FROM{indented(_OF_STRETCHES)}
    ARRAY JOIN CAST(groups, 'Array(Tuple(String, Int64))') AS group_of
    WHERE {GROUPED.is_known} AND stay_chosen
    GROUP BY who, stay, value
)"""
_SURVIVAL, _LOGS = survival_layers("seen_for", "is_kept", "1")
_IS_OLD_LOSS: Final = f"end_is_lost AND NOT end_is_exit AND end_due_us + {_HORIZON} <= {AS_OF_US}"
_IS_BACK: Final = f"end_next_us > 0 AND end_next_us <= end_due_us + {_HORIZON}"
_COUNTED: Final = f"""
(
    SELECT
        value, count() AS stays, uniqExact(who) AS people, countIf(end_is_lost) AS lost, countIf(end_is_lost AND end_is_exit) AS exits,
        countIf(end_is_lost AND end_next_us > 0) AS returns, max(is_simulated_stay) AS simulated,
        countIf({_IS_OLD_LOSS}) AS judged, countIf({_IS_OLD_LOSS} AND {_IS_BACK}) AS back,
        {_SURVIVAL["sorted_times"]} AS sorted_times
    FROM
    (
        SELECT *, greatest(if(end_is_lost, end_due_us, {AS_OF_US}) - from_us, 0) AS seen_for, toUInt8(NOT end_is_lost) AS is_kept
        FROM{indented(_STAYS, "        ")}
    )
    GROUP BY value
)"""
_UP_TO: Final = f"arrayCount(one -> intDiv(one, 2) <= {_HORIZON}, sorted_times)"
_NO_LOSS: Final = wilson("toFloat64(share)", "greatest(at_risk, 1)", "seen_long")
_ALL_LOST: Final = wilson("toFloat64(stays)", "stays", "all_lost")
_RECOVERY: Final = wilson("back", "greatest(judged, 1)", "recovery")
_GREENWOOD: Final = (
    "arraySum(arrayMap((one, number) -> if(bitTest(one, 0) OR number > until, 0, "
    "1 / ((stays - number + 1) * greatest(stays - number, 1))), sorted_times, arrayEnumerate(sorted_times)))"
)
_SOURCE: Final = layered(
    _COUNTED,
    _LOGS | {"until": _UP_TO, "at_risk": f"arrayCount(one -> intDiv(one, 2) >= {_HORIZON}, sorted_times)"},
    {"log_kept": "if(until = 0, 0, logs[until])", "variance": _GREENWOOD} | quantile_layers((0.5,)),
    {"is_gone": "log_kept < -600", "is_known": "at_risk > 0 OR log_kept < -600"},
    {"share": "if(is_gone, 1, 1 - exp(log_kept))"},
    {"width": f"if(log_kept < 0 AND NOT is_gone, {Z!r} * sqrt(variance) / -log_kept, 0)"}
    | _NO_LOSS.layers[0]
    | _ALL_LOST.layers[0]
    | _RECOVERY.layers[0],
)
_NUMBER: Final = "Nullable(Float64)"
CHURN_RATE: Final = ParameterizedView(
    "churn_rate",
    "How many stays of persons are lost within so many days, by Kaplan-Meier, and how many of the lost return (additivity: derived)",
    ARGUMENTS | MOMENT | GROUPED.parameter | _DAYS,
    own(
        {
            "value": (
                "Nullable(String)",
                "Month as its first day, or stage, as grouped says; NULL for all together",
                f"if({GROUPED.is_('all')}, NULL, value)",
            ),
            "n": (
                "Int64",
                "Stays: from the first touchpoint, or a return, to the loss; of persons with a selected journey in it",
                "stays",
            ),
            "n_persons": ("Int64", "Distinct persons of these (additivity: distinct)", "people"),
            "n_active": (
                "Int64",
                "Of the stays those that last still at as_of: seen until then, outcome not known",
                "stays - lost",
            ),
            "n_lost": (
                "Int64",
                "Of the stays those lost by as_of: by the term, which a return takes back, or by an exit",
                "lost",
            ),
            "n_exited": ("Int64", "Of the lost those that left by an exit", "exits"),
            "n_returned": (
                "Int64",
                "Of the lost those that have returned by as_of: the next stay is theirs",
                "returns",
            ),
            "n_seen": ("Int64", "Stays that were seen for so many days, neither lost before nor too young", "at_risk"),
            "churn_rate": (
                _NUMBER,
                "Share of stays lost within so many days of their beginning: Kaplan-Meier; NULL while none was seen so long",
                "if(is_known, share, NULL)",
            ),
            "ci_low": (
                _NUMBER,
                "Lower bound of its 95 % interval (ci_method)",
                f"multiIf(NOT is_known, NULL, log_kept = 0, 0, is_gone, {_ALL_LOST.low}, 1 - exp(log_kept * exp(-width)))",
            ),
            "ci_high": (
                _NUMBER,
                "Upper bound of its 95 % interval (ci_method)",
                f"multiIf(NOT is_known, NULL, log_kept = 0, {_NO_LOSS.high}, is_gone, 1, 1 - exp(log_kept * exp(width)))",
            ),
            "ci_method": (
                "LowCardinality(String)",
                "log_log (Greenwood), or wilson where none is lost so far, or all are",
                "if(log_kept = 0 OR is_gone, 'wilson', 'log_log')",
            ),
            "is_small_n": ("UInt8", f"1 when the rate rests on fewer than {SMALL_N} stays", f"stays < {SMALL_N}"),
            "median_days": (
                _NUMBER,
                "Days by which half were lost, the churn term included: Kaplan-Meier; NULL where it is not reached",
                f"{quantile(0.5)} / {DAY_US}",
            ),
            "numerator": ("Int64", "Of the denominator those that returned within so many days of the loss", "back"),
            "denominator": (
                "Int64",
                "Stays lost by the term, not by an exit, so many days before as_of, or longer ago",
                "judged",
            ),
            "recovery_rate": (
                _NUMBER,
                "numerator / denominator: who was given up and came back; NULL without any",
                "if(judged = 0, NULL, back / judged)",
            ),
            "recovery_low": (
                _NUMBER,
                "Lower bound of its 95 % Wilson interval",
                f"if(judged = 0, NULL, {_RECOVERY.low})",
            ),
            "recovery_high": (
                _NUMBER,
                "Upper bound of its 95 % Wilson interval",
                f"if(judged = 0, NULL, {_RECOVERY.high})",
            ),
            "is_recovery_small_n": (
                "UInt8",
                f"1 when the recovery rate rests on fewer than {SMALL_N} losses",
                f"judged < {SMALL_N}",
            ),
            "is_simulated": (
                "UInt8",
                "1 when a touchpoint of these stays is simulated: label the numbers",
                "simulated",
            ),
        }
    ),
    _SOURCE,
)
