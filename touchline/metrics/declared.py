"""Every metric of Touchline, once: name, kind, unit, help, labels with their bounds.

Names follow Prometheus: prefix of the product, base units, counters end in `_total`. Labels are bounded, so that no sender can make
series. Nothing here is counted per event while it happens: a worker adds up a batch at its end.

Why: docs/decisions/0081.
"""

from __future__ import annotations

from typing import Final

from touchline.metrics.kinds import Label, Metric, MetricKind
from touchline.schemas.personal.kinds import COUNTED
from touchline.schemas.reasons import Fate, Reason

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_DELAYS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0, 21_600.0, 86_400.0, 604_800.0)
_SIZES: Final = (1.0, 10.0, 100.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0, 100_000.0)

STEPS: Final = ("decode", "validate", "resolve", "settle", "attach", "assemble", "encode", "insert", "remember")
"""Steps of a batch in their order; `settle` and `attach` include what they read from the ledger."""
TICK_OUTCOMES: Final = ("done", "refused")
INSERT_OUTCOMES: Final = ("stored", "fenced", "refused", "unclear")
WAIT_CAUSES: Final = ("clickhouse", "kafka", "state")
EXPIRED_OUTCOMES: Final = ("erased", "anonymised")
REJOIN_CAUSES: Final = ("crashed", "reading_stuck", "topic_changed")
_ARRIVED: Final = tuple(fate.value for fate in Fate)
_MOVABLE: Final = tuple(fate.value for fate in Fate if fate is not Fate.SUPPRESSED)
_PARTITION: Final = Label("partition", bound="partitions that this worker holds")

BUILD_INFO = Metric(
    "touchline_build_info", MetricKind.GAUGE, "1", "Release that runs", (Label("version", bound="one"),)
)
READY = Metric("touchline_ready", MetricKind.GAUGE, "1", "1 while /readyz answers 200, else 0")

SOURCES_STALE = Metric(
    "touchline_sources_stale",
    MetricKind.GAUGE,
    "1",
    "1 while sources.yaml cannot be read as it stands, and the declarations of before hold; else 0",
)
WRITE_KEYS_STALE = Metric(
    "touchline_write_keys_stale",
    MetricKind.GAUGE,
    "1",
    "1 while the file of write keys cannot be read as it stands, and the keys of before hold; else 0",
)
SENDER_NAMES_STALE = Metric(
    "touchline_sender_names_stale",
    MetricKind.GAUGE,
    "1",
    "1 while sender_names_file cannot be read as it stands, and the names of before hold; else 0",
)
WEBHOOKS_STALE = Metric(
    "touchline_webhooks_stale",
    MetricKind.GAUGE,
    "1",
    "1 while webhooks_file, or a secret that it names, cannot be read as it stands, and the webhooks of before hold; else 0",
)

# Worker: the account. What has arrived minus and plus what moved since is what the view journey.account shows.
RECORDS_RECEIVED = Metric(
    "touchline_records_received_total",
    MetricKind.COUNTER,
    "records",
    "Kafka records that were accounted for in ClickHouse",
)
RECORDS = Metric(
    "touchline_records_total",
    MetricKind.COUNTER,
    "records",
    "The same by the fate that they had on arrival",
    (Label("fate", _ARRIVED),),
)
RECORDS_MOVED = Metric(
    "touchline_records_moved_total",
    MetricKind.COUNTER,
    "records",
    "Earlier records whose fate changed, such as an event that a revision superseded or that was erased",
    (Label("from_fate", _MOVABLE), Label("to_fate", _MOVABLE)),
)
RECORDS_QUARANTINED = Metric(
    "touchline_records_quarantined_total",
    MetricKind.COUNTER,
    "records",
    "Records quarantined on arrival, by reason",
    (Label("reason", tuple(reason.value for reason in Reason)),),
)
OFFSET_GAPS = Metric(
    "touchline_offset_gaps_total",
    MetricKind.COUNTER,
    "offsets",
    "Offsets without a record: expired, compacted, transactions",
)
UNKNOWN_FIELDS = Metric(
    "touchline_unknown_fields_total",
    MetricKind.COUNTER,
    "fields",
    "Fields of stored events that the contract does not name",
)

PERSONAL_VALUES = Metric(
    "touchline_personal_values_total",
    MetricKind.COUNTER,
    "values",
    "Personal values that came by Kafka and were masked before they were stored, by kind: a sender that is not ours",
    (Label("kind", COUNTED),),
)

