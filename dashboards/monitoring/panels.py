"""What the operations dashboard shows, as data: rows of panels, each with its PromQL and what to read from it."""

from __future__ import annotations

from typing import Final

from touchline.dashboards.monitoring.panel_form import RATE, Panel, Query, Row, quantiles, rates, stat
from touchline.dashboards.monitoring.worker_panels import DELAY, FATES, STATE, TIME, TROUBLE

GLANCE: Final = Row(
    "At a glance",
    (
        stat(
            "Workers not ready",
            "short",
            "Workers whose /readyz answers 503, and those that Prometheus cannot reach.",
            'count(up{job="touchline-worker"} == 0 or touchline_ready{job="touchline-worker"} == 0) or vector(0)',
        ),
        stat(
            "Records a second",
            "cps",
            "Kafka records that were accounted for in ClickHouse.",
            f"sum(rate(touchline_records_received_total{RATE}))",
        ),
        stat(
            "Records waiting",
            "short",
            "In Kafka and not durable in ClickHouse yet, all partitions.",
            "sum(max by (partition) (touchline_partition_lag_records))",
        ),
        stat(
            "Pipeline delay, 90 %",
            "s",
            "Nine of ten events are stored so soon after the sender's side received them.",
            f"histogram_quantile(0.9, sum by (le) (rate(touchline_received_delay_seconds_bucket{RATE})))",
        ),
        stat(
            "Quarantined, 24 h",
            "short",
            "Records that could not be understood or believed. See them with `touchline quarantine list`.",
            "sum(increase(touchline_records_quarantined_total[24h]))",
        ),
        stat(
            "Waiting in outboxes",
            "short",
            "Events that a collector has answered 202 for and Kafka has not yet.",
            "sum(touchline_outbox_waiting_records) or vector(0)",
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
            (rates("touchline_collector_requests_total", "status"),),
        ),
        Panel(
            "Events",
            "cps",
            "Accepted ones are durable; the others have the reason that their sender heard. Masked are personal values in accepted ones.",
            (
                Query(f"sum(rate(touchline_collector_events_accepted_total{RATE}))", "accepted"),
                Query(f"sum(rate(touchline_collector_events_suppressed_total{RATE}))", "suppressed"),
                Query(f"sum by (reason) (rate(touchline_collector_events_rejected_total{RATE}))", "{{reason}}"),
                Query(f"sum by (kind) (rate(touchline_collector_personal_values_total{RATE}))", "masked: {{kind}}"),
            ),
        ),
        Panel("Request seconds", "s", "From the head to the answer.", quantiles("touchline_collector_request_seconds")),
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
            "Age of the outbox, what was not kept, files, clock",
            "short",
            "Seconds that the oldest record has waited; requests of the last hour that nobody took, refused events that did not get into "
            "the quarantine, and answers to questions that no mapping names; 1 while sources.yaml, the write keys, the webhooks or the "
            "names of senders are broken; seconds that a collector's clock is ahead of Kafka's.",
            (
                Query("max by (instance) (touchline_outbox_oldest_seconds)", "oldest {{instance}}"),
                Query("max by (instance) (touchline_outbox_kafka_away)", "Kafka away {{instance}}"),
                Query("max by (instance) (touchline_sources_stale)", "sources.yaml broken {{instance}}"),
                Query("max by (instance) (touchline_write_keys_stale)", "write keys broken {{instance}}"),
                Query("max by (instance) (touchline_webhooks_stale)", "webhooks broken {{instance}}"),
                Query("max by (instance) (touchline_sender_names_stale)", "names of senders broken {{instance}}"),
                Query("sum(increase(touchline_collector_not_kept_total[1h]))", "not kept"),
                Query(
                    "sum(increase(touchline_collector_refused_not_kept_total[1h]))", "refused, not in the quarantine"
                ),
                Query(
                    "sum by (source) (increase(touchline_collector_answers_unmapped_total[1h]))",
                    "unmapped answers {{source}}",
                ),
                Query("max by (instance) (touchline_collector_clock_ahead_seconds)", "clock ahead {{instance}}"),
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
            (rates("touchline_dashboard_requests_total", "status"),),
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

SURVEYS: Final = Row(
    "Surveys",
    (
        Panel(
            "Decisions by reason",
            "cps",
            "Whether somebody may be asked: asked is the one yes.",
            (rates("touchline_surveys_decisions_total", "reason"),),
        ),
        Panel(
            "Requests by status",
            "rps",
            "503: the surveys have just started, or Kafka or ClickHouse is away.",
            (rates("touchline_surveys_requests_total", "status"),),
        ),
        Panel(
            "Seconds to a decision",
            "s",
            "The event stored safely included.",
            quantiles("touchline_surveys_ask_seconds"),
        ),
        Panel(
            "Asks in mind",
            "short",
            "Until they were seen in the ledger; at 50,000 nobody is asked.",
            (Query("sum(touchline_surveys_asks_remembered)", "in mind"),),
        ),
        Panel(
            "Invitations",
            "short",
            "Waiting for the company's sender, and tries of the last five minutes by what came of them.",
            (
                Query("sum(touchline_surveys_invitations_waiting)", "waiting"),
                Query("sum by (outcome) (increase(touchline_surveys_invitations_total[5m]))", "{{outcome}}"),
            ),
        ),
    ),
)

CARE: Final = Row(
    "Care",
    (
        Panel(
            "Cases that changed",
            "cps",
            "Opened, lapsed, and standing again.",
            (Query(f"sum(rate(touchline_care_changes_total{RATE}))", "changes"),),
        ),
        Panel(
            "Alerts by sink",
            "short",
            "Waiting, and dead letters: touchline care dead shows these, touchline care retry tries them again.",
            (Query("sum by (sink, state) (touchline_care_alerts)", "{{sink}}: {{state}}"),),
        ),
        Panel("Seconds of a look", "s", "At the news of the ledger.", quantiles("touchline_care_look_seconds")),
    ),
)

ROWS: Final = (GLANCE, FATES, DELAY, TIME, TROUBLE, STATE, COLLECTOR, PAGE, SURVEYS, CARE)
