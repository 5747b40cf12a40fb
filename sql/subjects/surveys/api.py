"""Survey KPIs of a selection with their trend and target, by touchpoint, by stage and over all: what an analyst of a journey asks first."""

from __future__ import annotations

from itertools import zip_longest
from typing import Final

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.parameterized import SELECTION, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.selection import SPLITS, is_filtered
from touchline.sql.language.suppression import suppressed
from touchline.sql.language.targets import QUESTIONS, target_layers, verdict_of_target
from touchline.sql.language.trends import OF_SAMPLE, SIDE, trend_layers
from touchline.sql.language.views import any_of, layered
from touchline.sql.subjects.surveys.cells import CARRIED, CELL_KEYS, selected_cells
from touchline.sql.subjects.surveys.values import value_layers

Shown = dict[str, tuple[Column, str]]

_NUMBER: Final = "Nullable(Float64)"
_COUNT: Final = "Nullable(Int64)"
IS_SPLIT: Final = is_filtered(*SPLITS)
BEFORE: Final = {
    "before_from": Column("Date", "First local day of the period that is compared with"),
    "before_to": Column("Date", "Its last local day, included; a day before before_from for no comparison"),
}
IDENTITY: Final[Shown] = {
    "is_simulated": (COLUMNS["is_simulated"], "is_simulated"),
    "kpi": (Column("LowCardinality(String)", "KPI (dim_kpi.id)"), "kpi"),
    "variant": (Column("LowCardinality(String)", "Formula variant (dim_kpi.variant)"), "kpi_variant"),
    "scope": (
        Column(
            "LowCardinality(String)", "relational (all experiences) or transactional (this touchpoint): never pool them"
        ),
        "scope",
    ),
}
"""What a number is: never pool two of them."""
SCALE: Final[Shown] = {
    "unit": (Column("LowCardinality(String)", "Unit of the value: points, percent or score"), "unit"),
    "scale_low": (Column("Float64", "Lowest value that the KPI can have"), "lowest"),
    "scale_high": (Column("Float64", "Highest value that the KPI can have"), "highest"),
}
_SMALL = Column("Nullable(UInt8)", "1 below the KPI's minimum of answers (small_n of the catalogue): read with care")
_SUPPRESSED = Column(
    "UInt8", "1 when few answers, split by who gave them or where, are not shown: n and all numbers are NULL"
)


def optional(name: str) -> Column:
    """A column of numbers that are NULL where nothing is shown."""
    column = COLUMNS[name]
    return Column(_COUNT if column.type == "Int64" else _NUMBER, f"{column.comment}; NULL when suppressed")


def measured(prefix: str, is_hidden: str) -> Shown:
    """n, classes, value and interval of the columns that `prefix` begins."""
    shown = {
        name: (optional(name), f"if({is_hidden}, NULL, {prefix}{name})")
        for name in ("n", "n_positive", "n_neutral", "n_negative")
    }
    is_missing = any_of(is_hidden, f"{prefix}n = 0")
    shown |= {
        name: (optional(name), f"if({is_missing}, NULL, {prefix}{name})") for name in ("value", "ci_low", "ci_high")
    }
    method = Column("LowCardinality(Nullable(String))", f"{COLUMNS['ci_method'].comment}; NULL without interval")
    return shown | {"ci_method": (method, f"if({is_missing}, NULL, {prefix}ci_method)")}


def flags(n: str, is_hidden: str) -> Shown:
    """Whether the number is of few answers, and whether it is hidden."""
    return {
        "is_small_n": (_SMALL, f"if({is_hidden}, NULL, {n} < small_n)"),
        "is_suppressed": (_SUPPRESSED, is_hidden),
    }


def worded(words: str, is_hidden: str, among: str = "its answers") -> Shown:
    """How many wordings are in the number; `words` is the array of them."""
    comment = (
        f"Different questions and versions among {among}: above 1 the number is of several wordings, which survey_split and "
        "survey_wordings show apart; languages of one version are one. NULL when suppressed"
    )
    return {"wordings": (Column("Nullable(UInt64)", comment), f"if({is_hidden}, NULL, length({words}))")}


