"""Who answers, and who does not: the response accounting of a selection by one key of the filter, such as segment, persona or place.

Small cells are suppressed as those of survey_split are: a cell is a number of requests, and of less than k of them nothing is shown.

Why: docs/decisions/0209.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.parameterized import SELECTION, ParameterizedView
from touchline.sql.language.select import Select, indented
from touchline.sql.language.selection import IN_PERIOD, KNOWN_KEYS, OF_MAP, SPLITS
from touchline.sql.language.suppression import suppressed
from touchline.sql.language.views import all_of, any_of, layered
from touchline.sql.subjects.surveys.accounting import KEYS
from touchline.sql.subjects.surveys.api import IS_SPLIT
from touchline.sql.subjects.surveys.cells import REST, SPLIT
from touchline.sql.subjects.surveys.rates import answers_only_layer, rate_layers, rates
from touchline.sql.subjects.surveys.requests import COUNTS, MEANINGS, requests
from touchline.sql.subjects.surveys.split import BY, split_value

_GROUP: Final = ("is_simulated", "survey", "question", "kpi", "scope")


def _cells() -> str:
    """Requests by value of the key: the counts of those that the filter selects, and `n_outside` of those that its splits leave out."""
    keys = {name: name for name in _GROUP} | {"split_value": split_value(), "is_chosen": f"toInt64({SPLIT})"}
    condition = "\n    AND ".join((OF_MAP, IN_PERIOD, REST, KNOWN_KEYS, BY.is_known))
    rows = layered(requests(condition, keys), {"chosen_sign": "sign * is_chosen"})
    names = ("split_value", *_GROUP)
    sums = {name: sql.replace("sign *", "chosen_sign *") for name, sql in COUNTS.items()}
    return Select(
        {name: name for name in names} | sums | {"n": "sum(chosen_sign)", "n_outside": "sum(sign - chosen_sign)"},
        rows,
        group_by=names,
        having=("n > 0 OR n_outside > 0",),
    ).nested()


def _source() -> str:
    is_split = any_of(IS_SPLIT, BY.is_(*SPLITS))
    judged = suppressed(_cells(), _GROUP, ("split_value",), condition=is_split)
    names = ", ".join(("split_value", "is_other", *_GROUP))
    sums = ", ".join(f"sum(judged.{name}) AS {name}" for name in COUNTS)
    # A hidden cell stands twice: as a row without numbers, and in the sums of the others unless their total is hidden, too.
    summed = f"""
(
    SELECT
        if(is_other, '', split_name) AS split_value, {", ".join(("is_other", *_GROUP))}, {sums}, max(is_cell_hidden) AS is_hidden
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
    return layered(summed, answers_only_layer(), *rate_layers())


_COUNTED: Final = {
    name: (Column("Nullable(Int64)", f"{MEANINGS[name]}; NULL when suppressed"), f"if(is_hidden, NULL, {name})")
    for name in COUNTS
}
SURVEY_RESPONSE: Final = ParameterizedView(
    "survey_response",
    "Response accounting of the selection, one row a policy, question and value of one key: who was asked, who answered, and who did not, "
    "with AAPOR's rates (additivity: derived)",
    SELECTION | BY.parameter,
    {
        "split_value": (
            Column("LowCardinality(Nullable(String))", "Value of the key; NULL when unknown, and for the others"),
            "nullIf(split_value, '')",
        ),
        "is_other": (Column("UInt8", "1 for the sum of the suppressed cells"), "is_other"),
        "is_simulated": (COLUMNS["is_simulated"], "is_simulated"),
    }
    | {name: KEYS[name] for name in _GROUP[1:]}
    | _COUNTED
    | rates("is_hidden")
    | {
        "is_suppressed": (
            Column(
                "UInt8", "1 when few requests, split by whose they are or where, are not shown: all numbers are NULL"
            ),
            "is_hidden",
        )
    },
    _source(),
)
