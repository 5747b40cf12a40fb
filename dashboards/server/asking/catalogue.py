"""The views that may be asked: all of `touchline.sql`, so that a view is served as soon as it is defined there.

Why: docs/decisions/0152.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from touchline.sql.all_views import ALL_VIEWS
from touchline.sql.language.parameterized import ParameterizedView
from touchline.sql.language.views import View


class AskedView(NamedTuple):
    """`parameters` maps the view's arguments, `columns` its columns to ClickHouse types; both in order. A plain view has no parameters."""

    full_name: str
    parameters: Mapping[str, str]
    columns: Mapping[str, str]


def catalogue(views: Iterable[View | ParameterizedView] = ALL_VIEWS) -> dict[str, AskedView]:
    """Name without schema -> view. Where `journey` and `journey_api` had the same name, the one with arguments is asked."""
    found: dict[str, AskedView] = {}
    for view in views:
        parameters = view.parameters if isinstance(view, ParameterizedView) else {}
        if view.name not in found or parameters:
            found[view.name] = AskedView(
                view.full_name,
                {name: column.type for name, column in parameters.items()},
                {name: column.type for name, (column, _) in view.columns.items()},
            )
    return found
