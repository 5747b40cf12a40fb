"""Quarantined records that need nobody any more: the table that commands append to, and which of its rows count.

A record in the ledger is never changed by a command: its worker alone writes its stream. So what people decide of it stands beside it,
under the one name that a Kafka record keeps for ever: stream and offset.

Why: docs/decisions/0120.
"""

from __future__ import annotations

IS_OPEN = "(stream, offset) NOT IN (SELECT stream, offset FROM journey_raw.settlements)"
"""Of a row of the ledger: nobody has settled its record."""

SETTLED = """(
    SELECT
        stream, offset, argMin(outcome, settled_at) AS settled_as, argMin(note, settled_at) AS settled_note,
        min(settled_at) AS settled_since
    FROM journey_raw.settlements
    GROUP BY stream, offset
)"""
"""The settlement of each settled record."""
