"""Response accounting: how many requests came how far and ended how, by policy, question, touchpoint and day.

Why: docs/decisions/0209.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.select import Select
from touchline.sql.language.views import View
from touchline.sql.ledger.rows import DEFAULT_MAP
from touchline.sql.subjects.surveys.requests import AAPOR, COUNTS, MEANINGS, OUTCOMES, STEPS, requests

_OPTIONAL: Final = "LowCardinality(Nullable(String))"
KEYS: Final[dict[str, tuple[Column, str]]] = {
    "bucket": (Column("Date", "Local day of the touchpoint that is asked about"), "bucket"),
    "survey": (Column(_OPTIONAL, "Policy, or survey of another tool; NULL when unnamed"), "nullIf(survey, '')"),
    "question": (COLUMNS["question"], "nullIf(question, '')"),
    "question_version": (
        Column(_OPTIONAL, "Version of the question's wording; NULL when not said"),
        "nullIf(question_version, '')",
    ),
    "language": (Column(_OPTIONAL, "Language asked in; NULL when not said"), "nullIf(language, '')"),
    "kpi": (COLUMNS["kpi"], "nullIf(kpi, '')"),
    "scope": (COLUMNS["scope"], "nullIf(scope, '')"),
    "touchpoint": (COLUMNS["touchpoint"], "touchpoint"),
    "is_simulated": (COLUMNS["is_simulated"], "is_simulated"),
}
"""By what requests are counted: never two wordings or languages in one row."""
_OF_LEDGER: Final = {name: name for name in KEYS} | {"bucket": "local_date"}


def counted(names: tuple[str, ...]) -> str:
    """These counts of the requests under the default map, by KEYS."""
    return Select(
        {name: name for name in KEYS} | {name: COUNTS[name] for name in names},
        requests(DEFAULT_MAP, _OF_LEDGER),
        group_by=tuple(KEYS),
        having=("sum(sign) > 0",),
    ).nested()


def numbers(names: tuple[str, ...]) -> dict[str, tuple[Column, str]]:
    """These counts as columns."""
    return {name: (Column("Int64", MEANINGS[name]), name) for name in names}


_SHOWN: Final = (*STEPS, *OUTCOMES)
SURVEY_ACCOUNTING: Final = View(
    "survey_accounting",
    "Requests to answer under the default map, by policy, question, wording, touchpoint and local day: how many came to each step "
    "(eligible to answered, who came to one came to all before it), and in which outcome each stands, exactly one (not_asked_fatigue to "
    "complete: they add up to eligible). Answers of tools that report nothing but answers are in it as such (additivity: sum)",
    KEYS | numbers(_SHOWN),
    counted(_SHOWN),
)
RATED: Final = (*STEPS, *AAPOR)
"""Counts from which the rates are made."""