# Worker: time
BATCH_RECORDS = Metric(
    "touchline_batch_records", MetricKind.HISTOGRAM, "records", "Records that one insert accounts for", buckets=_SIZES
)
BATCH_ROWS = Metric(
    "touchline_batch_rows", MetricKind.HISTOGRAM, "rows", "Ledger rows of one insert, all kinds", buckets=_SIZES
)
BATCH_SECONDS = Metric(
    "touchline_batch_seconds",
    MetricKind.HISTOGRAM,
    "seconds",
    "From decoding a batch until it is durable and the state follows",
    buckets=_SECONDS,
)
STEP_SECONDS = Metric(
    "touchline_step_seconds_total",
    MetricKind.COUNTER,
    "seconds",
    "Time spent in each step of a batch",
    (Label("step", STEPS),),
)
INSERT_SECONDS = Metric(
    "touchline_insert_seconds", MetricKind.HISTOGRAM, "seconds", "One INSERT, however it ended", buckets=_SECONDS
)
INSERTS = Metric(
    "touchline_inserts_total",
    MetricKind.COUNTER,
    "inserts",
    "INSERTs by outcome; unclear (no answer, or an error of the server) is tried again after the mark was read, fenced and refused "
    "stored nothing",
    (Label("outcome", INSERT_OUTCOMES),),
)
EVENT_DELAY = Metric(
    "touchline_event_delay_seconds",
    MetricKind.HISTOGRAM,
    "seconds",
    "Stored time minus event time, of stored events: how old what readers see is",
    buckets=_DELAYS,
)
RECEIVED_DELAY = Metric(
    "touchline_received_delay_seconds",
    MetricKind.HISTOGRAM,
    "seconds",
    "Stored time minus the time at which the sender's side received the event: the pipeline's own share",
    buckets=_DELAYS,
)

# Worker: work without records
TICKS = Metric(
    "touchline_ticks_total",
    MetricKind.COUNTER,
    "ticks",
    "Looks at a partition for work that comes without records, by outcome; refused is another worker's partition",
    (Label("outcome", TICK_OUTCOMES),),
)
ROWS_RESTATED = Metric(
    "touchline_rows_restated_total",
    MetricKind.COUNTER,
    "rows",
    "Attached rows that ticks wrote anew: persons were merged or parted, a map came, an answer's occasion changed",
)
IDENTIFIERS_HANDED_OVER = Metric(
    "touchline_identifiers_handed_over_total",
    MetricKind.COUNTER,
    "identifiers",
    "Identifiers given to another partition, which leads the person that they belong to",
)
EVENTS_EXPIRED = Metric(
    "touchline_events_expired_total",
    MetricKind.COUNTER,
    "records",
    "Records whose term was over, by what became of them; versions that did not count and repetitions are always erased",
    (Label("outcome", EXPIRED_OUTCOMES),),
)
RETENTION_SWEPT = Metric(
    "touchline_retention_swept_timestamp_seconds",
    MetricKind.GAUGE,
    "seconds",
    "Unix time at which a sweep last found nothing more in a partition whose term is over; no series where no source has `when_expired`",
    (_PARTITION,),
)
CLAIMS_WAITING = Metric(
    "touchline_claims_waiting",
    MetricKind.GAUGE,
    "events",
    "Events with a version that waits until all partitions know of it; one that never does says that a partition has no worker",
    (_PARTITION,),
)
DOUBLE_EVENTS = Metric(
    "touchline_double_events_total",
    MetricKind.COUNTER,
    "events",
    "Events that a sender gave two keys, each time as a first version, as a sweep found them",
)

ERASURES_OPEN = Metric(
    "touchline_erasures_open",
    MetricKind.GAUGE,
    "identifiers",
    "Identifiers that are to be erased and that the ledger still names: the request is not done, see `touchline erase --list`",
)

