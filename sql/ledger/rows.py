"""Which rows of the ledger count, and how a view reads them."""

from __future__ import annotations

NET_ROWS = "sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)"
"""Rows that stand: asserted and not retracted. The inner SELECT is answered by the projection `retracted`."""


def is_default_map(version: str = "map_version") -> str:
    """The condition of rows of the default map, whose version stands in that column."""
    newest = "(SELECT argMax({}, chosen_at) FROM journey_raw.default_map)"
    return f"map = {newest.format('map')} AND {version} = {newest.format('version')}"


DEFAULT_MAP = is_default_map()
"""Rows of the default map; none before one is chosen. Scalars, since behind IN (SELECT ...) no projection is used."""

AMOUNT = (
    "accurateCastOrNull(toDecimal128(amount_minor, 4) / toDecimal128(intExp10(currency_exponent), 0), 'Decimal(18, 4)')"
)
"""Money in units of its currency. NULL where it does not fit 14 digits before the point: one such amount must not break the view."""


def rows_of_ledger(condition: str, extra: str = "") -> str:
    """A subquery of the ledger's rows. Nested, so that a shown column may have the name of the kept one."""
    return f"\n(\n    SELECT *{extra} FROM journey_raw.ledger\n    WHERE {condition}\n)"
