"""Survey KPIs over time: of a selection by hour, local day, week, month or rolling window, and as plain marts for every map.

A window of 7 or 28 days ends with its bucket and looks back beyond the first day of the period, so that the first is as wide as the last.
Weeks begin on Monday; the first and the last week or month of a period hold only its days, and say so (is_part). Rows restate themselves
when late answers land.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.choices import GRAINS, Choice, part_of_bucket
from touchline.sql.language.columns import Column
from touchline.sql.language.parameterized import SELECTION, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.selection import IN_PERIOD, KNOWN_KEYS, OF_MAP
from touchline.sql.language.suppression import is_unsafe, suppressed
from touchline.sql.language.views import all_of, any_of, layered
from touchline.sql.ledger.projections import ANSWER_KEYS, SURVEY_1D
from touchline.sql.subjects.surveys.api import IDENTITY, IS_SPLIT, Shown, flags, measured, worded
from touchline.sql.subjects.surveys.cells import CELL_KEYS, REST, SPLIT, WORDS, cells_of
from touchline.sql.subjects.surveys.values import counted_scores, value_layers

GRAIN: Final = Choice(
    "grain",
    GRAINS | {"rolling_7d": "each local day with the 6 before", "rolling_28d": "each local day with the 27 before"},
)
_IS_ROLLING: Final = GRAIN.is_("rolling_7d", "rolling_28d")
_DAYS_BACK: Final = f"multiIf({GRAIN.is_('rolling_7d')}, 6, {GRAIN.is_('rolling_28d')}, 27, 0)"
_BUCKET: Final = (
    f"toDateTime(multiIf({GRAIN.is_('week')}, toMonday(day), {GRAIN.is_('month')}, toStartOfMonth(day), day), 'UTC')"
)


def _readings() -> str:
    """Scores by bucket and whether the filter's splits hold: from the projection by days, or, for hours, from the ledger's rows."""
    common = {name: name for name in ("is_simulated", *ANSWER_KEYS, *WORDS)} | {"is_chosen": f"toInt64({SPLIT})"}
    known = f"{REST}\n    AND {KNOWN_KEYS}\n    AND {GRAIN.is_known}"
    in_windows = f"local_date BETWEEN addDays({{date_from:Date}}, -{_DAYS_BACK}) AND {{date_to:Date}}"
    by_day = SURVEY_1D.selecting(
        f"{OF_MAP}\n    AND {in_windows}\n    AND {known}\n    AND NOT {GRAIN.is_('hour')}",
        {"local_day": "local_date"} | common,
    )
    by_hour = SURVEY_1D.selecting(
        f"{OF_MAP}\n    AND {IN_PERIOD}\n    AND {known}\n    AND {GRAIN.is_('hour')}",
        {"bucket": "toStartOfHour(about_time)"} | common,
    )
    names = ", ".join((*common, "answers"))
    return f"""SELECT {_BUCKET} AS bucket, {names}
FROM
(
    SELECT *, arrayJoin(arrayMap(later -> addDays(local_day, later), range({_DAYS_BACK} + 1))) AS day
    FROM
    (
{indented(by_day, "        ")}
    )
)
WHERE day BETWEEN {{date_from:Date}} AND {{date_to:Date}}
UNION ALL
SELECT bucket, {names}
FROM
(
{indented(by_hour)}
)"""


def _over_time() -> ParameterizedView:
    cells = layered(cells_of(counted_scores(_readings()), ("bucket",), "0"), *value_layers())
    judged = suppressed(cells, CELL_KEYS, ("bucket",), condition=all_of(IS_SPLIT, f"NOT {_IS_ROLLING}"))
    # Windows overlap, so that each follows from its neighbours and a few days: such a series is shown as a whole or not at all.
    group = ", ".join(CELL_KEYS)
    thin = f"max({is_unsafe('n', 'n_outside')}) OVER (PARTITION BY {group})"
    hidden = layered(
        judged, {"is_thin": thin}, {"is_not_shown": any_of("is_hidden", all_of(IS_SPLIT, _IS_ROLLING, "is_thin"))}
    )
    columns: Shown = {
        "bucket": (
            Column(
                "DateTime('UTC')",
                "Begin of the UTC hour, local day, week (Monday) or month; of a rolling window its last local day",
            ),
            "bucket",
        )
    }
    columns |= part_of_bucket(GRAIN, "bucket")
    columns |= IDENTITY | measured("", "is_not_shown") | flags("n", "is_not_shown") | worded("words", "is_not_shown")
    return ParameterizedView(
        "survey_over_time",
        "Survey KPIs of the selection over time (additivity: derived)",
        SELECTION | GRAIN.parameter,
        columns,
        f"{hidden}\nWHERE {any_of('n > 0', 'is_not_shown')}",
    )


SURVEY_OVER_TIME = _over_time()
