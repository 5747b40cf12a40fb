"""Which rows of a view, in which order: conditions on its columns, `order`, `limit`, `offset`, `count`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from touchline.dashboards.server.asking.catalogue import AskedView
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.asking.parsing import count_of, literal, plain_type
from touchline.service.problem import RequestRefused
from touchline.sql.language.selection import FILTER_COLUMNS

LIMIT_MAX: Final = 10_000
OFFSET_MAX: Final = 1_000_000
_COMPOSED: Final = re.compile(r"^(?:Array|Map|Tuple)\(")


class Rows(NamedTuple):
    """SQL conditions, SQL of the order, and how many rows; `limit` None: all. `is_count`: only how many there are."""

    conditions: Sequence[str]
    order: Sequence[str]
    limit: int | None
    offset: int
    is_count: bool


def chosen_rows(view: AskedView, parameters: Parameters, conditions: Sequence[str], *, is_whole: bool) -> Rows:
    """Raises RequestRefused for a column that is none, or a limit beyond 10,000 (`is_whole`: there is none)."""
    found = [*conditions, *_column_conditions(view, parameters)]
    limit, offset = parameters.one("limit"), parameters.one("offset")
    if limit is not None:
        size: int | None = count_of("limit", limit, 1, LIMIT_MAX)
    else:
        size = None if is_whole else LIMIT_MAX
    skipped = 0 if offset is None else count_of("offset", offset, 0, OFFSET_MAX)
    is_count = parameters.choice("count", ("0", "1"), "0") == "1"
    order = _order(view, parameters, is_paged=limit is not None or skipped > 0)
    return Rows(found, order, size, skipped, is_count)


def _column_conditions(view: AskedView, parameters: Parameters) -> Iterator[str]:
    """`<column>=value` (repeated: one of them; empty: not known), `<column>_min` and `<column>_max`."""
    taken = {*view.parameters, "from", "to", "version"}
    if "filter" in view.parameters:
        taken |= FILTER_COLUMNS.keys()
    for column, type_ in view.columns.items():
        if column in taken or _COMPOSED.match(type_):
            continue
        if values := parameters.several(column):
            yield _equals(column, type_, values)
        for suffix, comparison in (("_min", ">="), ("_max", "<=")):
            name = column + suffix
            if name not in view.columns and (value := parameters.one(name)) is not None:
                yield f"{column} {comparison} {literal(name, type_, value)}"


def _equals(column: str, type_: str, values: Sequence[str]) -> str:
    is_nullable = "Nullable(" in type_
    said = [literal(column, type_, value) for value in values if value or not is_nullable]
    alternatives = [f"{column} IN ({', '.join(said)})"] if said else []
    if len(said) < len(values):
        alternatives.append(f"{column} IS NULL")
    return " OR ".join(alternatives) if len(alternatives) == 1 else f"({' OR '.join(alternatives)})"


def _order(view: AskedView, parameters: Parameters, *, is_paged: bool) -> list[str]:
    """`order=-events,touchpoint`: by column, a minus for the greatest first; what is not known comes last.

    Where a page of rows is asked, all further columns break ties: two events of one instant differ in the last ones only, and the next page
    must go on where this one ends.
    """
    names: list[str] = []
    order: list[str] = []
    for word in (parameters.one("order") or "").split(","):
        column = word.strip().removeprefix("-")
        if not word.strip():
            continue
        if column not in view.columns:
            known = ", ".join(view.columns)
            raise RequestRefused(400, "order names no column of this view", f"known: {known}", field="order")
        names.append(column)
        order.append(f"{column}{' DESC' if word.strip().startswith('-') else ''} NULLS LAST")
    if is_paged:
        scalar = [name for name, type_ in view.columns.items() if not _COMPOSED.match(plain_type(type_))]
        order += [name for name in scalar if name not in names]
    return order
