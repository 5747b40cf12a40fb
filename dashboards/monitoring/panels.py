"""What the operations dashboard shows, as data: rows of panels, each with its PromQL and what to read from it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Query(NamedTuple):
    """One expression and the name of its series, in Grafana's `{{label}}` form."""

    expr: str
    legend: str


class Panel(NamedTuple):
    """One panel. `unit` is Grafana's: short, s, bytes, rps (requests a second), cps (counts a second), percentunit."""

    title: str
    unit: str
    description: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    width: int = 8
    """Of 24."""


class Row(NamedTuple):
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


RATE: Final = "[$__rate_interval]"


def _quantiles(metric: str, by: str = "", quantiles: tuple[float, ...] = (0.5, 0.9, 0.99)) -> tuple[Query, ...]:
    more = f", {by}" if by else ""
    legend = f" {{{{{by}}}}}" if by else ""
    return tuple(
        Query(
            f"histogram_quantile({quantile}, sum by (le{more}) (rate({metric}_bucket{RATE})))",
            f"{quantile:.0%}{legend}",
        )
        for quantile in quantiles
    )


def _rates(metric: str, *by: str) -> Query:
    legend = " to ".join(f"{{{{{label}}}}}" for label in by)
    grouped = f" by ({', '.join(by)})" if by else ""
    return Query(f"sum{grouped} (rate({metric}{RATE}))", legend or "all")


def _stat(title: str, unit: str, description: str, expr: str) -> Panel:
    return Panel(title, unit, description, (Query(expr, ""),), "stat", 4)


GLANCE: Final = Row(
    "At a glance",
    (
        _stat(
            "Workers not ready",
            "short",
            "Workers whose /readyz answers 503, and those that Prometheus cannot reach.",
            'count(up{job="touchline-worker"} == 0 or touchline_ready{job="touchline-worker"} == 0) or vector(0)',
        ),
        _stat(
            "Records a second",
            "cps",
            "Kafka records that were accounted for in ClickHouse.",
            f"sum(rate(touchline_records_received_total{RATE}))",
        ),
        _stat(
            "Records waiting",
            "short",
            "In Kafka and not durable in ClickHouse yet, all partitions.",
            "sum(max by (partition) (touchline_partition_lag_records))",
        ),
        _stat(
            "Pipeline delay, 90 %",
            "s",
            "Nine of ten events are stored so soon after the sender's side received them.",
            f"histogram_quantile(0.9, sum by (le) (rate(touchline_received_delay_seconds_bucket{RATE})))",
        ),
        _stat(
            "Quarantined, 24 h",
            "short",
            "Records that could not be understood or believed. See them with `touchline quarantine list`.",
            "sum(increase(touchline_records_quarantined_total[24h]))",
        ),
        _stat(
            "Waiting in outboxes",
            "short",
            "Events that a collector has answered 202 for and Kafka has not yet.",
            "sum(touchline_outbox_waiting_records) or vector(0)",
        ),
    ),
)

FATES: Final = Row(
    "Throughput and fates",
    (
        Panel(
            "Records by fate",
            "cps",
            "Each record has one fate on arrival; the sum is what was received.",
            (_rates("touchline_records_total", "fate"),),
        ),
        Panel(
            "Quarantined by reason",
            "cps",
            "A sudden reason is a sender that changed: `touchline quarantine list --reason` names source and field.",
            (_rates("touchline_records_quarantined_total", "reason"),),
        ),
        Panel(
            "Fates that changed later",
            "cps",
            "Revisions supersede what was stored, conflicts put it aside.",
            (_rates("touchline_records_moved_total", "from_fate", "to_fate"),),
        ),
        Panel(
            "Offsets without a record, unknown fields",
            "cps",
            "Gaps beside transactions: Kafka dropped records before they were read. Unknown fields are kept as properties.",
            (
                Query(f"sum(rate(touchline_offset_gaps_total{RATE}))", "gaps"),
                Query(f"sum(rate(touchline_unknown_fields_total{RATE}))", "unknown fields"),
            ),
        ),
        Panel(
            "Batch size",
            "short",
            "Mean of an insert. Small batches under load cost CPU; see capacity in docs/operations.md.",
            (
                Query(
                    f"sum(rate(touchline_batch_records_sum{RATE})) / sum(rate(touchline_batch_records_count{RATE}))",
                    "records",
                ),
                Query(
                    f"sum(rate(touchline_batch_rows_sum{RATE})) / sum(rate(touchline_batch_rows_count{RATE}))", "rows"
                ),
            ),
        ),
        Panel(
            "Records by worker",
            "cps",
            "Uneven workers: too few partitions, or a few persons that send most.",
            (_rates("touchline_records_received_total", "instance"),),
        ),
    ),
)