# Worker: trouble
STORE_WAITS = Metric(
    "touchline_store_waits_total",
    MetricKind.COUNTER,
    "waits",
    "Back-offs of the store, by what it waits for: ClickHouse, the topic's id in Kafka, or the disk of its state",
    (Label("cause", WAIT_CAUSES),),
)
STORE_BUSY = Metric(
    "touchline_store_busy_seconds",
    MetricKind.GAUGE,
    "seconds",
    "How long the store has held the batch that it works on; 0: none",
)
FENCED = Metric(
    "touchline_fenced_total",
    MetricKind.COUNTER,
    "batches",
    "Batches that met a newer writer's fence, at the insert or before it",
)
BATCHES_REFUSED = Metric(
    "touchline_batches_refused_total",
    MetricKind.COUNTER,
    "batches",
    "Batches given back unstored, to be read again by their owner",
)
ENGINE_AWAY = Metric(
    "touchline_engine_away_total",
    MetricKind.COUNTER,
    "looks",
    "Looks for an engine, or for its topic, that found none",
    (Label("engine", ("clickhouse", "kafka")),),
)
FELL_BACK = Metric(
    "touchline_ledger_fell_back_total",
    MetricKind.COUNTER,
    "partitions",
    "Times that a partition's mark was below what this worker had stored: a restored backup",
)

# Worker: place in the group
LAG = Metric(
    "touchline_partition_lag_records",
    MetricKind.GAUGE,
    "records",
    "Records in Kafka that are not durable yet",
    (_PARTITION,),
)
UNREADABLE = Metric(
    "touchline_partition_unreadable",
    MetricKind.GAUGE,
    "partitions",
    "1 for a partition that stands at a batch which cannot be read, by reason; 0 (none) for those that are read",
    (_PARTITION, Label("reason", ("none", "codec_missing", "damaged", "not_unpacked"))),
)
ASSIGNED = Metric(
    "touchline_assigned_partitions", MetricKind.GAUGE, "partitions", "Partitions that the group gave this worker"
)
REBALANCES = Metric(
    "touchline_rebalances_total",
    MetricKind.COUNTER,
    "rebalances",
    "Assignments of partitions that this worker received",
)
REJOINS = Metric(
    "touchline_rejoins_total",
    MetricKind.COUNTER,
    "rejoins",
    "Times that this worker left its group to join it anew",
    (Label("because", REJOIN_CAUSES),),
)
ACQUISITIONS = Metric(
    "touchline_acquisitions_total",
    MetricKind.COUNTER,
    "acquisitions",
    "Partitions taken over: fence, mark, state brought up to it",
)

# Worker: state
RESTORED_PERSONS = Metric(
    "touchline_restored_persons_total",
    MetricKind.COUNTER,
    "persons",
    "Persons of a lost or older state, each to be read from the ledger by the first batch that names one",
)
STATE_BYTES = Metric(
    "touchline_state_bytes",
    MetricKind.GAUGE,
    "bytes",
    "Size of the state: persons' tails on disk, ids in memory",
    (_PARTITION, Label("kind", ("tails", "ids"))),
)
STATE_IDS = Metric("touchline_state_ids", MetricKind.GAUGE, "ids", "Event ids known without a look-up", (_PARTITION,))
CACHED_TAILS = Metric("touchline_cached_tails", MetricKind.GAUGE, "persons", "Persons' tails in memory", (_PARTITION,))
TAIL_LOOKUPS = Metric(
    "touchline_tail_lookups_total",
    MetricKind.COUNTER,
    "persons",
    "Persons looked up for a batch: found in memory, on disk, or nowhere (new)",
    (Label("found", ("memory", "disk", "nowhere")),),
)

WORKER: Final = (
    BUILD_INFO, READY, SOURCES_STALE, RECORDS_RECEIVED, RECORDS, RECORDS_MOVED, RECORDS_QUARANTINED, OFFSET_GAPS,
    UNKNOWN_FIELDS, PERSONAL_VALUES, BATCH_RECORDS, BATCH_ROWS, BATCH_SECONDS, STEP_SECONDS, INSERT_SECONDS, INSERTS, EVENT_DELAY,
    RECEIVED_DELAY, TICKS, ROWS_RESTATED, IDENTIFIERS_HANDED_OVER, EVENTS_EXPIRED, RETENTION_SWEPT, CLAIMS_WAITING, DOUBLE_EVENTS,
    ERASURES_OPEN,
    STORE_WAITS, STORE_BUSY, FENCED, BATCHES_REFUSED, ENGINE_AWAY, FELL_BACK, LAG, UNREADABLE, ASSIGNED, REBALANCES, REJOINS,
    ACQUISITIONS, RESTORED_PERSONS, STATE_BYTES, STATE_IDS, CACHED_TAILS, TAIL_LOOKUPS,
)  # fmt: skip

