"""The marts of survey KPIs, for tools that give no arguments: by UTC hour, local day, week, month and rolling window, of every map."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.columns import COLUMNS, DAILY, HOURLY, MAP, Column
from touchline.sql.language.select import indented
from touchline.sql.language.views import View, chosen, own
from touchline.sql.ledger.behind import ONE, EventView, behind, rows_behind
from touchline.sql.ledger.projections import ANSWER_KEYS, ANSWER_TYPE, SURVEY_1D, SURVEY_1H, WORDING, Projection
from touchline.sql.subjects.surveys.accounting import KEYS
from touchline.sql.subjects.surveys.scores import COUNTED_DISPOSITIONS, SCORE_UNITS_PER_POINT, formulas
from touchline.sql.subjects.surveys.values import survey_values

_KEPT: Final = (*HOURLY, *MAP, *ANSWER_KEYS, *WORDING)
_NAMES: Final = ", ".join((*_KEPT, "answers"))
_DAYS: Final = SURVEY_1D.reading("    ", keys=("bucket", *_KEPT))


def _view(name: str, period: str, bucket: Column, dimensions: tuple[str, ...], reading: str) -> View:
    named = {"kpi": "kpi", "variant": "kpi_variant", "scope": "scope"}
    columns = (
        {"bucket": (bucket, "bucket")}
        | chosen(*dimensions, *MAP)
        | own(
            {
                name: ("LowCardinality(String)", COLUMNS[name].comment.partition(";")[0], sql)
                for name, sql in named.items()
            }
        )
        | {name: KEYS[name] for name in WORDING}
        | chosen("n", "n_positive", "n_neutral", "n_negative", "numerator", "denominator", denominator="n")
        | chosen("value", "ci_low", "ci_high", "ci_method")
    )
    comment = (
        f"Survey KPIs by the {period} of the touchpoint that is rated, one KPI, formula variant, scope and wording a row: "
        "never two surveys, questions, versions or languages (additivity: derived)"
    )
    return View(f"kpi_survey_{name}", comment, columns, survey_values(reading, ("bucket", *dimensions, *MAP, *WORDING)))


def _of_period(bucket: str) -> str:
    return f"SELECT {bucket} AS bucket, {_NAMES}\nFROM\n(\n{_DAYS}\n)"


def _rolling(days: int) -> str:
    """Every day stands in the windows that end with it or with a later day, up to the last day of an answer under that map."""
    last = SURVEY_1D.reading("        ", keys=("bucket", "map", "map_version"))
    return f"""SELECT day AS bucket, {_NAMES}
FROM
(
    SELECT *, arrayJoin(arrayMap(later -> addDays(bucket, later), range({days}))) AS day
    FROM
    (
{indented(_DAYS)}
    )
) AS windows
INNER JOIN
(
    SELECT map, map_version, max(bucket) AS last_day
    FROM
    (
{last}
    )
    WHERE answers != 0
    GROUP BY map, map_version
) AS ends USING (map, map_version)
WHERE day <= last_day"""


SURVEYS: Final = (
    _view("1h", "UTC hour", COLUMNS["bucket_1h"], HOURLY, SURVEY_1H.reading("    ")),
    _view("1d", "local day", COLUMNS["bucket_1d"], DAILY, SURVEY_1D.reading("    ")),
)
SURVEYS_OVER_TIME: Final = (
    _view("1w", "local week", Column("Date", "Monday of the local week"), HOURLY, _of_period("toMonday(bucket)")),
    _view(
        "1mo",
        "local month",
        Column("Date", "First local day of the month"),
        HOURLY,
        _of_period("toStartOfMonth(bucket)"),
    ),
    *(
        _view(
            f"rolling_{days}d",
            f"{days} local days up to the bucket",
            Column("Date", f"Last local day of a window of {days}: windows overlap, never sum over buckets"),
            HOURLY,
            _rolling(days),
        )
        for days in (7, 28)
    ),
)


def _behind(mart: View, projection: Projection) -> EventView:
    classes = {
        "formula_kind": "formulas.kind",  # the ledger has a column of that name, too
        "is_positive": "score BETWEEN good_from AND good_to",
        "is_negative": "score BETWEEN bad_from AND bad_to",
    }
    named = ", ".join(f"{sql} AS {name}" for name, sql in classes.items())
    net = "toFloat64(is_positive) - toFloat64(is_negative)"
    points = f"round(score * {SCORE_UNITS_PER_POINT}) / {SCORE_UNITS_PER_POINT}"
    counted = f"\n      AND disposition IN ({COUNTED_DISPOSITIONS})"
    source = f"""
(
    SELECT *, {named}
    FROM{indented(rows_behind(projection, counted))} AS scores
    INNER JOIN {indented(formulas(load_catalogue())).lstrip()} AS formulas
    USING (kpi, variant, scale_min, scale_max)
)"""
    adds = {
        "n": ONE,
        "n_positive": "toInt64(is_positive)",
        "n_neutral": "toInt64(NOT is_positive AND NOT is_negative)",
        "n_negative": "toInt64(is_negative)",
        "numerator": f"multiIf(formula_kind = 'net', {net}, formula_kind = 'share', toFloat64(is_positive), {points})",
        "denominator": ONE,
    }
    return behind(mart, adds, source, ANSWER_TYPE)


SURVEYS_BEHIND = tuple(
    _behind(mart, projection) for mart, projection in zip(SURVEYS, (SURVEY_1H, SURVEY_1D), strict=True)
)
