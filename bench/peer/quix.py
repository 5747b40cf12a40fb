"""Quix Streams: JSON values, a sink of its own that writes what a checkpoint gathered.

https://quix.io/docs/quix-streams/connectors/sinks/custom-sinks.html ("Batching sinks"), and
https://quix.io/docs/quix-streams/advanced/checkpointing.html for `commit_every` and `commit_interval`.
"""

from __future__ import annotations

from typing import Any

# Of the peers' environment (scripts/peers.lock): they are not there where types are checked.
from quixstreams import Application  # type: ignore[import-not-found]
from quixstreams.sinks import BatchingSink  # type: ignore[import-not-found]

from bench.peer import job

PARTITIONS = 4


class TableSink(BatchingSink):  # type: ignore[misc]  # its class is not there where types are checked
    """Rows of all partitions of a checkpoint, in one insert a batch."""

    def setup(self) -> None:
        self._table = job.Table()

    def write(self, batch: Any) -> None:
        for items in batch.iter_chunks(n=job.BATCH_EVENTS):
            self._table.insert([job.row_of(item.value) for item in items])


def main() -> None:
    """Run until it is ended."""
    app = Application(
        broker_address=job.bootstrap(),
        consumer_group=job.group(),
        auto_offset_reset="earliest",
        commit_every=job.BATCH_EVENTS * PARTITIONS,  # a sink's batches are one partition's
        commit_interval=job.BATCH_SECONDS,
        state_dir=job.folder(),
        loglevel="WARNING",
    )
    app.dataframe(app.topic(job.topic(), value_deserializer="json")).sink(TableSink())
    app.run()


if __name__ == "__main__":
    main()