# Collector
STATUSES: Final = (
    "200", "202", "400", "401", "404", "405", "408", "413", "415", "422", "429", "500", "503", "other",
)  # fmt: skip
REQUESTS = Metric(
    "touchline_collector_requests_total",
    MetricKind.COUNTER,
    "requests",
    "Requests that were answered, by status",
    (Label("status", STATUSES),),
)
REQUEST_SECONDS = Metric(
    "touchline_collector_request_seconds",
    MetricKind.HISTOGRAM,
    "seconds",
    "From a request's head to its answer; health and metrics aside",
    buckets=_SECONDS,
)
EVENTS_ACCEPTED = Metric(
    "touchline_collector_events_accepted_total",
    MetricKind.COUNTER,
    "events",
    "Events that are durable: acknowledged by Kafka, or in the outbox",
)
EVENTS_SUPPRESSED = Metric(
    "touchline_collector_events_suppressed_total",
    MetricKind.COUNTER,
    "events",
    "Events that were taken and will not be kept: their source works under consent, and they name no grant",
)
EVENTS_REJECTED = Metric(
    "touchline_collector_events_rejected_total",
    MetricKind.COUNTER,
    "events",
    "Events that were not taken, by the reason that their sender heard",
    (Label("reason", tuple(reason.value for reason in Reason)),),
)
VALUES_MASKED = Metric(
    "touchline_collector_personal_values_total",
    MetricKind.COUNTER,
    "values",
    "Personal values that were masked in events that were taken, by kind; named: their field is declared personal",
    (Label("kind", COUNTED),),
)
IN_FLIGHT = Metric(
    "touchline_collector_in_flight_bytes",
    MetricKind.GAUGE,
    "bytes",
    "Bodies and events in memory; the setting of that name bounds it",
)
NOT_KEPT = Metric(
    "touchline_collector_not_kept_total",
    MetricKind.COUNTER,
    "requests",
    "Requests answered 503 because Kafka or the outbox did not take their events",
)
REFUSED_NOT_KEPT = Metric(
    "touchline_collector_refused_not_kept_total",
    MetricKind.COUNTER,
    "events",
    "Refused events that did not get into the quarantine: Kafka or the outbox did not take them, or they are too large",
)
ANSWERS_UNMAPPED = Metric(
    "touchline_collector_answers_unmapped_total",
    MetricKind.COUNTER,
    "answers",
    "Answers that came by webhooks to questions that no mapping names, so that nothing is kept of them, by source; one that comes again "
    "counts again",
    (Label("source", bound="sources of webhooks.yaml"),),
)
CLOCK_AHEAD = Metric(
    "touchline_collector_clock_ahead_seconds",
    MetricKind.GAUGE,
    "seconds",
    "How far this machine's clock is ahead of Kafka's (negative: behind), while Kafka refuses its time; 0: it does not",
)
OUTBOX_RECORDS = Metric(
    "touchline_outbox_waiting_records", MetricKind.GAUGE, "records", "Records in the outbox, waiting for Kafka"
)
OUTBOX_BYTES = Metric(
    "touchline_outbox_waiting_bytes", MetricKind.GAUGE, "bytes", "Their size; outbox_limit_bytes bounds it"
)
OUTBOX_OLDEST = Metric(
    "touchline_outbox_oldest_seconds",
    MetricKind.GAUGE,
    "seconds",
    "Age of the oldest record in the outbox; 0: it is empty",
)
OUTBOX_ASIDE = Metric(
    "touchline_outbox_aside_records",
    MetricKind.GAUGE,
    "records",
    "Records that Kafka refused for good, in the file aside.ndjson",
)
OUTBOX_KAFKA_AWAY = Metric(
    "touchline_outbox_kafka_away", MetricKind.GAUGE, "1", "1 while the outbox cannot be brought to Kafka, else 0"
)

COLLECTOR: Final = (
    BUILD_INFO, READY, SOURCES_STALE, WRITE_KEYS_STALE, SENDER_NAMES_STALE, WEBHOOKS_STALE, REQUESTS, REQUEST_SECONDS, EVENTS_ACCEPTED,
    EVENTS_SUPPRESSED, EVENTS_REJECTED, VALUES_MASKED, IN_FLIGHT, NOT_KEPT, REFUSED_NOT_KEPT, ANSWERS_UNMAPPED, CLOCK_AHEAD,
)  # fmt: skip
OUTBOX: Final = (OUTBOX_RECORDS, OUTBOX_BYTES, OUTBOX_OLDEST, OUTBOX_ASIDE, OUTBOX_KAFKA_AWAY)
"""Of a collector with an outbox."""

