"""From rows of scores to survey KPIs: classes of scores, their sums, value and interval by the kind of the variant."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.formulas import adjusted_wald, student_t, wilson
from touchline.sql.language.select import indented
from touchline.sql.language.views import layered
from touchline.sql.subjects.surveys.scores import COUNTED_DISPOSITIONS, SCORE_UNITS_PER_POINT, formulas

KPI_KEYS: Final = ("kpi", "kpi_variant", "scope")


def sums_of(answers: str) -> dict[str, str]:
    """What a number of answers comes to, from rows of `counted_scores`; `answers` is the column that counts them."""
    return {
        "n": f"sum({answers})",
        "n_positive": f"sum({answers} * (score BETWEEN good_from AND good_to))",
        "n_negative": f"sum({answers} * (score BETWEEN bad_from AND bad_to))",
        "total": f"sum({answers} * units) / {SCORE_UNITS_PER_POINT}",
        "squares": f"sum({answers} * units * units) / {SCORE_UNITS_PER_POINT**2}",
    }


SUMS: Final = sums_of("answers")


def survey_values(reading: str, dimensions: tuple[str, ...]) -> str:
    """KPIs by some of the columns of `reading`, a query of scores as a survey projection keeps them.

    Columns: the dimensions, kpi, kpi_variant, scope, n, n_positive, n_neutral, n_negative, numerator, value, ci_low, ci_high, ci_method.
    """
    keys = ", ".join((*dimensions, *KPI_KEYS))
    named = ",\n        ".join(f"{sql} AS {name}" for name, sql in SUMS.items())
    summed = f"""
(
    SELECT
        {keys},
        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest,
        {named}
    FROM{indented(counted_scores(reading))}
    GROUP BY {keys}
    HAVING n > 0
)"""
    return layered(summed, *value_layers())


def counted_scores(reading: str) -> str:
    """The rows of scores that a formula of the catalogue counts, with its columns, and the score in whole `units`. `reading` has a survey
    projection's ANSWER_KEYS and `answers`."""
    return f"""
(
    SELECT *, toInt64(round(score * {SCORE_UNITS_PER_POINT})) AS units
    FROM
    (
{indented(reading)}
    ) AS scores
    INNER JOIN {indented(formulas(load_catalogue())).lstrip()} AS formulas
    USING (kpi, variant, scale_min, scale_max)
    WHERE disposition IN ({COUNTED_DISPOSITIONS})
)"""


def value_layers() -> list[dict[str, str]]:
    """Value and interval from `SUMS`, kind, lowest and highest; where n is 0 they are not numbers."""
    net, share = adjusted_wald("n_positive", "n_negative", "n"), wilson("n_positive", "n")
    mean = student_t("total", "squares", "n", "lowest", "highest")
    kinds = {
        "n_neutral": "n - n_positive - n_negative",
        "is_net": "kind = 'net'",
        "is_share": "kind = 'share'",
    }
    values = {
        "numerator": "multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total)",
        "value": "if(kind = 'mean', 1, 100) * numerator / n",
    }
    bounds = {
        "ci_low": f"multiIf(is_net, 100 * {net.low}, is_share, 100 * {share.low}, {mean.low})",
        "ci_high": f"multiIf(is_net, 100 * {net.high}, is_share, 100 * {share.high}, {mean.high})",
        "ci_method": "multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t')",
    }
    first, second, third = (
        net.layers[index] | mean.layers[index] | (share.layers[index] if index < len(share.layers) else {})
        for index in range(len(net.layers))
    )
    return [kinds | first, values | second, third, bounds]
