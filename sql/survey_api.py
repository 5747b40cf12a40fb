"""Survey KPIs of a selection with their trend and target, by touchpoint, by stage and over all: what an analyst of a journey asks first."""

from __future__ import annotations

from typing import Final

from touchline.sql.parameterized import SELECTION, ParameterizedView
from touchline.sql.selection import SPLITS, is_filtered
from touchline.sql.suppression import hiding
from touchline.sql.survey_selection import CELL_KEYS, selected_cells
from touchline.sql.survey_values import value_layers
from touchline.sql.targets import QUESTIONS, target_layers, verdict_of_target
from touchline.sql.trends import SIDE, trend_layers
from touchline.sql.view_columns import COLUMNS, Column
from touchline.sql.views import indented, layered

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
    shown |= {
        name: (optional(name), f"if({is_hidden} OR {prefix}n = 0, NULL, {prefix}{name})")
        for name in ("value", "ci_low", "ci_high")
    }
    method = Column("LowCardinality(Nullable(String))", f"{COLUMNS['ci_method'].comment}; NULL without interval")
    return shown | {"ci_method": (method, f"if({is_hidden} OR {prefix}n = 0, NULL, {prefix}ci_method)")}


def flags(n: str, is_hidden: str) -> Shown:
    """Whether the number is of few answers, and whether it is hidden."""
    return {
        "is_small_n": (_SMALL, f"if({is_hidden}, NULL, {n} < small_n)"),
        "is_suppressed": (_SUPPRESSED, is_hidden),
    }


_NO_TREND: Final = "now_is_hidden OR before_is_hidden OR now_n = 0 OR before_n = 0"
_TREND: Final[Shown] = {
    "n_before": (
        Column(_COUNT, "Answers of the period before; NULL when suppressed"),
        "if(before_is_hidden, NULL, before_n)",
    ),
    "value_before": (
        Column(_NUMBER, "The KPI of the period before; NULL without answers and when suppressed"),
        "if(before_is_hidden OR before_n = 0, NULL, before_value)",
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
            "up or down where the interval of the change leaves zero out (of twenty KPIs that did not change one seems to), no proof of "
            "change, no answers to compare; NULL when suppressed",
        ),
        "if(now_is_hidden OR before_is_hidden, NULL, trend)",
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
        f"if(now_is_hidden OR now_n = 0, NULL, {verdict_of_target('now_ci_low', 'now_ci_high')})",
    ),
    "question": (
        Column("Nullable(String)", "Wording of the question in the map; NULL when the map does not ask it"),
        "question",
    ),
}
_PIVOTED: Final = (*SIDE, "n_neutral", "ci_method", "is_hidden")
_CARRIED: Final = ("kind", "lowest", "highest", "unit", "small_n", "is_low_good")


def _compared(
    keys: tuple[str, ...], hidden: list[dict[str, str]], is_hidden: str, targets: list[dict[str, str]]
) -> str:
    """Cells by `keys`, both periods in one row, with trend and target."""
    cells = layered(
        selected_cells({key: key for key in keys}, is_compared=True),
        *hidden,
        {"is_hidden": f"{IS_SPLIT} AND ({is_hidden})"},
        *value_layers(),
    )
    names = ", ".join((*keys, *CELL_KEYS[1:]))
    carried = ", ".join(f"any({name}) AS {name}" for name in _CARRIED)
    sides = ",\n        ".join(
        f"anyIf({name}, period = {number}) AS {side}_{name}"
        for number, side in enumerate(("now", "before"))
        for name in _PIVOTED
    )
    pivoted = f"""
(
    SELECT
        {names}, {carried},
        {sides}
    FROM{indented(cells)}
    WHERE n > 0 OR is_hidden
    GROUP BY {names}
)"""
    asked = f"""
(
    SELECT * FROM{indented(pivoted)} AS measured
    LEFT JOIN {indented(QUESTIONS).lstrip()} AS asked USING (kpi, kpi_variant, scope)
)"""
    return layered(asked, *trend_layers(), *targets)


def _view(name: str, comment: str, keys: Shown, source: str) -> ParameterizedView:
    shown = (
        keys | IDENTITY | SCALE | measured("now_", "now_is_hidden") | flags("now_n", "now_is_hidden") | _TREND | _TARGET
    )
    meaning = f"Survey KPIs {comment}, against the period before and the map's target (additivity: derived)"
    return ParameterizedView(name, meaning, SELECTION | BEFORE, shown, source)


_STAGE: Final[Shown] = {name: (COLUMNS[name], COLUMNS[name].shown) for name in ("stage", "stage_order")}
_TOUCHPOINT: Final[Shown] = {"touchpoint": (COLUMNS["touchpoint"], "touchpoint")}
_TOTAL = hiding("total", CELL_KEYS)
_BY_STAGE = hiding("stage", CELL_KEYS, ("stage", "stage_order"))
_BY_TOUCHPOINT = hiding("touchpoint", (*CELL_KEYS, "stage", "stage_order"), ("touchpoint",))

SURVEY_API_VIEWS = (
    _view(
        "survey_by_touchpoint",
        "of the selection by touchpoint and the stage where it stood",
        _TOUCHPOINT | _STAGE,
        _compared(
            ("touchpoint", "stage", "stage_order"),
            [*_TOTAL, *_BY_STAGE, *_BY_TOUCHPOINT],
            "is_hidden_total OR is_hidden_stage OR is_hidden_touchpoint",
            target_layers(touchpoint=True, stage=True),
        ),
    ),
    _view(
        "survey_by_stage",
        "of the selection by stage",
        _STAGE,
        _compared(
            ("stage", "stage_order"),
            [*_TOTAL, *_BY_STAGE],
            "is_hidden_total OR is_hidden_stage",
            target_layers(stage=True),
        ),
    ),
    _view(
        "survey_total",
        "of the whole selection",
        {},
        _compared((), _TOTAL, "is_hidden_total", target_layers()),
    ),
)
