"""Where to act: how much a touchpoint weighs times how far its KPI is from the target (features: impact and gap).

- *gap* = what the KPI lacks of its target, as a share of the KPI's range; negative when it is better than the target.
- *difference* = share of converted journeys among those with a good experience at the touchpoint less that among those with a bad one,
  with Newcombe's hybrid score interval. A journey's experience is bad when one of its answers is of the bad class, good when one is of the
  good class and none is bad. An answer belongs to the journey cycle that ran when the touchpoint happened that it is about.
- *impact* = journeys through the touchpoint times difference: an upper bound of what mending it could bring, were the difference caused by
  the experience. Answers are observations, no experiment: it ranks where to look, it proves no cause.
- *comparison* = what the difference says: too few journeys on one side (`compared_min` of the catalogue), no contrast where all or none
  have converted, else whether the whole interval is above 0, below 0 (reversed), or neither.
- *score* = impact times gap, where bad experiences may cost conversions and there is a gap: only that is ranked. Flagged is what misses
  its target beyond doubt: the whole interval is on the bad side.

Why: docs/decisions/0143.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.formulas import recovered, wilson
from touchline.sql.language.parameterized import SELECTION, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.selection import SELECTED
from touchline.sql.language.suppression import suppressed
from touchline.sql.language.targets import MISSED, QUESTIONS, target_layers, verdict_of_target
from touchline.sql.language.views import all_of, any_of, layered
from touchline.sql.ledger.projections import TOUCHPOINT_ROWS
from touchline.sql.ledger.rows import NET_ROWS
from touchline.sql.ledger.selected_journeys import WHO
from touchline.sql.ledger.stays import node_of_row, nodes
from touchline.sql.subjects.experiences import EXPERIENCES, IS_BAD, IS_GOOD
from touchline.sql.subjects.surveys.api import BY_STAGE, IDENTITY, IS_SPLIT, SCALE, Shown, flags, measured
from touchline.sql.subjects.surveys.cells import CARRIED, CELL_KEYS, selected_cells
from touchline.sql.subjects.surveys.values import KPI_KEYS, SUMS, value_layers

_KEYS: Final = ("touchpoint", "is_simulated", *KPI_KEYS)
_NAMES: Final = ", ".join(_KEYS)

_EXPERIENCES: Final = f"""
(
    SELECT
        {_NAMES},
        countIf(is_good) AS n_good, countIf(is_bad) AS n_bad,
        countIf({all_of("is_good", "is_converted")}) AS good_converted, countIf({all_of("is_bad", "is_converted")}) AS bad_converted
    FROM
    (
        SELECT
            {_NAMES}, who, cycle, any(is_converted) AS is_converted,
            max({IS_BAD}) AS is_bad,
            max({IS_GOOD}) AND NOT is_bad AS is_good
        FROM{indented(EXPERIENCES, "    ")}
        GROUP BY {_NAMES}, who, cycle
    )
    GROUP BY {_NAMES}
)"""
_THROUGH: Final = f"""
(
    SELECT {nodes("'touchpoint'")}[node] AS touchpoint, sumIf(same, NOT of_real) AS all_journeys, sumIf(same, of_real) AS real_journeys
    FROM
    (
        SELECT intDiv(code, 2) AS node, code % 2 = 0 AS of_real, count() AS same
        FROM
        (
            SELECT groupArray(2 * {node_of_row("'touchpoint'")} + (is_simulated != 0)) AS met
            FROM journey_raw.ledger
            WHERE {TOUCHPOINT_ROWS} AND cycle > 0
                AND {SELECTED}
                AND {NET_ROWS}
            GROUP BY {WHO}, cycle
        )
        ARRAY JOIN arrayDistinct(arrayConcat(arrayMap(one -> bitOr(one, 1), met), arrayFilter(one -> one % 2 = 0, met))) AS code
        GROUP BY code
    )
    GROUP BY node
)"""
"""Journeys by touchpoint, each as numbers: twice the node, and one more where simulated events count as well. So each journey is one
group, not one for each of its touchpoints."""


def _kpis() -> str:
    """KPIs by touchpoint. Hidden when that of one of its stages is, which could be taken from what is shown of the others."""
    cells = suppressed(
        selected_cells({key: key for key in (*BY_STAGE, "touchpoint")}, is_compared=False),
        CELL_KEYS,
        BY_STAGE,
        ("touchpoint",),
        condition=IS_SPLIT,
    )
    carried = ", ".join(f"any(cells.{name}) AS {name}" for name in CARRIED)
    sums = ", ".join(f"sum(cells.{name}) AS {name}" for name in SUMS)
    summed = f"""
