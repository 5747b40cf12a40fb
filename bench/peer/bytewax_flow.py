"""Bytewax: its Kafka input, a map, batches by `collect`, a dynamic sink.

https://docs.bytewax.io/v0.21.0/guide/advanced-concepts/custom-connectors.html, and the pages of `bytewax.operators` (`collect`),
`bytewax.connectors.kafka.operators` and `bytewax.outputs` in its API. Started by `python -m bytewax.run`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

# Of the peers' environment (scripts/peers.lock): they are not there where types are checked.
import bytewax.operators as op  # type: ignore[import-not-found]
from bytewax.connectors.kafka import operators as kafka  # type: ignore[import-not-found]
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]
from bytewax.outputs import DynamicSink, StatelessSinkPartition  # type: ignore[import-not-found]

from bench.peer import job


class TablePartition(StatelessSinkPartition):  # type: ignore[misc]  # its class is not there where types are checked
    """Inserts each batch that `collect` made."""

    def __init__(self) -> None:
        self._table = job.Table()

    def write_batch(self, items: list[tuple[str, list[job.Row]]]) -> None:
        for _partition, rows in items:
            self._table.insert(rows)


class TableSink(DynamicSink):  # type: ignore[misc]  # its class is not there where types are checked
    """One connection a worker."""

    def build(self, step_id: str, worker_index: int, worker_count: int) -> TablePartition:
        return TablePartition()


def keyed_row(message: Any) -> tuple[str, job.Row]:
    """A row under its partition: `collect` gathers by key."""
    return str(message.partition), job.to_row(message.value)


def made_flow() -> Any:
    """The dataflow."""
    flow = Dataflow("peer")
    messages = kafka.input("in", flow, brokers=[job.bootstrap()], topics=[job.topic()], batch_size=job.BATCH_EVENTS)
    rows = op.map("row", messages.oks, keyed_row)
    batches = op.collect("batch", rows, timeout=timedelta(seconds=job.BATCH_SECONDS), max_size=job.BATCH_EVENTS)
    op.output("out", batches, TableSink())
    return flow
