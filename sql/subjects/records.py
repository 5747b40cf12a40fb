"""What became of each record that Kafka has: the account, what is kept out, and how fresh the data are."""

from __future__ import annotations

from typing import Final

from touchline.schemas.reasons import Fate
from touchline.sql.language.columns import COLUMNS
from touchline.sql.language.views import View, own
from touchline.sql.ledger.rows import NET_ROWS, rows_of_ledger
from touchline.sql.ledger.settlements import IS_OPEN, SETTLED

FATES = tuple(fate.value for fate in Fate)
_STREAM = "splitByChar('/', toString(stream))"
_QUARANTINED = f"kind = 'received' AND fate = 'quarantined'\n      AND {NET_ROWS}"
_QUARANTINE_COLUMNS = own(
    {
        "received_at": (
            "DateTime64(6, 'UTC')",
            "When the sender's side received it, else when it was stored (UTC)",
            "if(toUnixTimestamp64Micro(received_time) = 0, toDateTime64(stored_time, 6, 'UTC'), received_time)",
        ),
        "topic": ("LowCardinality(String)", "Kafka topic", f"{_STREAM}[1]"),
        "partition": ("UInt32", "Kafka partition", f"toUInt32({_STREAM}[3])"),
        "offset": ("Int64", "Kafka offset", ""),
        "source": (
            COLUMNS["campaign"].type,
            "Source, as far as it could be read; NULL otherwise",
            "nullIf(source, '')",
        ),
        "reason": ("LowCardinality(String)", "Why (closed set, see docs)", ""),
        "field": (
            COLUMNS["campaign"].type,
            "Path of the offending field; NULL when no single field offends",
            "nullIf(field, '')",
        ),
    }
)
QUARANTINE = View(
    "quarantine",
    "One row per record that is kept out and not settled, with the reason",
    _QUARANTINE_COLUMNS,
    rows_of_ledger(f"{_QUARANTINED}\n      AND {IS_OPEN}"),
)
QUARANTINE_SETTLED = View(
    "quarantine_settled",
    "One row per quarantined record that was replayed or discarded",
    _QUARANTINE_COLUMNS
    | own(
        {
            "outcome": (
                "LowCardinality(String)",
                "replayed (its event is in the ledger), repeated (a replay that was refused once more) or discarded",
                "settled_as",
            ),
            "note": (
                "String",
                "Why it was discarded; of a replay the record that brought the event, or that it was there already",
                "settled_note",
            ),
            "settled_at": ("DateTime64(6, 'UTC')", "When it was settled (UTC)", "settled_since"),
        }
    ),
    f"{rows_of_ledger(_QUARANTINED)} AS quarantined\nINNER JOIN {SETTLED} AS settled USING (stream, offset)",
)
ACCOUNT = View(
    "account",
    "The account of each topic-partition: every record has exactly one fate (additivity: sum)",
    own(
        {
            "topic": ("LowCardinality(String)", "Kafka topic", f"{_STREAM}[1]"),
            "incarnation": (
                "LowCardinality(String)",
                "Id of the topic: a topic made anew has another",
                f"{_STREAM}[2]",
            ),
            "partition": ("UInt32", "Kafka partition", f"toUInt32({_STREAM}[3])"),
            "received": ("Int64", "Records read from Kafka", "counts['received']"),
            "stored": ("Int64", "Records whose event stands", "counts['stored']"),
            "duplicate": ("Int64", "Records that repeat an event with the same payload", "counts['duplicate']"),
            "superseded": (
                "Int64",
                "Records that lost to a higher revision or a more complete answer",
                "counts['superseded']",
            ),
            "quarantined": ("Int64", "Records kept out, with a reason (view quarantine)", "counts['quarantined']"),
            "suppressed": ("Int64", "Records that may not be kept for want of consent", "counts['suppressed']"),
            "erased": ("Int64", "Records of erased persons", "counts['erased']"),
            "gaps": ("Int64", "Offsets that hold no record (compaction, transactions, retention)", ""),
            "is_balanced": (
                "UInt8",
                "1 when received = sum of the fates, and offsets = received + gaps",
                f"received = {' + '.join(FATES)} AND last_offset - first_offset + 1 = received + gaps",
            ),
        }
    ),
    """
(
    SELECT stream, min(first_offset) AS first_offset, max(offset) AS last_offset, sum(gaps) AS gaps, sumMap(fate_counts) AS counts
    FROM journey_raw.ledger
    WHERE kind = 'mark'
    GROUP BY stream
)""",
)
_STORED: Final = f"kind = 'received' AND fate = 'stored' AND {NET_ROWS}"
FRESHNESS = View(
    "freshness",
    "How fresh the data of each source are",
    own(
        {
            "source": ("LowCardinality(String)", "System that sent the events (dim_source.id)", ""),
            "last_event_time": ("DateTime64(6, 'UTC')", "Time of its newest event (UTC)", "newest"),
            "last_received_at": (
                "Nullable(DateTime64(6, 'UTC'))",
                "When the sender's side received its newest one (UTC); NULL when it does not say",
                "if(toUnixTimestamp64Micro(received) = 0, NULL, received)",
            ),
            "last_stored_at": ("DateTime64(3, 'UTC')", "When the newest one was stored (UTC)", "stored"),
            "events": ("Int64", "Events that stand, of every type (additivity: sum)", "toInt64(events_stored)"),
            "delay_p50_seconds": (
                "Float64",
                "First time from an event to where it can be read that half of them did not exceed, of those stored in the last day before "
                "last_stored_at",
                "delays[1]",
            ),
            "delay_p90_seconds": ("Float64", "The first time within which 90 % of these could be read", "delays[2]"),
        }
    ),
    f"""
(
    SELECT
        source, max(event_time) AS newest, max(received_time) AS received, max(stored_time) AS stored, count() AS events_stored,
        quantilesExactWeightedIf(0.5, 0.9)(
            toUnixTimestamp64Milli(stored_time) / 1000 - toUnixTimestamp64Micro(event_time) / 1000000,
            1, stored_time > newest_stored - toIntervalDay(1)
        ) AS delays
    FROM journey_raw.ledger
    INNER JOIN
    (
        SELECT source AS sender, max(stored_time) AS newest_stored
        FROM journey_raw.ledger
        WHERE {_STORED}
        GROUP BY sender
    ) AS newest ON source = sender
    WHERE {_STORED}
    GROUP BY source
)""",
)
