"""What a query reads. Forcing a projection says less: it fails where a scalar subquery reads a table that has none."""

from __future__ import annotations

import re

from clickhouse_driver import Client

LEDGER = "journey_raw.ledger"
"""What stands for the ledger's own rows, where no projection answers."""


def tables_read(client: Client, query: str) -> set[str]:
    """Names of the tables and projections that the plan of the query reads; scalar subqueries are values by then."""
    plan = "\n".join(line for (line,) in client.execute(f"EXPLAIN {query}"))
    found = set(re.findall(r"ReadFromMergeTree \(([^)]+)\)", plan))
    assert found or "ReadFromPreparedSource" in plan, plan
    return found