DELAY: Final = Row(
    "Lag and delay",
    (
        Panel(
            "Lag by partition",
            "short",
            "Records that are not durable yet. One that grows alone has a slow owner or none.",
            (Query("max by (partition) (touchline_partition_lag_records)", "{{partition}}"),),
        ),
        Panel(
            "Pipeline delay",
            "s",
            "Stored time minus received time: Kafka and the worker.",
            _quantiles("touchline_received_delay_seconds"),
        ),
        Panel(
            "Age of events when stored",
            "s",
            "Stored time minus event time: late tills and offline apps show here.",
            _quantiles("touchline_event_delay_seconds"),
        ),
    ),
)

TIME: Final = Row(
    "Where the time goes",
    (
        Panel("Batch seconds", "s", "From decoding until durable.", _quantiles("touchline_batch_seconds")),
        Panel("Insert seconds", "s", "ClickHouse's share, however it ended.", _quantiles("touchline_insert_seconds")),
        Panel(
            "Seconds a record by step",
            "s",
            "Wall time; settle and attach include what they read from the ledger for late and repeated events.",
            (
                Query(
                    f"sum by (step) (rate(touchline_step_seconds_total{RATE})) "
                    f"/ ignoring (step) group_left sum(rate(touchline_records_received_total{RATE}))",
                    "{{step}}",
                ),
            ),
        ),
    ),
)

TROUBLE: Final = Row(
    "Trouble",
    (
        Panel(
            "Inserts by outcome",
            "cps",
            "unclear: no answer, tried again after the mark was read; fenced: another worker owns the partition.",
            (_rates("touchline_inserts_total", "outcome"),),
        ),
        Panel(
            "Waits and absent engines",
            "cps",
            "What the store waits for; looks for an engine in vain.",
            (
                Query(f"sum by (cause) (rate(touchline_store_waits_total{RATE}))", "waits for {{cause}}"),
                Query(f"sum by (engine) (rate(touchline_engine_away_total{RATE}))", "{{engine}} away"),
            ),
        ),
        Panel(
            "A batch in hand",
            "s",
            "How long the store has held its batch. Beyond stall_seconds the worker is not ready.",
            (Query("max by (instance) (touchline_store_busy_seconds)", "{{instance}}"),),
        ),
        Panel(
            "Group",
            "cps",
            "Rebalances without a deployment are workers that come and go.",
            (
                Query(f"sum(rate(touchline_rebalances_total{RATE}))", "rebalances"),
                Query(f"sum by (because) (rate(touchline_rejoins_total{RATE}))", "rejoins, {{because}}"),
                Query(f"sum(rate(touchline_acquisitions_total{RATE}))", "acquisitions"),
            ),
        ),
        Panel(
            "Fenced and given back",
            "cps",
            "Batches that another worker's fence refused, and batches that are read again.",
            (
                Query(f"sum(rate(touchline_fenced_total{RATE}))", "fenced"),
                Query(f"sum(rate(touchline_batches_refused_total{RATE}))", "given back"),
            ),
        ),
        Panel(
            "Ledger fell back",
            "short",
            "Partitions that were behind what a worker had stored: a restored backup.",
            (Query("sum(increase(touchline_ledger_fell_back_total[1h]))", "in the last hour"),),
        ),
    ),
)

