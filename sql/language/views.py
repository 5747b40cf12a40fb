"""A view that readers see: its columns in order, its meaning and its SELECT; and how that becomes DDL.

Why: docs/decisions/0053.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.select import Select

_REWRITES_LEFT_OUT = (
    "optimize_aggregators_of_group_by_keys",
    "optimize_group_by_function_keys",
    "optimize_injective_functions_in_group_by",
    "optimize_truncate_order_by_after_group_by_keys",
    "optimize_syntax_fuse_functions",
    "optimize_arithmetic_operations_in_aggregate_functions",
)
"""Rewrites of aggregates and their keys that find nothing in these views. To look for it they compare each key and argument together with
all that is below it (ClickHouse 26.9): of a deep nest of subqueries that is a third of the time to plan it."""
OWN_SETTINGS = f"SETTINGS join_use_nulls = 0{''.join(f', {name} = 0' for name in _REWRITES_LEFT_OUT)}"
"""Stand at the end of every view. `join_use_nulls`: a reader's session that has it otherwise (dbt, some drivers) would get NULL where a
join finds nothing, or an error in place of the view."""


class View(NamedTuple):
    """`columns` maps names to (column, SQL expression over `source`); `source` is what stands after FROM."""

    name: str
    comment: str
    columns: dict[str, tuple[Column, str]]
    source: str
    schema: str = "journey"

    @property
    def full_name(self) -> str:
        """With its schema."""
        return f"{self.schema}.{self.name}"

    def ddl(self) -> str:
        """CREATE OR REPLACE VIEW, with a comment on every column. The view reads with its definer's rights: readers have none on
        journey_raw."""
        selected = ",\n    ".join(sql if sql == name else f"{sql} AS {name}" for name, (_, sql) in self.columns.items())
        return (
            f"CREATE OR REPLACE VIEW {self.full_name}\n(\n{declared(self.columns)}\n)\nSQL SECURITY DEFINER\n"
            f"COMMENT {quoted(self.comment)}\nAS SELECT\n    {selected}\nFROM {self.source}\n{OWN_SETTINGS};\n"
        )


def declared(columns: Mapping[str, tuple[Column, str]]) -> str:
    """The columns as DDL."""
    return ",\n".join(
        f"    {name} {column.type} COMMENT {quoted(column.comment)}" for name, (column, _) in columns.items()
    )


def chosen(*names: str, **expressions: str) -> dict[str, tuple[Column, str]]:
    """Public columns by name, in order; a keyword replaces the expression of one of them."""
    return {name: (COLUMNS[name], expressions.get(name) or COLUMNS[name].shown or name) for name in names}


def own(columns: Mapping[str, tuple[str, str, str]]) -> dict[str, tuple[Column, str]]:
    """Columns of one view only: name -> (type, comment, expression or empty)."""
    return {name: (Column(type_, comment), sql or name) for name, (type_, comment, sql) in columns.items()}


def layered(source: str, *layers: dict[str, str], condition: str = "") -> str:
    """`source` with more columns: one SELECT * a layer, so that each layer may call the names of those before. `condition` stands in
    the first one."""
    for layer in layers:
        source = Select({"*": "*"} | layer, source, where=(condition,)).nested()
        condition = ""
    return source


def all_of(*conditions: str) -> str:
    """AND of conditions, none of them NULL, as the least of them. Above a deep nest of subqueries the engine takes 10 to 30 ms to plan each
    AND and OR (ClickHouse 26.9: it compares the sides together with all that is below them), and next to nothing for this."""
    return "least(" + ", ".join(conditions) + ")"


def any_of(*conditions: str) -> str:
    """OR, written as `greatest` for the same reason; a single condition is returned as is."""
    return "greatest(" + ", ".join(conditions) + ")" if len(conditions) > 1 else conditions[0]


def literal(value: object) -> str:
    """A SQL literal: NULL for None, a number as it is, a moment to the second, anything else as text."""
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return quoted(f"{value:%Y-%m-%d %H:%M:%S}")
    return str(value) if isinstance(value, int | float | Decimal) else quoted(str(value))


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
