"""One question: a view, its arguments, and which of its rows in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from touchline.dashboards.server.arguments import wrong_argument
from touchline.dashboards.server.asking.catalogue import AskedView
from touchline.dashboards.server.asking.drill import drill_conditions
from touchline.dashboards.server.asking.maps import KnownMap, chosen_before, chosen_map, chosen_moment, chosen_period
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.asking.parsing import literal, moment_literal
from touchline.dashboards.server.asking.rows import Rows, chosen_rows
from touchline.service.problem import RequestRefused
from touchline.sql.language.selection import FILTER_COLUMNS
from touchline.sql.language.views import quoted

FILTER_VALUES_MAX: Final = 200
DEFAULTS: Final = {"grain": "day", "mode": "in_order", "by": "touchpoint", "steps": "5", "top": "6", "answers": "all"}
"""Of arguments that are no part of what every reader selects."""
_FLAGS: Final = frozenset(("is_online", "is_simulated"))


class Question(NamedTuple):
    """`arguments` maps the view's parameters to SQL literals, in the order of its parameters."""

    name: str
    view: AskedView
    arguments: dict[str, str]
    rows: Rows


def read_question(
    name: str,
    views: Mapping[str, AskedView],
    parameters: Parameters,
    maps: Sequence[KnownMap],
    now: datetime,
    *,
    is_whole: bool = False,
) -> Question:
    """The question that a URL asks. `is_whole`: all rows, unless it names a limit.

    Raises RequestRefused: 404 for an unknown view, 400 for whatever cannot be taken, unknown parameters included.
    """
    view = views.get(name)
    if view is None:
        raise RequestRefused(404, "there is no such view", "see docs/views.md for their names")
    arguments = _arguments(view, parameters, maps, now)
    conditions = drill_conditions(name, view, arguments, views, parameters)
    rows = chosen_rows(view, parameters, conditions, is_whole=is_whole)
    parameters.require_all_read()
    return Question(name, view, arguments, rows)


def _arguments(view: AskedView, parameters: Parameters, maps: Sequence[KnownMap], now: datetime) -> dict[str, str]:
    chosen: dict[str, str] = {}
    if "map" in view.parameters:
        known = chosen_map(parameters, maps)
        chosen |= {"map": quoted(known.map), "map_version": str(known.map_version)}
        if "as_of" in view.parameters:
            chosen["as_of"] = moment_literal(chosen_moment(parameters, known, now))
        if "date_from" in view.parameters:
            period = chosen_period(parameters, known, now.date())
            chosen |= {"date_from": _day(period.first), "date_to": _day(period.last)}
            if "before_from" in view.parameters:
                before = chosen_before(parameters, period)
                chosen |= {"before_from": _day(before.first), "before_to": _day(before.last)}
    if "filter" in view.parameters:
        chosen["filter"] = _filter(parameters)
    return {name: chosen.get(name) or _further(parameters, name, type_) for name, type_ in view.parameters.items()}


def _further(parameters: Parameters, name: str, type_: str) -> str:
    """An argument that only some views have."""
    value = parameters.one(name)
    if value is None:
        value = DEFAULTS.get(name)
    if value is None:
        raise RequestRefused(400, f"the parameter {name} is missing", f"give a value of {type_}", field=name)
    return literal(name, type_, value)


def _filter(parameters: Parameters) -> str:
    """map('channel', ['web', 'app']) of repeated parameters; '' is what is not known."""
    pairs = []
    for key in FILTER_COLUMNS:
        values = parameters.several(key)
        if not values:
            continue
        if len(values) > FILTER_VALUES_MAX:
            raise RequestRefused(400, f"{key} has too many values", f"give at most {FILTER_VALUES_MAX}", field=key)
        if key in _FLAGS and (wrong := [value for value in values if value not in ("0", "1")]):
            raise wrong_argument(key, wrong[0], "0 or 1")
        literals = ", ".join(literal(key, "String", value) for value in values)
        pairs.append(f"'{key}', [{literals}]")
    return f"map({', '.join(pairs)})"


def _day(day: object) -> str:
    return quoted(str(day))
