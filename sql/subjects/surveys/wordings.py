"""Survey KPIs by the wording of their question: what other words, another version or another language do to the number.

Answers of a survey that no policy asks, and of other wordings, have rows of their own here. Each is compared with the wording that is used
most for the same KPI at the same touchpoint, by the interval of a difference that trends take (language/trends.py).

Why: docs/decisions/0209.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.select import indented
from touchline.sql.language.trends import DOWN, NOT_SIGNIFICANT, OF_SAMPLE, SIDE, UP, trend_layers
from touchline.sql.language.views import View, chosen, layered
from touchline.sql.ledger.projections import SURVEY_1D, WORDING
from touchline.sql.ledger.rows import DEFAULT_MAP
from touchline.sql.subjects.surveys.accounting import KEYS
from touchline.sql.subjects.surveys.cells import CARRIED
from touchline.sql.subjects.surveys.values import KPI_KEYS, SUMS, counted_scores, value_layers

_PLACE: Final = ("is_simulated", "touchpoint")
_SCALE: Final = ("scale_min", "scale_max")
_BY: Final = (*_PLACE, *WORDING, *_SCALE)
_GROUP: Final = ", ".join((*_PLACE, *KPI_KEYS))
_OF_ANSWERS: Final = {name: name for name in (*_BY, "kpi", "variant", "scope", "disposition", "score")}
_READING: Final = SURVEY_1D.selecting(DEFAULT_MAP, _OF_ANSWERS)
_KEYS: Final = ", ".join((*_BY, *KPI_KEYS))
_CELLS: Final = f"""
(
    SELECT
        {_KEYS},
        {", ".join(f"any({name}) AS {name}" for name in CARRIED)},
        {", ".join(f"{sql} AS {name}" for name, sql in SUMS.items())}
    FROM{indented(counted_scores(_READING))}
    GROUP BY {_KEYS}
    HAVING n > 0
)"""
_FIRST: Final = f"first_value({{}}) OVER (PARTITION BY {_GROUP} ORDER BY n DESC, {', '.join(WORDING)})"
_SIDES: Final = {f"now_{name}": name for name in SIDE}
_MOST_USED: Final = {f"before_{name}": _FIRST.format(name) for name in SIDE} | {
    f"most_used_{name}": _FIRST.format(name) for name in WORDING
}
_DIFFERS: Final = {
    "differs": "arrayStringConcat(arrayFilter(name -> name != '', ["
    + ", ".join(f"if({name} != most_used_{name}, '{name}', '')" for name in WORDING)
    + "]), ', ')"
}
_EFFECT: Final = "if(differs = '', NULL, {})"
_OPTIONAL: Final = "LowCardinality(Nullable(String))"


def _effect(name: str, comment: str) -> tuple[Column, str]:
    return Column("Nullable(Float64)", f"{comment}; NULL for that wording itself"), _EFFECT.format(name)


SURVEY_WORDINGS: Final = View(
    "survey_wordings",
    "Survey KPIs under the default map by the wording of the question: survey, question, version and language apart, each against the "
    "one that is used most for the same KPI, variant and scope at the same touchpoint (additivity: derived). The persons asked may differ, "
    "too: only where chance decided the wording is a difference its effect",
    {name: KEYS[name] for name in ("touchpoint", "is_simulated", *WORDING)}
    | {
        "kpi": (COLUMNS["kpi"], "kpi"),
        "variant": (Column(COLUMNS["variant"].type, "Formula variant (dim_kpi.variant)"), "kpi_variant"),
    }
    | chosen("scope", "scale_min", "scale_max", scope="scope")
    | chosen("n", "n_positive", "n_neutral", "n_negative", "value", "ci_low", "ci_high", "ci_method")
    | {
        "is_small_n": (
            Column("UInt8", "1 below the KPI's minimum of answers (small_n of the catalogue): read with care"),
            "n < small_n",
        ),
        "is_most_used": (Column("UInt8", "1 for the wording that the others are compared with"), "differs = ''"),
        "differs_in": (
            Column(
                _OPTIONAL, "In what it differs from that: survey, question, question_version, language; NULL for itself"
            ),
            "nullIf(differs, '')",
        ),
        "effect": _effect("change", "Value less the value of the wording that is used most"),
        "effect_low": _effect("change_low", "Lower bound of the 95 % interval of the effect"),
        "effect_high": _effect("change_high", "Upper bound of the 95 % interval of the effect"),
        "effect_verdict": (
            Column(
                _OPTIONAL,
                "higher or lower where the interval leaves zero out (of twenty wordings that differ in nothing one seems to), else no "
                "significant difference; NULL for that wording itself",
            ),
            _EFFECT.format(
                f"transform(trend, ['{UP}', '{DOWN}', '{NOT_SIGNIFICANT}'], ['higher', 'lower', 'no significant difference'], '')"
            ),
        ),
    },
    layered(_CELLS, *value_layers(), OF_SAMPLE, _SIDES | _MOST_USED, _DIFFERS, *trend_layers()),
)
