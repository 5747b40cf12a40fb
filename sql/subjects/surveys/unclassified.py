"""Answers with a score that no formula counts: an unknown KPI or variant, or a scale that has none. They are shown, never pooled."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.columns import COLUMNS
from touchline.sql.language.select import indented
from touchline.sql.language.views import View, chosen, own
from touchline.sql.ledger.projections import ANSWER_KEYS, SURVEY_1D
from touchline.sql.ledger.rows import DEFAULT_MAP
from touchline.sql.subjects.surveys.scores import COUNTED_DISPOSITIONS, classified

_KEYS: Final = ("touchpoint", "is_simulated", "kpi", "variant", "scope", "scale_min", "scale_max")
_READING: Final = SURVEY_1D.reading("        ", keys=("touchpoint", "is_simulated", "map", "map_version", *ANSWER_KEYS))
_SOURCE: Final = f"""
(
    SELECT
        {", ".join(_KEYS)},
        sum(answers) AS given, min(score) AS lowest, max(score) AS highest, sum(score * answers) / given AS mean
    FROM
    (
{_READING}
    )
    WHERE {DEFAULT_MAP} AND answers != 0 AND disposition IN ({COUNTED_DISPOSITIONS})
      AND NOT {indented(classified(load_catalogue()), "      ").lstrip()}
    GROUP BY {", ".join(_KEYS)}
    HAVING given > 0
)"""
UNCLASSIFIED_ANSWERS: Final = View(
    "unclassified_answers",
    "Answers with a score for which the catalogue has no formula, under the default map: in no KPI, never pooled (additivity: sum)",
    chosen("touchpoint", "is_simulated", "kpi", "scope", "scale_min", "scale_max")
    | own(
        {
            "variant": (
                COLUMNS["variant"].type,
                "Formula variant that the answers name; NULL when they name none",
                "nullIf(variant, '')",
            ),
            "answers": ("Int64", "Number of answers, complete or partial (additivity: sum)", "given"),
            "score_low": ("Float64", "Lowest score given", "lowest"),
            "score_high": ("Float64", "Highest score given", "highest"),
            "score_mean": (
                "Float64",
                "Mean of the scores, of this KPI, variant and scale only: never compare it with another",
                "mean",
            ),
        }
    ),
    _SOURCE,
)
