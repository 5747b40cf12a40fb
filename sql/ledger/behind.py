"""The events behind each cell of each mart: `journey_api.<mart>_events`.

One row per event and cell, under the mart's own dimension columns, with what the event adds to the cell: the sums of these columns are the
mart's numbers. Made from the definitions that the marts are made from, so that a chart and its drill-down cannot disagree.

Why: docs/decisions/0085.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from touchline.sql.language.columns import COLUMNS, Column
from touchline.sql.language.views import View
from touchline.sql.ledger.projections import (
    TOUCHPOINT_TYPE,
    Projection,
)
from touchline.sql.ledger.rows import IS_SHOWN, NET_ROWS
from touchline.sql.ledger.simulated import is_label

SCHEMA: Final = "journey_api"
EVENT: Final = ("event_time", "source", "event_id", "person")
ONE: Final = "toInt64(1)"
_VALUES: Final = frozenset(
    (
        "events", "persons", "journeys", "orders", "amount", "n", "n_positive", "n_neutral", "n_negative", "numerator", "denominator",
        "value", "reached", "reached_next", "advanced", "completed", "dropped", "open", "rest_completed", "rest_dropped", "rest_open",
        "rate", "ci_low", "ci_high", "ci_method",
    )
)  # fmt: skip
"""Columns of marts that are numbers, not dimensions."""


"""What an event adds that is counted."""


class EventView(NamedTuple):
    """The view of the events behind a mart: `keys` are the mart's dimension columns, `adds` the columns that sum up to the mart's.
    Only events of `event_type` are in it."""

    mart: str
    event_type: str
    view: View
    keys: tuple[str, ...]
    adds: tuple[str, ...]


def behind(mart: View, adds: dict[str, str], source: str, event_type: str = TOUCHPOINT_TYPE) -> EventView:
    """`adds` maps columns of the mart to what one event adds."""
    keys = {
        name: column for name, column in mart.columns.items() if name not in _VALUES and not is_label(name, column[0])
    }
    event = {name: (COLUMNS[name], COLUMNS[name].shown or name) for name in EVENT if name not in keys}
    added = {name: (_added(mart.columns[name][0]), sql) for name, sql in adds.items()}
    comment = f"The events behind journey.{mart.name}: one row per event and cell, with what it adds to the cell (additivity: sum)"
    view = View(f"{mart.name}_events", comment, keys | event | added, source, SCHEMA)
    return EventView(mart.name, event_type, view, tuple(keys), tuple(adds))


def _added(column: Column) -> Column:
    return Column(column.type, f"What the event adds to: {column.comment[0].lower()}{column.comment[1:]}")


def rows_behind(projection: Projection, condition: str = "") -> str:
    """The standing rows that a projection sums, with its keys that are no columns of the ledger."""
    made = "".join(f", {sql} AS {name}" for name, sql in projection.keys.items() if sql != name)
    where = f"{projection.rows}\n      AND {IS_SHOWN}{condition}\n      AND {NET_ROWS}"
    return f"\n(\n    SELECT *{made}\n    FROM journey_raw.ledger\n    WHERE {where}\n)"