STATE: Final = Row(
    "Workers' state",
    (
        Panel(
            "State size",
            "bytes",
            "Tails on disk, ids in memory; a cache, made anew from the ledger when it is lost.",
            (Query("sum by (kind) (touchline_state_bytes)", "{{kind}}"),),
        ),
        Panel(
            "Persons and ids",
            "short",
            "Tails in memory, ids known without a look-up, persons read from the ledger again.",
            (
                Query("sum(touchline_cached_tails)", "cached persons"),
                Query("sum(touchline_state_ids)", "ids"),
                Query("sum(increase(touchline_restored_persons_total[1h]))", "persons restored in the last hour"),
            ),
        ),
        Panel(
            "Where persons are found",
            "percentunit",
            "Mostly disk: more persons are active than fit into memory.",
            (
                Query(
                    f"sum by (found) (rate(touchline_tail_lookups_total{RATE})) "
                    f"/ ignoring (found) group_left sum(rate(touchline_tail_lookups_total{RATE}))",
                    "{{found}}",
                ),
            ),
        ),
        Panel(
            "Memory",
            "bytes",
            "Resident, mapped pages of the state's files included, which the system takes back at need.",
            (Query('process_resident_memory_bytes{job=~"touchline-.*"}', "{{job}} {{instance}}"),),
        ),
        Panel(
            "CPU",
            "percentunit",
            "A worker has one core's worth at most.",
            (Query(f'rate(process_cpu_seconds_total{{job=~"touchline-.*"}}{RATE})', "{{job}} {{instance}}"),),
        ),
        Panel(
            "Releases",
            "short",
            "More than one while workers are rolled.",
            (
                Query("count by (job, version) (touchline_build_info)", "{{job}} {{version}}"),
                Query("sum(touchline_assigned_partitions)", "assigned partitions"),
            ),
        ),
    ),
)

COLLECTOR: Final = Row(
    "Collector",
    (
        Panel(
            "Requests by status",
            "rps",
            "429: a write key sends too fast. 503: no room, or events cannot be kept.",
            (_rates("touchline_collector_requests_total", "status"),),
        ),
        Panel(
            "Events",
            "cps",
            "Accepted ones are durable; the others have the reason that their sender heard.",
            (
                Query(f"sum(rate(touchline_collector_events_accepted_total{RATE}))", "accepted"),
                Query(f"sum by (reason) (rate(touchline_collector_events_rejected_total{RATE}))", "{{reason}}"),
            ),
        ),
        Panel(
            "Request seconds", "s", "From the head to the answer.", _quantiles("touchline_collector_request_seconds")
        ),
        Panel(
            "Outbox",
            "short",
            "What waits for Kafka, and what Kafka refused for good.",
            (
                Query("sum by (instance) (touchline_outbox_waiting_records)", "waiting {{instance}}"),
                Query("sum by (instance) (touchline_outbox_aside_records)", "aside {{instance}}"),
            ),
        ),
        Panel(
            "Outbox in bytes, bodies in flight",
            "bytes",
            "A full outbox (outbox_limit_bytes) answers 503.",
            (
                Query("sum by (instance) (touchline_outbox_waiting_bytes)", "outbox {{instance}}"),
                Query("sum by (instance) (touchline_collector_in_flight_bytes)", "in flight {{instance}}"),
            ),
        ),
        Panel(
            "Age of the outbox, requests not kept",
            "short",
            "Seconds that the oldest record has waited; requests of the last hour that neither Kafka nor the outbox took.",
            (
                Query("max by (instance) (touchline_outbox_oldest_seconds)", "oldest {{instance}}"),
                Query("max by (instance) (touchline_outbox_kafka_away)", "Kafka away {{instance}}"),
                Query("sum(increase(touchline_collector_not_kept_total[1h]))", "not kept"),
            ),
        ),
    ),
)

PAGE: Final = Row(
    "Dashboard",
    (
        Panel(
            "Requests by status",
            "rps",
            "504: ClickHouse took too long.",
            (_rates("touchline_dashboard_requests_total", "status"),),
        ),
        Panel(
            "Slowest views",
            "s",
            "Nine of ten queries of a view take at most so long.",
            (
                Query(
                    "topk(8, histogram_quantile(0.9, sum by (le, query) "
                    f"(rate(touchline_dashboard_query_seconds_bucket{RATE}))))",
                    "{{query}}",
                ),
            ),
        ),
        Panel(
            "Queries",
            "short",
            "At work, waiting for their turn, and answers shared between readers.",
            (
                Query("sum(touchline_dashboard_queries)", "at work"),
                Query("sum(touchline_dashboard_queries_waiting)", "waiting"),
                Query("sum(increase(touchline_dashboard_shared_answers_total[5m]))", "shared in five minutes"),
            ),
        ),
    ),
)

ROWS: Final = (GLANCE, FATES, DELAY, TIME, TROUBLE, STATE, COLLECTOR, PAGE)
