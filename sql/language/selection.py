"""What a reader selects: the arguments that every view of `journey_api` with parameters takes, and the conditions that they mean.

    journey_api.NAME(map = 'retail', map_version = 2, date_from = '2026-01-01', date_to = '2026-03-31', filter = map('channel', ['web']))

The filter selects touchpoint events, and answers by the touchpoint that they are about. A journey (a person's cycle) is selected when at
least one of its touchpoint events is, and so is a person: funnel, paths, waits and lists of journeys then count whole journeys. One rule
for all, so that a chart, its drill-down, the funnel and the paths agree.

Conditions stand on columns of the ledger, never on what views make of them, so that they reach the keys of the projections. Folded with the
arguments, what is not filtered vanishes from them.
"""

from __future__ import annotations

from typing import Final

FILTER: Final = "{filter:Map(String, Array(String))}"
"""Key -> allowed values; no values or no key: all. '' is what is not known."""

FILTER_COLUMNS: Final = {
    "touchpoint": "touchpoint",
    "stage": "stage",
    "channel": "channel",
    "is_online": "toString(is_online)",
    "is_simulated": "toString(is_simulated)",
    "brand": "brand",
    "place": "place",
    "persona": "persona",
    "segment": "segment",
}
"""Keys of the filter -> their text in the ledger."""

SPLITS: Final = ("brand", "place", "persona", "segment")
"""Filters that split answers by who gave them or where: below k answers such a number is suppressed."""

PARAMETERS: Final = {
    "map": "String",
    "map_version": "UInt32",
    "date_from": "Date",
    "date_to": "Date",
    "filter": "Map(String, Array(String))",
}
"""Arguments of every such view -> their types. Days are local days, both included."""

AS_OF: Final = "{as_of:DateTime('UTC')}"
"""A further argument where it matters which journeys are still open: the moment from which one looks."""

OF_MAP: Final = "map = {map:String} AND map_version = {map_version:UInt32}"
IN_PERIOD: Final = "local_date BETWEEN {date_from:Date} AND {date_to:Date}"
_KNOWN = ", ".join(f"'{key}'" for key in FILTER_COLUMNS)
KNOWN_KEYS: Final = (
    f"(SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ({_KNOWN}), mapKeys({FILTER}))), "
    f"'unknown key of filter: {', '.join(FILTER_COLUMNS)} are known')) = 0"
)
"""A misspelt key must not select everything. A scalar subquery, which runs also where there is no row."""


def filtered(*keys: str) -> str:
    """The condition of these keys of the filter; of all without arguments."""
    return " AND ".join(
        f"(empty({FILTER}['{key}']) OR has({FILTER}['{key}'], {FILTER_COLUMNS[key]}))" for key in keys or FILTER_COLUMNS
    )


def is_filtered(*keys: str) -> str:
    """Whether the reader filters by one of these keys."""
    return "(" + " OR ".join(f"notEmpty({FILTER}['{key}'])" for key in keys) + ")"


SELECTED: Final = f"{OF_MAP} AND {IN_PERIOD} AND {filtered()} AND {KNOWN_KEYS}"
"""Rows of the ledger that the reader selects."""
