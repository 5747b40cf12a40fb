"""Which rows of the ledger count, and how a view reads them.

Why: docs/decisions/0052, docs/decisions/0053, docs/decisions/0186.
"""

from __future__ import annotations


def or_mark(condition: str) -> str:
    """The condition of a projection that keeps some rows only: these, and the mark that each insert has.

    ClickHouse merges no parts of which one has a projection and another has not, and a projection of no rows is not written. So each must
    keep a row of every insert. Whoever reads one repeats this, and leaves the marks out by another condition.
    """
    return f"({condition} OR kind = 'mark')"


NET_ROWS = f"sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE {or_mark('sign = -1')})"
"""Rows that stand: asserted and not retracted; marks are none of them. The inner SELECT is answered by the projection `retracted`."""


_HIDDEN = "(SELECT groupArray((map, version)) FROM journey_raw.hidden_maps)"


def is_shown(version: str = "map_version") -> str:
    """The condition of rows of versions of maps that readers may see: under which all events are attached, and which are not dropped. A
    constant that vanishes from the query where nothing is hidden, which is nearly always."""
    return f"(empty({_HIDDEN}) OR NOT has({_HIDDEN}, (toString(map), {version})))"


IS_SHOWN = is_shown()


def newest_shown(column: str, condition: str) -> str:
    """A column of the newest of these choices of what readers see."""
    return f"(SELECT argMax({column}, shown_at) FROM journey_raw.shown_maps WHERE {condition})"


def is_default_map(version: str = "map_version") -> str:
    """The condition of rows of the default map, whose version stands in that column."""
    return f"map = {newest_shown('map', 'is_default')} AND {version} = {newest_shown('version', 'is_default')}"


def is_newest_shown() -> str:
    """Of a table with `map` and `version`: whether readers see this version who name none; of a map of which none was chosen, any."""
    newest = "SELECT toString(map) AS map, argMax(version, shown_at) AS seen FROM journey_raw.shown_maps GROUP BY map"
    return (
        f"(SELECT CAST(groupArray((map, seen)), 'Map(String, UInt32)') FROM ({newest}))[toString(map)] IN (0, version)"
    )


DEFAULT_MAP = is_default_map()
"""Rows of the default map; none before one is chosen. Scalars, since behind IN (SELECT ...) no projection is used."""

AMOUNT = (
    "accurateCastOrNull(toDecimal128(amount_minor, 4) / toDecimal128(intExp10(currency_exponent), 0), 'Decimal(18, 4)')"
)
"""Money in units of its currency. NULL where it does not fit 14 digits before the point: one such amount must not break the view."""


def amount_class() -> str:
    """The class of an amount as text, such as 20-50: its bounds are 1, 2 and 5 times a power of ten, and the lower one belongs to it.

    In whole units, so that no amount falls out of its class by rounding."""
    units = "intDiv(amount_minor, intExp10(currency_exponent))"
    power = f"intExp10(length(toString({units})) - 1)"
    first = f"intDiv({units}, {power})"
    low, high = (
        f"toString(multiIf({first} >= 5, {of_5}, {first} >= 2, {of_2}, {of_1}) * {power})"
        for of_5, of_2, of_1 in ((5, 2, 1), (10, 5, 2))
    )
    return f"multiIf(currency = '', NULL, amount_minor < 0, 'refund', {units} = 0, '0-1', concat({low}, '-', {high}))"


def rows_of_ledger(condition: str, extra: str = "") -> str:
    """A subquery of the ledger's rows. Nested, so that a shown column may have the name of the kept one."""
    return f"\n(\n    SELECT *{extra} FROM journey_raw.ledger\n    WHERE {condition}\n)"
