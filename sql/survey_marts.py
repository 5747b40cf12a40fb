"""The marts of survey KPIs, for tools that give no arguments: by UTC hour, local day, week, month and rolling window, of every map."""

from __future__ import annotations

from typing import Final

from touchline.sql.projections import ANSWER_KEYS, SURVEY_1D, SURVEY_1H
from touchline.sql.survey_values import survey_values
from touchline.sql.view_columns import COLUMNS, DAILY, HOURLY, MAP, Column
from touchline.sql.views import View, chosen, indented, own

_NAMES: Final = ", ".join((*HOURLY, *MAP, *ANSWER_KEYS, "answers"))
_DAYS: Final = SURVEY_1D.reading("    ", keys=("bucket", *HOURLY, *MAP, *ANSWER_KEYS))


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
        | chosen("n", "n_positive", "n_neutral", "n_negative", "numerator", "denominator", denominator="n")
        | chosen("value", "ci_low", "ci_high", "ci_method")
    )
    comment = f"Survey KPIs by the {period} of the touchpoint that is rated, one KPI, formula variant and scope a row (additivity: derived)"
    return View(f"kpi_survey_{name}", comment, columns, survey_values(reading, ("bucket", *dimensions, *MAP)))


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
