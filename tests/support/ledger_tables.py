"""What readers see of a ledger, as one digest a table: to compare the ledgers of two runs over the same topic."""

from __future__ import annotations

import re

from clickhouse_driver import Client

from touchline.clickhouse.connect import connect
from touchline.settings import Settings

_WHEN_STORED = re.compile(r"stored|registered_at|shown_at|changed_at|received_at_since|delay")
"""Columns that tell when this run stored or registered something."""
SECRETLY = "SELECT kind, toString(fate), toString(reason), sum(sign) FROM journey_raw.ledger WHERE kind != 'mark' GROUP BY ALL ORDER BY ALL"

Digest = tuple[int, int]
"""Number of rows, and a hash over all of them in any order."""


def tables_of(settings: Settings) -> dict[str, Digest]:
    """Every view and table of schema `journey` that has no arguments, and the net rows of the ledger by kind and fate."""
    client = connect(settings)
    try:
        names = client.execute("SELECT name FROM system.tables WHERE database = 'journey' ORDER BY name")
        return {name: _digest(client, name) for (name,) in names} | {"ledger": _net_rows(client)}
    finally:
        client.disconnect()


def _digest(client: Client, name: str) -> Digest:
    columns = client.execute(
        "SELECT name FROM system.columns WHERE database = 'journey' AND table = %(name)s ORDER BY position",
        {"name": name},
    )
    compared = ", ".join(f"`{column}`" for (column,) in columns if not _WHEN_STORED.search(column))
    # Not a plain XOR: two rows that are alike would cancel each other.
    ((rows, digest),) = client.execute(
        f"SELECT count(), sum(cityHash64(toString(tuple({compared})))) FROM journey.`{name}`"
    )
    return int(rows), int(digest)


def _net_rows(client: Client) -> Digest:
    rows = client.execute(SECRETLY)
    return len(rows), hash(tuple(rows))
