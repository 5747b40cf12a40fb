"""The generated pages docs/kpis.md and docs/views.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Final

from touchline.sql.all_views import EVENT_VIEWS
from touchline.sql.language.catalogue import SurveyKpi, Variant, load_catalogue
from touchline.sql.language.columns import Column
from touchline.sql.language.parameterized import SELECTION, ParameterizedView
from touchline.sql.language.selection import FILTER_COLUMNS
from touchline.sql.language.views import View

_PAGES: Final = Path(__file__).parent / "pages"
_GENERATED: Final = "<!-- Generated from sql/kpis.yaml by python -m touchline.sql.generate -->\n"


def kpis_page() -> str:
    """What each KPI means, for people."""
    catalogue = load_catalogue()
    counts = "".join(
        f"| `{kpi.id}` | {kpi.name} | {kpi.unit} | {kpi.additivity} | {kpi.formula} | "
        f"{_listed(dict.fromkeys(kpi.views + kpi.api_views))} |\n"
        for kpi in catalogue.counts
    )
    surveys = "".join(_survey_row(kpi, variant) for kpi, variant in catalogue.variants())
    by_number: dict[int, list[str]] = {}
    for survey in catalogue.surveys:
        by_number.setdefault(survey.small_n, []).append(survey.id)
    small_n = ", ".join(f"{number} ({_listed(names)})" for number, names in sorted(by_number.items()))
    k = catalogue.split_k
    return _page(
        "kpis",
        counts=counts,
        surveys=surveys,
        small_n=small_n,
        k=k,
        k_less_one=k - 1,
        compared_min=catalogue.compared_min,
        behind=_behind(),
    )


def _survey_row(kpi: SurveyKpi, variant: Variant) -> str:
    default = " (default)" if variant in kpi.defaults().values() else ""
    scale = f"{variant.scale[0]} to {variant.scale[1]}{' (low is good)' if variant.has_low_scores_good else ''}"
    shown = (variant.formula, variant.unit, variant.interval, variant.source)
    return f"| `{kpi.id}` | `{variant.id}`{default} | {scale} | {' | '.join(shown)} |\n"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _behind() -> str:
    return "".join(
        f"| `{one.mart}` | `{one.view.full_name}` | {', '.join(f'`{name}`' for name in one.adds)} |\n"
        for one in EVENT_VIEWS
    )


def views_page(views: Iterable[View], event_views: Iterable[View], api_views: Iterable[ParameterizedView]) -> str:
    """Every view and column that readers see."""
    return _page(
        "views",
        views="\n".join(map(_section, views)),
        event_views="\n".join(map(_section, event_views)),
        filter_keys=_listed(FILTER_COLUMNS),
        api_views="\n".join(map(_api_section, api_views)),
    )


def _page(name: str, **parts: object) -> str:
    """The text that stands in pages/NAME.md.in, with its parts."""
    text = (_PAGES / f"{name}.md.in").read_text(encoding="utf-8")
    return Template(text).substitute(generated=_GENERATED, **parts)


def _section(view: View) -> str:
    return f"## {view.name}\n\n{view.comment}.\n\n{_columns('column', {name: column for name, (column, _) in view.columns.items()})}"


def _api_section(view: ParameterizedView) -> str:
    own = {name: column for name, column in view.parameters.items() if SELECTION.get(name) != column}
    common = [f"`{name}`" for name in view.parameters if name not in own]
    parameters = f"Arguments: {', '.join(common)}" + (f"; and\n\n{_columns('argument', own)}" if own else ".\n")
    columns = _columns("column", {name: column for name, (column, _) in view.columns.items()})
    return f"## {view.name}\n\n{view.comment}.\n\n{parameters}\n{columns}"


def _columns(head: str, columns: Mapping[str, Column]) -> str:
    rows = "".join(f"| `{name}` | {column.type} | {column.comment} |\n" for name, column in columns.items())
    return f"| {head} | type | meaning |\n|---|---|---|\n{rows}"
