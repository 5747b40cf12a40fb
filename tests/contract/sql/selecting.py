"""Arguments of views of `journey_api`, as a reader would write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clickhouse_driver import Client

from touchline.sql.all_views import API_VIEWS
from touchline.sql.language.parameterized import ParameterizedView

VIEWS: Mapping[str, ParameterizedView] = {view.name: view for view in API_VIEWS}
DEFAULTS = {
    "map": "'retail'",
    "map_version": "1",
    "date_from": "'2026-03-01'",
    "date_to": "'2026-03-28'",
    "before_from": "'2026-02-01'",
    "before_to": "'2026-02-28'",
    "filter": "map()",
    "as_of": "'2026-03-29 00:00:00'",
    "grain": "'day'",
    "by": "'touchpoint'",
    "mode": "'in_order'",
    "steps": "4",
    "top": "3",
    "person": "'k1:a'",
    "cycle": "1",
    "kpi": "'nps'",
    "variant": "'standard'",
    "scope": "'transactional'",
    "answers": "'all'",
    "grouped": "'all'",
    "days": "30",
}
"""One value for each argument, whatever the view; a new argument needs a line here."""


def call(name: str, filter_: Mapping[str, Sequence[str]] | None = None, **arguments: object) -> str:
    """What stands after FROM; what is not given is taken from DEFAULTS."""
    view = VIEWS[name]
    given = {key: f"'{value}'" for key, value in arguments.items()}
    if filter_:
        pairs = ", ".join(f"'{key}', {[*values]!r}" for key, values in filter_.items())
        given["filter"] = f"map({pairs})"
    return view.called(**{key: given.get(key, DEFAULTS.get(key, "")) for key in view.parameters})


def rows_of(client: Client, name: str, *args: Any, **arguments: Any) -> list[dict[str, Any]]:
    """The rows of a view by column."""
    rows, columns = client.execute(f"SELECT * FROM {call(name, *args, **arguments)}", with_column_types=True)
    return [dict(zip((column for column, _ in columns), row, strict=True)) for row in rows]