(
    SELECT
        {_NAMES}, {carried}, {sums},
        max(cells.is_hidden) AS is_hidden, groupUniqArray(toString(cells.stage)) AS at_stages
    FROM{indented(cells)} AS cells
    GROUP BY {_NAMES}
    HAVING n > 0
)"""
    return layered(summed, *value_layers())


_NUMBER: Final = "Nullable(Float64)"
_COUNT: Final = "Nullable(Int64)"
_NEEDED: Final = load_catalogue().compared_min
TOO_FEW, NO_CONTRAST, SIGNIFICANT, REVERSED, NOT_SIGNIFICANT = COMPARISONS = (
    "too few",
    "no contrast",
    "significant",
    "reversed",
    "not significant",
)
_COMPARISON: Final = f"""multiIf(
        is_hidden, NULL,
        least(n_good, n_bad) < {_NEEDED}, '{TOO_FEW}',
        good_converted + bad_converted IN (0, n_good + n_bad), '{NO_CONTRAST}',
        difference_low > 0, '{SIGNIFICANT}',
        difference_high < 0, '{REVERSED}',
        '{NOT_SIGNIFICANT}'
    )"""


def _source() -> str:
    joined = f"""
(
    SELECT *
    FROM{indented(_kpis())} AS kpis
    LEFT JOIN{indented(_EXPERIENCES)} AS experiences USING ({_NAMES})
    LEFT JOIN{indented(_THROUGH)} AS through USING (touchpoint)
    LEFT JOIN {indented(QUESTIONS).lstrip()} AS asked USING (kpi, kpi_variant, scope)
)"""
    shares = {f"{side}_share": f"{side}_converted / n_{side}" for side in ("good", "bad")}
    targets = target_layers(touchpoint=True, stages="at_stages")
    layers = [shares]
    for side in ("good", "bad"):
        interval = wilson(f"{side}_converted", f"n_{side}", side)
        layers[0] |= interval.layers[0]
        layers.append(
            {
                f"{side}_below": f"{side}_share - {interval.low}",
                f"{side}_above": f"{interval.high} - {side}_share",
            }
        )
    low, high = recovered("good_share - bad_share", "good_below", "good_above", "bad_below", "bad_above")
    lacking = "if(is_low_good, value - target, target - value) / (highest - lowest)"
    return layered(
        joined,
        layers[0] | targets[0],
        layers[1] | layers[2] | targets[1],
        targets[2],
        {
            "journeys": "toInt64(if(is_simulated = 1, all_journeys, real_journeys))",
            "is_known": all_of("NOT is_hidden", "n_good > 0", "n_bad > 0"),
            "gap": f"if(is_hidden, NULL, {lacking})",
            "is_flagged": f"if({verdict_of_target('ci_low', 'ci_high')} = '{MISSED}', NOT is_hidden, 0)",
        },
        {
            "difference": "if(is_known, good_share - bad_share, NULL)",
            "difference_low": f"if(is_known, {low}, NULL)",
            "difference_high": f"if(is_known, {high}, NULL)",
        },
        {"comparison": _COMPARISON},
        {
            "impact": f"if(ifNull(comparison, '{TOO_FEW}') IN ('{TOO_FEW}', '{NO_CONTRAST}'), NULL, journeys * difference)",
            "is_ranked": f"ifNull(comparison IN ('{SIGNIFICANT}', '{NOT_SIGNIFICANT}') AND difference > 0 AND gap > 0, 0)",
        },
        {"score": "if(is_ranked, impact * gap, NULL)"},
    )


_COLUMNS: Final[Shown] = {
    "target": (
        Column(_NUMBER, "What the map holds the KPI against; NULL when it says nothing, or several things"),
        "target",
    ),
    "gap": (
        Column(
            _NUMBER,
            "What the KPI lacks of its target, as a share of its range; negative when it is better; NULL without target",
        ),
        "gap",
    ),
    "journeys": (
        Column(
            "Int64",
            "Selected journeys through the touchpoint (additivity: distinct); simulated ones count for simulated answers only",
        ),
        "journeys",
    ),
    "n_good": (
        Column(_COUNT, "Journeys with a good experience there: an answer of the good class, none of the bad"),
        "if(is_hidden, NULL, n_good)",
    ),
    "n_bad": (
        Column(_COUNT, "Journeys with a bad experience there: an answer of the bad class"),
        "if(is_hidden, NULL, n_bad)",
    ),
    "conversion_good": (
        Column(_NUMBER, "Share of the journeys with a good experience that have converted; NULL without any"),
        f"if({any_of('is_hidden', 'n_good = 0')}, NULL, good_share)",
    ),
    "conversion_bad": (
        Column(_NUMBER, "Share of the journeys with a bad experience that have converted; NULL without any"),
        f"if({any_of('is_hidden', 'n_bad = 0')}, NULL, bad_share)",
    ),
    "difference": (
        Column(_NUMBER, "conversion_good less conversion_bad: consistent with an effect, not evidence of one"),
        "difference",
    ),
    "difference_low": (Column(_NUMBER, "Lower bound of its 95 % interval (Newcombe)"), "difference_low"),
    "difference_high": (Column(_NUMBER, "Upper bound of its 95 % interval (Newcombe)"), "difference_high"),
    "comparison": (
        Column(
            "LowCardinality(Nullable(String))",
            "What the difference says. too few: less than n_needed journeys on one side; no contrast: all or none of them have converted; "
            "significant: the whole interval is above 0; reversed: below 0; else not significant. NULL when suppressed",
        ),
        "comparison",
    ),
    "n_needed": (Column("UInt16", "So many journeys on each side a comparison needs"), str(_NEEDED)),
    "impact": (Column(_NUMBER, "journeys times difference; NULL where there are too few, or no contrast"), "impact"),
    "score": (
        Column(
            _NUMBER,
            "impact times gap; NULL where the target is reached, the difference is not above 0, or nothing can be compared",
        ),
        "score",
    ),
    "is_flagged": (
        Column("UInt8", "1 when the KPI misses its target beyond doubt: the whole interval is on the bad side"),
        "is_flagged",
    ),
    "rank": (
        Column(
            "Nullable(UInt64)",
            "From 1: where to act first, of what has a score; significant differences before the others, then flagged ones, then by score",
        ),
        f"if(is_ranked, row_number() OVER (ORDER BY is_ranked DESC, comparison = '{SIGNIFICANT}' DESC, is_flagged DESC, score DESC, "
        "touchpoint, is_simulated, kpi, kpi_variant, scope), NULL)",
    ),
}
IMPACT = ParameterizedView(
    "impact",
    "Where to act: survey KPIs by touchpoint with gap to the target and impact on conversion (additivity: derived)",
    SELECTION,
    {"touchpoint": (COLUMNS["touchpoint"], "touchpoint")}
    | IDENTITY
    | SCALE
    | measured("", "is_hidden")
    | flags("n", "is_hidden")
    | _COLUMNS,
    _source(),
)
