"""Survey KPIs of a selection, split by one key of the filter or of the wording, with small cells put together as the row of the others."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.choices import Choice
from touchline.sql.language.columns import Column
from touchline.sql.language.parameterized import SELECTION, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.selection import FILTER_COLUMNS, SPLITS
from touchline.sql.language.suppression import suppressed
from touchline.sql.language.views import all_of, any_of, layered
from touchline.sql.ledger.projections import WORDING
from touchline.sql.subjects.surveys.api import IDENTITY, IS_SPLIT, SCALE, Shown, flags, measured, worded
from touchline.sql.subjects.surveys.cells import CARRIED, CELL_KEYS, selected_cells
from touchline.sql.subjects.surveys.values import SUMS, value_layers

BY: Final = Choice("by", {key: f"by {key}" for key in FILTER_COLUMNS})
_BY_WORDING: Final = {key: key for key in WORDING}
"""What answers alone have, and the events that they are about have not."""
_BY: Final = Choice("by", {key: f"by {key}" for key in (*FILTER_COLUMNS, *_BY_WORDING)})


def split_value(columns: dict[str, str] = FILTER_COLUMNS) -> str:
    """The column to split by, as text; `columns` maps what may be named to columns."""
    return f"multiIf({', '.join(f'{BY.is_(key)}, toString({column})' for key, column in columns.items())}, '')"


def _source() -> str:
    cells = selected_cells(
        {"split_value": split_value(FILTER_COLUMNS | _BY_WORDING)}, is_compared=False, condition=_BY.is_known
    )
    is_split = any_of(IS_SPLIT, BY.is_(*SPLITS))
    judged = suppressed(cells, CELL_KEYS, ("split_value",), condition=is_split)
    names = ", ".join(("split_value", "is_other", *CELL_KEYS))
    carried = ", ".join(f"any({name}) AS {name}" for name in CARRIED)
    sums = ", ".join(f"sum(judged.{name}) AS {name}" for name in SUMS)
    # A hidden cell stands twice: as a row without numbers, and in the sums of the others unless their total is hidden, too.
    summed = f"""
(
    SELECT
        if(is_other, '', split_name) AS split_value, {", ".join(("is_other", *CELL_KEYS))},
        {carried}, {sums}, groupUniqArrayArray(judged.words) AS words, max(is_cell_hidden) AS is_hidden
    FROM
    (
        SELECT
            * EXCEPT (split_value, is_hidden), split_value AS split_name,
            arrayJoin(if({all_of("is_hidden", "NOT is_unsafe_0")}, [0, 1], [0])) AS is_other,
            {all_of("is_hidden", "NOT is_other")} AS is_cell_hidden
        FROM{indented(judged, "        ")}
        WHERE {any_of("n > 0", "is_hidden")}
    ) AS judged
    GROUP BY {names}
)"""
    return layered(summed, *value_layers())


_COLUMNS: Final[Shown] = {
    "split_value": (
        Column("LowCardinality(Nullable(String))", "Value of the key; NULL when unknown, and for the others"),
        "nullIf(split_value, '')",
    ),
    "is_other": (Column("UInt8", "1 for the sum of the suppressed cells"), "is_other"),
}
SURVEY_SPLIT = ParameterizedView(
    "survey_split",
    "Survey KPIs of the selection, one row a value of one key (additivity: derived)",
    SELECTION | _BY.parameter,
    _COLUMNS | IDENTITY | SCALE | measured("", "is_hidden") | flags("n", "is_hidden") | worded("words", "is_hidden"),
    _source(),
)
