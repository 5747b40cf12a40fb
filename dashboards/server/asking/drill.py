"""From a figure of the page to the journeys behind it: conditions on `journeys` and `journeys_of_answers` that their plain columns do not
give.

- `touchpoint_last`, `stage_last`: where the journey ended, or stands.
- `touchpoint_met`, `stage_met`: where it came by, inside the period and the filter or not: the journeys of a row of `waits`.
- `step` with `node_from`, `node_to` or both: the journeys of one edge of `paths`, asked with the same `by`, `steps` and `top`. Step k leads
  from the k-th node of a journey to the next; step 0 from `(start)`. A touchpoint that is called like a mark has a star behind its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from touchline.dashboards.server.asking.catalogue import AskedView
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.asking.parsing import count_of, literal
from touchline.service.problem import RequestRefused
from touchline.sql.ledger.stays import name_of_shown, shown_name

LISTS: Final = frozenset(("journeys", "journeys_of_answers"))
PATHS: Final = {"touchpoint": "path", "stage": "stage_path"}
"""Level of a path -> the column of `journeys` that holds it."""
STEPS_MAX: Final = 50
_LAST: Final = {"touchpoint_last": "path", "stage_last": "stage_path"}
_MET: Final = {"touchpoint_met": "path", "stage_met": "stage_path"}
_DEFAULT_STEPS, _DEFAULT_TOP = "5", "6"


def drill_conditions(
    name: str, view: AskedView, arguments: Mapping[str, str], views: Mapping[str, AskedView], parameters: Parameters
) -> list[str]:
    """SQL conditions on a list of journeys; none for other views. Raises RequestRefused."""
    if name not in LISTS:
        return []
    conditions = [_ends_at(column, parameters.several(given), given) for given, column in _LAST.items()]
    conditions += [_came_by(column, parameters.several(given), given) for given, column in _MET.items()]
    by = parameters.choice("by", PATHS, "touchpoint")
    step = parameters.one("step")
    ends = {side: parameters.one(side) for side in ("node_from", "node_to")}
    shown = {
        part: parameters.one(part) or default for part, default in (("steps", _DEFAULT_STEPS), ("top", _DEFAULT_TOP))
    }
    if step is None:
        if given := next((side for side, node in ends.items() if node is not None), None):
            raise RequestRefused(400, "a node of a path needs its step", "give step, as paths tells it", field=given)
        return [one for one in conditions if one]
    edge = count_of("step", step, 0, count_of("steps", shown["steps"], 1, STEPS_MAX) - 1)
    for place, (side, node) in enumerate(ends.items()):
        if node is not None:
            known = _shown_nodes(view, arguments, views, by, shown, f"{side[5:]}_node", edge)
            conditions.append(
                _is_at(PATHS[by], edge + place, node, literal(side, "String", name_of_shown(node)), known)
            )
    return [one for one in conditions if one]


def _ends_at(column: str, values: list[str], field: str) -> str:
    return f"{column}[-1] IN ({', '.join(literal(field, 'String', value) for value in values)})" if values else ""


def _came_by(column: str, values: list[str], field: str) -> str:
    return f"hasAny({column}, [{', '.join(literal(field, 'String', value) for value in values)}])" if values else ""


def _is_at(column: str, place: int, node: str, named: str, known: str) -> str:
    """Whether the node at that place of the journey, counted from 1, is this one; `named` is the name behind it as SQL."""
    if (place == 0) != (node == "(start)"):
        return "0"
    match node:
        case "(start)":
            return ""
        case "(end)":
            return f"length({column}) < {place} AND state != 'open'"
        case "(open)":
            return f"length({column}) < {place} AND state = 'open'"
        case "(other)":
            return f"length({column}) >= {place} AND {shown_name(f'{column}[{place}]')} NOT IN ({known})"
    return f"{column}[{place}] = {named}"


def _shown_nodes(
    view: AskedView,
    arguments: Mapping[str, str],
    views: Mapping[str, AskedView],
    by: str,
    shown: Mapping[str, str],
    column: str,
    step: int,
) -> str:
    """The nodes that `paths` names at that step; all others are its `(other)`."""
    paths = views.get("paths")
    if paths is None:
        return "''"
    given = {
        **arguments,
        "by": f"'{by}'",
        **{part: str(count_of(part, value, 1, STEPS_MAX)) for part, value in shown.items()},
    }
    listed = ", ".join(f"{name} = {given[name]}" for name in paths.parameters)
    return f"SELECT {column} FROM {paths.full_name}({listed}) WHERE step = {step}"
