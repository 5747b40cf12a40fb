"""A query as a small value, printed once: so that a column or a condition is added to a value and not to a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

WIDTH = 100
"""Columns and conditions that are longer stand on lines of their own."""


class Select(NamedTuple):
    """`columns` maps names to expressions, `*` to itself. `source` is another query, or text: a table, or whatever else may stand after
    FROM; empty for the query of a projection. Conditions of `where` and `having` all hold; empty ones are left out."""

    columns: Mapping[str, str]
    source: str | Select = ""
    where: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    having: tuple[str, ...] = ()

    def to_sql(self) -> str:
        """The query, its keywords at the left edge."""
        source = self.source.nested() if isinstance(self.source, Select) else self.source
        clauses = [
            ("SELECT", _listed(_named(self.columns))),
            ("FROM", source if source.startswith("\n") else f" {source}" if source else ""),
            ("WHERE", _all_of(self.where)),
            ("GROUP BY", f" {', '.join(self.group_by)}" if self.group_by else ""),
            ("HAVING", _all_of(self.having)),
        ]
        return "\n".join(f"{keyword}{text}" for keyword, text in clauses if text)

    def nested(self) -> str:
        """As a subquery, beginning on a line of its own: what stands behind FROM."""
        return "\n(\n" + indented(self.to_sql()) + "\n)"


def indented(text: str, indent: str = "    ") -> str:
    """The text with every line moved to the right."""
    return "\n".join(indent + line if line else line for line in text.splitlines())


def _named(columns: Mapping[str, str]) -> list[str]:
    return [name if name == sql else f"{sql} AS {name}" for name, sql in columns.items()]


def _listed(items: list[str]) -> str:
    short = ", ".join(items)
    if not items or (len(short) <= WIDTH and "\n" not in short):
        return f" {short}" if items else ""
    return "\n    " + ",\n    ".join(items)


def _all_of(conditions: tuple[str, ...]) -> str:
    kept = [condition for condition in conditions if condition]
    return f" {f'{chr(10)}    AND '.join(kept)}" if kept else ""
