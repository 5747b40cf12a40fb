"""Grafana's dashboards as they are exported, and what Grafana sends to ClickHouse: a query after its variables and macros.

By the documented rules of Grafana and of the plugin grafana-clickhouse-datasource (docs/sources/query-editor.md and template-variables.md
there).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from touchline.dashboards.bi.export import Tool, exported

ALL = "$__all"
_MACRO = re.compile(r"\$__(\w+)")


class Range(NamedTuple):
    """The dashboard's period and the width of a bucket that Grafana chose."""

    start: datetime
    end: datetime
    interval_seconds: int


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    """The exported dashboards by their name without ending."""
    files = exported(Tool.GRAFANA)
    return {PurePosixPath(name).stem: json.loads(files[name]) for name in sorted(files) if name.endswith(".json")}


def expand(sql: str, chosen: Mapping[str, list[str]], options: Mapping[str, list[str]], within: Range) -> str:
    """`chosen` holds the values of each variable, [ALL] for All, which stands for all of its `options`.

    Raises ValueError for a macro or a variable that is not known: Grafana would send it as it stands.
    """
    sql = _with_conditions(sql, chosen)
    sql = re.sub(r"\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)", lambda found: _value(found, chosen, options), sql)
    return _with_macros(sql, within)


def _with_conditions(sql: str, chosen: Mapping[str, list[str]]) -> str:
    """$__conditionalAll(condition, $variable): the condition, or 1=1 for All. Before variables are put in, as the plugin does."""
    name = "$__conditionalAll("
    while (start := sql.find(name)) >= 0:
        end = _closing(sql, start + len(name))
        condition, variable = (part.strip() for part in sql[start + len(name) : end].rsplit(",", 1))
        if not re.fullmatch(r"\$\w+", variable) or variable[1:] not in chosen:
            raise ValueError(f"$__conditionalAll takes a plain variable, not {variable}")
        sql = sql[:start] + ("1=1" if ALL in chosen[variable[1:]] else condition) + sql[end + 1 :]
    return sql


def _value(found: re.Match[str], chosen: Mapping[str, list[str]], options: Mapping[str, list[str]]) -> str:
    name, form = found[1] or found[3], found[2]
    if name not in chosen:
        raise ValueError(f"there is no variable {name}")
    values = options[name] if ALL in chosen[name] else chosen[name]
    if form == "singlequote":
        return ",".join("'" + value.replace("'", "\\'") + "'" for value in values)
    if form:
        raise ValueError(f"no rule here for the format {form}")
    return ",".join(values)


def _with_macros(sql: str, within: Range) -> str:
    start, end = int(within.start.timestamp()), int(within.end.timestamp())
    first, last = f"toDateTime({start})", f"toDateTime({end})"
    first_day, last_day = f"toDate('{within.start:%Y-%m-%d}')", f"toDate('{within.end:%Y-%m-%d}')"
    plain = {"fromTime": first, "toTime": last, "interval_s": str(within.interval_seconds)}
    calls: dict[str, Callable[[str], str]] = {
        "timeFilter": lambda column: f"{column} >= {first} AND {column} <= {last}",
        "dateFilter": lambda column: f"{column} >= {first_day} AND {column} <= {last_day}",
        "timeInterval": lambda column: (
            f"toStartOfInterval(toDateTime({column}), INTERVAL {within.interval_seconds} second)"
        ),
    }
    while found := _MACRO.search(sql):
        name, after = found[1], found.end()
        if name in calls and sql[after : after + 1] == "(":
            end_of_call = _closing(sql, after + 1)
            sql = sql[: found.start()] + calls[name](sql[after + 1 : end_of_call]) + sql[end_of_call + 1 :]
        elif name in plain:
            sql = sql[: found.start()] + plain[name] + sql[after:]
        else:
            raise ValueError(f"there is no macro $__{name}")
    return sql


def _closing(sql: str, start: int) -> int:
    """Where the bracket closes that was opened before `start`."""
    depth = 1
    for place in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[place], 0)
        if depth == 0:
            return place
    raise ValueError(f"a bracket does not close: {sql[start - 20 : start + 40]}")