# Dashboard
DASHBOARD_REQUESTS = Metric(
    "touchline_dashboard_requests_total",
    MetricKind.COUNTER,
    "requests",
    "Requests that were answered; status 499: the reader left before",
    (Label("endpoint", bound="routes of the server"), Label("status", bound="HTTP statuses")),
)
QUERY_SECONDS = Metric(
    "touchline_dashboard_query_seconds",
    MetricKind.HISTOGRAM,
    "seconds",
    "What ClickHouse took for a query, however it ended, by the view that was asked",
    (Label("query", bound="views of the release"),),
    buckets=_SECONDS,
)
QUERIES = Metric(
    "touchline_dashboard_queries",
    MetricKind.GAUGE,
    "queries",
    "Queries that ClickHouse works on for this server; dashboard_queries bounds it",
)
QUERIES_WAITING = Metric(
    "touchline_dashboard_queries_waiting", MetricKind.GAUGE, "queries", "Queries that wait for their turn"
)
SHARED_ANSWERS = Metric(
    "touchline_dashboard_shared_answers_total",
    MetricKind.COUNTER,
    "answers",
    "Answers that came from a query that another reader had asked within two seconds",
)

DASHBOARD: Final = (
    BUILD_INFO, READY, DASHBOARD_REQUESTS, QUERY_SECONDS, QUERIES, QUERIES_WAITING, SHARED_ANSWERS,
)  # fmt: skip

# Care
CARE_LOOK_SECONDS = Metric(
    "touchline_care_look_seconds",
    MetricKind.HISTOGRAM,
    "seconds",
    "What a look at the news of the ledger took, with what was decided and told",
    buckets=_SECONDS,
)
CARE_CHANGES = Metric(
    "touchline_care_changes_total",
    MetricKind.COUNTER,
    "events",
    "Cases that were opened, that lapsed, and that stand again",
)
CARE_ALERTS = Metric(
    "touchline_care_alerts",
    MetricKind.GAUGE,
    "alerts",
    "Alerts that wait for a sink, and dead letters",
    (Label("sink", bound="sinks of the rules file"), Label("state", ("waits", "dead"))),
)
CARE: Final = (BUILD_INFO, READY, CARE_LOOK_SECONDS, CARE_CHANGES, CARE_ALERTS)


# Surveys
SURVEY_REQUESTS = Metric(
    "touchline_surveys_requests_total",
    MetricKind.COUNTER,
    "requests",
    "Requests that were answered",
    (Label("endpoint", bound="routes of the server"), Label("status", bound="HTTP statuses")),
)
ASK_SECONDS = Metric(
    "touchline_surveys_ask_seconds",
    MetricKind.HISTOGRAM,
    "seconds",
    "From the question whether somebody may be asked to the answer, the event stored safely included",
    buckets=_SECONDS,
)
DECISIONS = Metric(
    "touchline_surveys_decisions_total",
    MetricKind.COUNTER,
    "decisions",
    "Decisions by their reason; asked is the one yes",
    (Label("reason", bound="reasons of decisions, see docs/surveys.md"),),
)
ASKS_REMEMBERED = Metric(
    "touchline_surveys_asks_remembered",
    MetricKind.GAUGE,
    "asks",
    "Asks that are kept in mind until they were seen in the ledger",
)
INVITATIONS = Metric(
    "touchline_surveys_invitations_total",
    MetricKind.COUNTER,
    "invitations",
    "Tries to hand an invitation over: taken by the other side, failed (it is tried again), refused for good, or held back by a rule",
    (Label("outcome", bound="taken, failed, refused, held_back"),),
)
INVITATIONS_WAITING = Metric(
    "touchline_surveys_invitations_waiting",
    MetricKind.GAUGE,
    "invitations",
    "Invitations that were decided and not handed over yet",
)

SURVEYS: Final = (
    BUILD_INFO, READY, SOURCES_STALE, WRITE_KEYS_STALE, SURVEY_REQUESTS, ASK_SECONDS, DECISIONS, ASKS_REMEMBERED, INVITATIONS,
    INVITATIONS_WAITING,
)  # fmt: skip

SETS: Final = {
    "worker": WORKER,
    "collector": COLLECTOR,
    "collector with an outbox": OUTBOX,
    "dashboard": DASHBOARD,
    "care": CARE,
    "surveys": SURVEYS,
}
"""Which process exposes which metrics."""
