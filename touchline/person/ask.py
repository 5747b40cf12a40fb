"""Questions about many identifiers at once: cut into parts, so that no statement grows without bound."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

from clickhouse_driver import Client

# The engine else looks a key up by scanning tables that it takes for small.
SETTINGS: Final = {"min_table_rows_to_use_projection_index": 0}
AT_ONCE: Final = 1_000
"""Identifiers in one query."""
Rows = list[tuple[Any, ...]]
_Any = TypeVar("_Any")


def ask(client: Client, query: str, **values: object) -> Rows:
    """The rows of one query that names identifiers."""
    rows: Rows = client.execute(query, values, settings=SETTINGS)
    return rows


def ask_of_keys(client: Client, query: str, keys: Collection[str]) -> Rows:
    """The rows of as many queries as `keys` take; none without keys. A row that two parts find comes twice."""
    return [row for part in parts(list(keys)) for row in ask(client, query, keys=tuple(part))]


def parts(values: Sequence[_Any], at_once: int = AT_ONCE) -> Iterator[Sequence[_Any]]:
    """The values in parts for one query each."""
    return (values[start : start + at_once] for start in range(0, len(values), at_once))