_NO_TREND: Final = any_of("now_is_hidden", "before_is_hidden", "now_n = 0", "before_n = 0")
_TREND: Final[Shown] = {
    "n_before": (
        Column(_COUNT, "Answers of the period before; NULL when suppressed"),
        "if(before_is_hidden, NULL, before_n)",
    ),
    "value_before": (
        Column(_NUMBER, "The KPI of the period before; NULL without answers and when suppressed"),
        f"if({any_of('before_is_hidden', 'before_n = 0')}, NULL, before_value)",
    ),
    "change": (
        Column(_NUMBER, "Value less value before; NULL unless both are shown"),
        f"if({_NO_TREND}, NULL, change)",
    ),
    "change_low": (
        Column(_NUMBER, "Lower bound of the 95 % interval of the change"),
        f"if({_NO_TREND}, NULL, change_low)",
    ),
    "change_high": (
        Column(_NUMBER, "Upper bound of the 95 % interval of the change"),
        f"if({_NO_TREND}, NULL, change_high)",
    ),
    "trend": (
        Column(
            "LowCardinality(Nullable(String))",
            "up or down where the interval of the change leaves zero out (of twenty KPIs that did not change one seems to), no significant "
            "change, no answers to compare; NULL when suppressed",
        ),
        f"if({any_of('now_is_hidden', 'before_is_hidden')}, NULL, trend)",
    ),
}
_TARGET: Final[Shown] = {
    "target": (
        Column(_NUMBER, "What the map holds the KPI against; NULL when it says nothing, or several things"),
        "target",
    ),
    "target_verdict": (
        Column(
            "LowCardinality(Nullable(String))",
            "met or missed where the interval leaves no doubt, else not proved; NULL without",
        ),
        f"if({any_of('now_is_hidden', 'now_n = 0')}, NULL, {verdict_of_target('now_ci_low', 'now_ci_high')})",
    ),
    "question": (
        Column("Nullable(String)", "Wording of the question in the map; NULL when the map does not ask it"),
        "question",
    ),
}
_OF_PERIOD: Final = tuple(dict.fromkeys(("n", "n_positive", "n_neutral", "n_negative", *SIDE, "ci_method")))


def _compared(levels: tuple[tuple[str, ...], ...], targets: list[dict[str, str]]) -> str:
    """Cells by the columns of `levels` (suppression.py), both periods in one row, with trend and target.

    What is carried along goes in tuples: the engine plans every column of every layer.
    """
    keys = tuple(column for level in levels for column in level)
    cells = layered(selected_cells({key: key for key in keys}, is_compared=True), *value_layers(), OF_SAMPLE)
    packed = f"""
(
    SELECT
        {", ".join((*keys, *CELL_KEYS))}, n, n_outside, words, ({", ".join(CARRIED)}) AS of_kpi, ({", ".join(_OF_PERIOD)}) AS sample
    FROM{indented(cells)}
)"""
    names = ", ".join((*keys, *CELL_KEYS[1:]))
    pivoted = f"""
(
    SELECT
        {names}, any(of_kpi) AS of_kpi, groupUniqArrayArray(words) AS words,
        anyIf(sample, period = 0) AS now, maxIf(is_hidden, period = 0) AS now_is_hidden,
        anyIf(sample, period = 1) AS before, maxIf(is_hidden, period = 1) AS before_is_hidden
    FROM{indented(suppressed(packed, CELL_KEYS, *levels, condition=IS_SPLIT))}
    WHERE {any_of("n > 0", "is_hidden")}
    GROUP BY {names}
)"""
    unpacked = {name: f"of_kpi.{number}" for number, name in enumerate(CARRIED, start=1)}
    for side in ("now", "before"):
        unpacked |= {f"{side}_{name}": f"{side}.{number}" for number, name in enumerate(_OF_PERIOD, start=1)}
    asked = f"""
(
    SELECT
        {names}, now_is_hidden, before_is_hidden, words, wording, questions,
        {", ".join(f"{sql} AS {name}" for name, sql in unpacked.items())}
    FROM{indented(pivoted)} AS measured
    LEFT JOIN {indented(QUESTIONS).lstrip()} AS asked USING (kpi, kpi_variant, scope)
)"""
    nothing: dict[str, str] = {}
    layers = [one | other for one, other in zip_longest(trend_layers(), targets, fillvalue=nothing)]
    return layered(asked, *layers)


def _view(name: str, comment: str, keys: Shown, source: str) -> ParameterizedView:
    now, both = "now_is_hidden", any_of("now_is_hidden", "before_is_hidden")
    words = worded("words", both, "the answers of both periods")
    shown = keys | IDENTITY | SCALE | measured("now_", now) | flags("now_n", now) | words | _TREND | _TARGET
    meaning = f"Survey KPIs {comment}, against the period before and the map's target (additivity: derived)"
    return ParameterizedView(name, meaning, SELECTION | BEFORE, shown, source)


_STAGE: Final[Shown] = {name: (COLUMNS[name], COLUMNS[name].shown) for name in ("stage", "stage_order")}
_TOUCHPOINT: Final[Shown] = {"touchpoint": (COLUMNS["touchpoint"], "touchpoint")}
BY_STAGE = ("stage_order", "stage")
_STAGE_HERE: Final = "[toString(stage)]"

SURVEY_BY_TOUCHPOINT = _view(
    "survey_by_touchpoint",
    "of the selection by touchpoint and the stage where it stood",
    _TOUCHPOINT | _STAGE,
    _compared((BY_STAGE, ("touchpoint",)), target_layers(touchpoint=True, stages=_STAGE_HERE)),
)
SURVEY_BY_STAGE = _view(
    "survey_by_stage",
    "of the selection by stage",
    _STAGE,
    _compared((BY_STAGE,), target_layers(stages=_STAGE_HERE)),
)
SURVEY_API_VIEWS = (
    SURVEY_BY_TOUCHPOINT,
    SURVEY_BY_STAGE,
    _view("survey_total", "of the whole selection", {}, _compared((), target_layers())),
)
