"""The fact views: one row per real thing, of what stands."""

from __future__ import annotations

from touchline.sql.catalogue import load_catalogue
from touchline.sql.projections import ANSWER_ROWS, TOUCHPOINT_ROWS, UNMAPPED
from touchline.sql.settlements import IS_OPEN, SETTLED
from touchline.sql.simulated import label, labelled
from touchline.sql.surveys import variant_key
from touchline.sql.view_columns import COLUMNS, FACTS, MAP
from touchline.sql.views import DEFAULT_MAP, NET_ROWS, View, chosen, own, rows_of_ledger

_ATTACHED = chosen(
    *("event_time", "local_date", "source", "event_id", "revision", "person", *FACTS, *MAP),
    *("is_mapped", "cycle", "transition", "wait_seconds", "is_conversion", "rule", "evidence"),
)
_DEFAULT_ROWS = f"{TOUCHPOINT_ROWS}\n      AND {NET_ROWS}\n      AND {DEFAULT_MAP}"

AMOUNT = (
    "accurateCastOrNull(toDecimal128(amount_minor, 4) / toDecimal128(intExp10(currency_exponent), 0), 'Decimal(18, 4)')"
)
"""Money in units of its currency. NULL where it does not fit 14 digits before the point: one such amount must not break the view."""

TOUCHPOINTS = View(
    "touchpoints",
    "One row per touchpoint event, as the default map attaches it",
    _ATTACHED,
    rows_of_ledger(_DEFAULT_ROWS),
)
ATTACHMENTS = View(
    "attachments",
    "One row per touchpoint event and journey map",
    _ATTACHED,
    rows_of_ledger(f"{TOUCHPOINT_ROWS}\n      AND {NET_ROWS}"),
)
ANSWERS = View(
    "answers",
    "One row per survey answer, at the stage of its touchpoint in the default map",
    chosen(
        *(
            "answered_at",
            "about_time",
            "source",
            "event_id",
            "person",
            *FACTS,
            *MAP,
            "survey",
            "question",
            "kpi",
            "variant",
        ),
        *("scope", "scale_min", "scale_max", "score", "disposition"),
    ),
    rows_of_ledger(
        f"{ANSWER_ROWS}\n      AND {NET_ROWS}\n      AND {DEFAULT_MAP}",
        f",\n    {variant_key(load_catalogue())} AS kpi_variant",
    ),
)
ORDERS = View(
    "orders",
    "One row per event that names an order or an amount; refunds are negative",
    chosen(
        *("event_time", "local_date", "source", "event_id", "order_id", "kind", "amount", "currency", "person", *FACTS),
        amount=f"if(currency != '', {AMOUNT}, NULL)",
    ),
    rows_of_ledger(f"{_DEFAULT_ROWS}\n      AND (currency != '' OR order_id != '')"),
)
JOURNEYS = View(
    "journeys",
    "One row per person, map and journey cycle",
    chosen("person", "map", "map_version", "cycle", person="person", cycle="cycle")
    | own(
        {
            "started_at": ("DateTime64(6, 'UTC')", "First touchpoint of the cycle (UTC)", ""),
            "last_at": ("DateTime64(6, 'UTC')", "Last touchpoint of the cycle so far (UTC)", ""),
            "converted_at": ("Nullable(DateTime64(6, 'UTC'))", "First conversion of the cycle; NULL when none yet", ""),
            "max_stage_order": (
                "Nullable(UInt8)",
                "Highest stage reached; NULL when no touchpoint is mapped",
                "nullIf(highest, 0)",
            ),
            "touchpoints": ("UInt64", "Number of touchpoints (additivity: sum)", ""),
            "is_simulated": (
                "UInt8",
                "1 when a touchpoint of it is simulated: label it wherever it is shown",
                "simulated",
            ),
        }
    ),
    f"""
(
    SELECT
        person, map, map_version, cycle, min(event_time) AS started_at, max(event_time) AS last_at,
        minOrNullIf(event_time, is_conversion = 1) AS converted_at, max(stage_order) AS highest, count() AS touchpoints,
        max(is_simulated) AS simulated
    FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS} AND person != '' AND cycle > 0
      AND {NET_ROWS}
    GROUP BY person, map, map_version, cycle
)""",
)
_OF_TOUCHPOINT = {name: name for name in ("map", "map_version", "touchpoint")}
_IS_SIMULATED = "is_simulated = 1 AND stage = ''"
UNMAPPED_EVENTS = View(
    "unmapped",
    "Touchpoint events to which the default map gives no stage (additivity: sum)",
    chosen("source", "touchpoint", "action", "events")
    | label("an event of that touchpoint which the map does not place is simulated"),
    f"{labelled(UNMAPPED.reading(''), _OF_TOUCHPOINT, _IS_SIMULATED)}\nWHERE events != 0 AND {DEFAULT_MAP}",
)
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

FACT_VIEWS = (TOUCHPOINTS, ATTACHMENTS, ANSWERS, ORDERS, JOURNEYS, UNMAPPED_EVENTS, QUARANTINE, QUARANTINE_SETTLED)
