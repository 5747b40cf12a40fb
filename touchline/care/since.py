"""From when on facts are told: the first start of `touchline care`, kept in the ledger, where a lost folder changes nothing.

The first start says so by an event, and nobody is looked at before the ledger has it: so that of two that begin at once, or one that is
killed and loses its folder, both say the same. Where cases are older than any such event, the first of them counts.

Why: docs/decisions/0207.
"""

from __future__ import annotations

from typing import Any, Final

from clickhouse_driver import Client

from touchline.schemas.events import CASE
from touchline.schemas.times import format_time
from touchline.sql.ledger.rows import NET_ROWS

BEGAN: Final = "began"


def began_event(now_us: int, source: str) -> dict[str, Any]:
    """Says that `touchline care` begins. Of several the earliest counts."""
    return {
        "type": CASE,
        "id": f"{BEGAN}/{now_us}",
        "source": source,
        "time": format_time(now_us),
        "persons": [],
        "case": BEGAN,
        "rule": BEGAN,
        "state": BEGAN,
        "about": {"touchpoint": BEGAN},
    }


def read_since(client: Client) -> int | None:
    """The first start, in microseconds since 1970; None where the ledger knows of none."""
    ((began, opened),) = client.execute(_SINCE)
    return began or opened or None


def earlier(first: int, asked_us: int | None) -> int:
    """The first start, or the earlier time that the settings name."""
    return first if asked_us is None else min(first, asked_us)


_SINCE: Final = f"""
SELECT toUnixTimestamp64Micro(minIf(event_time, action = '{BEGAN}')), toUnixTimestamp64Micro(minIf(event_time, action = 'opened'))
FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND event_type = '{CASE}' AND action IN ('{BEGAN}', 'opened') AND {NET_ROWS}"""
