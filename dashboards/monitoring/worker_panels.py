"""Panels of the workers: what becomes of records, how late they are, where the time goes, trouble, and what workers keep."""

from __future__ import annotations

from typing import Final

from touchline.dashboards.monitoring.panel_form import RATE, Panel, Query, Row, quantiles, rates

FATES: Final = Row(
    "Throughput and fates",
    (
        Panel(
            "Records by fate",
            "cps",
            "Each record has one fate on arrival; the sum is what was received.",
            (rates("touchline_records_total", "fate"),),
        ),
        Panel(
            "Quarantined by reason",
            "cps",
            "A sudden reason is a sender that changed: `touchline quarantine list --reason` names source and field.",
            (rates("touchline_records_quarantined_total", "reason"),),
        ),
        Panel(
            "Fates that changed later",
            "cps",
            "Revisions supersede what was stored, conflicts put it aside.",
            (rates("touchline_records_moved_total", "from_fate", "to_fate"),),
        ),
        Panel(
            "Offsets without a record, unknown fields, personal values",
            "cps",
            "Gaps beside transactions: Kafka dropped records before they were read. Unknown fields are kept as properties. Personal "
            "values that a worker masks come from a sender that is not ours: see docs/privacy.md.",
            (
                Query(f"sum(rate(touchline_offset_gaps_total{RATE}))", "gaps"),
                Query(f"sum(rate(touchline_unknown_fields_total{RATE}))", "unknown fields"),
                Query(f"sum by (kind) (rate(touchline_personal_values_total{RATE}))", "masked: {{kind}}"),
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
            (rates("touchline_records_received_total", "instance"),),
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
            "Partitions that cannot be read",
            "short",
            "A batch there cannot be unpacked: the log line batch_unreadable has offset, reason and what to do.",
            (Query("max by (partition, reason) (touchline_partition_unreadable)", "{{partition}} {{reason}}"),),
        ),
        Panel(
            "Pipeline delay",
            "s",
            "Stored time minus received time: Kafka and the worker.",
            quantiles("touchline_received_delay_seconds"),
        ),
        Panel(
            "Age of events when stored",
            "s",
            "Stored time minus event time: late tills and offline apps show here.",
            quantiles("touchline_event_delay_seconds"),
        ),
    ),
)

TIME: Final = Row(
    "Where the time goes",
    (
        Panel("Batch seconds", "s", "From decoding until durable.", quantiles("touchline_batch_seconds")),
        Panel("Insert seconds", "s", "ClickHouse's share, however it ended.", quantiles("touchline_insert_seconds")),
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
            (rates("touchline_inserts_total", "outcome"),),
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
            "Work without records",
            "cps",
            "Looks at partitions between the batches; attached rows that they wrote anew; identifiers given to another partition.",
            (
                rates("touchline_ticks_total", "outcome"),
                Query(f"sum(rate(touchline_rows_restated_total{RATE}))", "rows restated"),
                Query(f"sum(rate(touchline_identifiers_handed_over_total{RATE}))", "identifiers handed over"),
            ),
        ),
        Panel(
            "Versions that wait",
            "short",
            "Events with a version that waits until all partitions know of it; events that a sender gave two keys, in the last hour.",
            (
                Query("sum(touchline_claims_waiting)", "waiting"),
                Query("sum(increase(touchline_double_events_total[1h]))", "given two keys"),
            ),
        ),
        Panel(
            "Retention",
            "short",
            "Records whose term was over, in the last hour; hours since the last sweep that found nothing more in some partition.",
            (
                Query("sum by (outcome) (increase(touchline_events_expired_total[1h]))", "{{outcome}}"),
                Query(
                    "max((time() - touchline_retention_swept_timestamp_seconds) / 3600)",
                    "hours since the last whole sweep",
                ),
            ),
        ),
        Panel(
            "Erasures",
            "short",
            "Identifiers to be erased whose request is not done: `touchline erase --list`; records that were erased, in the last day.",
            (
                Query("max(touchline_erasures_open)", "open"),
                Query(
                    'sum(increase(touchline_records_moved_total{to_fate="erased"}[1d])) + '
                    'sum(increase(touchline_records_total{fate="erased"}[1d]))',
                    "records erased",
                ),
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
