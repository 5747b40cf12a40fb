"""Quarantined records that need nobody any more: the table that commands append to, and which of its rows count.

A record in the ledger is never changed by a command: its worker alone writes its stream. So what people decide of it stands beside it,
under the one name that a Kafka record keeps for ever: stream and offset.
"""

from __future__ import annotations

SETTLEMENTS = """CREATE TABLE IF NOT EXISTS journey_raw.settlements
(
    stream LowCardinality(String) COMMENT 'Topic, topic incarnation and partition of the quarantined record',
    offset Int64 COMMENT 'Its Kafka offset',
    outcome LowCardinality(String) COMMENT 'replayed, repeated or discarded',
    note String COMMENT 'Why it was discarded; of a replay the record that brought the event, or that it was there already',
    settled_at DateTime64(6, 'UTC') COMMENT 'The first settlement of a record counts'
)
ENGINE = MergeTree ORDER BY (stream, offset)
COMMENT 'Quarantined records that need nobody any more; only commands write here, and they only append';
"""
NO_SETTLEMENTS = "DROP TABLE IF EXISTS journey_raw.settlements SYNC;\n"

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
