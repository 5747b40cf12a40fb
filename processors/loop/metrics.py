"""What the store loop counts: a batch at a time, after it is durable.

An insert of which nothing was heard is not counted as stored, even if the mark tells later that it is: the account in ClickHouse is the
truth, these numbers are for watching.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from touchline.errors import EngineUnreachable
from touchline.metrics import declared
from touchline.metrics.meter import Meter
from touchline.processors.ledger.ledger import LedgerUnavailable, RecordsRefused, WriterFenced
from touchline.processors.pipeline import Prepared
from touchline.processors.state.partition import Partition
from touchline.processors.values.records import Fact
from touchline.schemas.reasons import Fate

_event_time: Any = itemgetter(Fact._fields.index("event_time"))
_received_time: Any = itemgetter(Fact._fields.index("received_time"))


class StoreMeter:
    """The store loop's view of a Meter."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def inserted(self, seconds: float, error: BaseException | None) -> None:
        """One INSERT ended."""
        outcome = "stored" if error is None else _outcome(error)
        self._meter.observe(declared.INSERT_SECONDS, seconds)
        self._meter.add(declared.INSERTS, 1, outcome)

    def durable(self, made: Sequence[Prepared]) -> None:
        """An insert of one or more partitions is durable."""
        self._meter.observe(declared.BATCH_ROWS, sum(one.insert.row_count for one in made))
        record_count = sum(len(one.tally.new.records) for one in made)
        if record_count:
            self._meter.observe(declared.BATCH_RECORDS, record_count)

    def stored(self, prepared: Prepared, stored_time_ms: int) -> None:
        """One partition's share of it. Without records it is no batch."""
        new, fated, unknown_field_count, _, laps, _, personal_values = prepared.tally
        if not new.records:
            return
        meter, counts = self._meter, Counter(fated.counts)
        meter.add(declared.RECORDS_RECEIVED, len(new.records))
        meter.add(declared.UNKNOWN_FIELDS, unknown_field_count)
        meter.add_each(declared.PERSONAL_VALUES, personal_values)
        meter.add(declared.OFFSET_GAPS, new.gap_count)
        for (before, after), count in fated.moved.items():
            meter.add(declared.RECORDS_MOVED, count, before, after)
            counts[before] += count
            counts[after] -= count
        meter.add_each(declared.RECORDS, {fate: counts[fate] for fate in Fate if counts[fate]})
        meter.add_each(declared.RECORDS_QUARANTINED, fated.reasons)
        meter.observe(declared.BATCH_SECONDS, laps.total_seconds)
        meter.add_each(declared.STEP_SECONDS, laps.seconds)
        for block in fated.stored:
            for metric, time_of in ((declared.EVENT_DELAY, _event_time), (declared.RECEIVED_DELAY, _received_time)):
                known = filter(None, map(time_of, block.rows))  # 0: nobody knows when it was received
                meter.observe_ages(metric, known, stored_time_ms * 1_000)

    def ticked(self, *, is_refused: bool) -> None:
        """A tick has ended."""
        self._meter.add(declared.TICKS, 1, "refused" if is_refused else "done")

    def restated(self, prepared: Prepared) -> None:
        """An insert without records is durable."""
        tally = prepared.tally
        self._meter.add(declared.ROWS_RESTATED, tally.restated_count)
        self._meter.add(declared.IDENTIFIERS_HANDED_OVER, tally.handed_over_count)
        for (before, after), count in tally.fated.moved.items():
            self._meter.add(declared.RECORDS_MOVED, count, before, after)

    def erasures(self, open_count: int) -> None:
        """How many identifiers are to be erased and are not yet."""
        self._meter.set(declared.ERASURES_OPEN, open_count)

    def swept(self, found: int) -> None:
        """A sweep found so many events that are stored in two partitions."""
        self._meter.add(declared.DOUBLE_EVENTS, found)

    def expired(self, prepared: Prepared) -> None:
        """An insert is durable that ended records whose term was over."""
        moved = prepared.tally.fated.moved
        for (_, after), count in moved.items():
            self._meter.add(declared.EVENTS_EXPIRED, count, "erased" if after == Fate.ERASED else "anonymised")

    def rests(self, partition: Partition) -> None:
        """A tick has ended, in which maybe nothing was left of what is past its term."""
        if partition.swept.rested_ms:
            self._meter.set(declared.RETENTION_SWEPT, partition.swept.rested_ms / 1_000, str(partition.number))

    def waits(self, error: Exception) -> None:
        """The store backs off."""
        if isinstance(error, LedgerUnavailable):
            cause = "clickhouse"
        elif isinstance(error, EngineUnreachable):
            cause = "kafka"
        else:
            cause = "state"
        self._meter.add(declared.STORE_WAITS, 1, cause)

    def fenced(self) -> None:
        """A newer writer's fence was met."""
        self._meter.add(declared.FENCED)

    def acquired(self, restored_persons: int) -> None:
        """A partition was taken over."""
        self._meter.add(declared.ACQUISITIONS)
        self._meter.add(declared.RESTORED_PERSONS, restored_persons)

    def holds(self, partition: Partition) -> None:
        """How large the state of a partition is."""
        meter, number, tails, ids = self._meter, str(partition.number), partition.tails, partition.ids
        meter.set(declared.STATE_BYTES, tails.disk_bytes, number, "tails")
        meter.set(declared.STATE_BYTES, ids.memory_bytes, number, "ids")
        meter.set(declared.STATE_IDS, ids.count, number)
        meter.set(declared.CLAIMS_WAITING, len(partition.watched), number)
        meter.set(declared.CACHED_TAILS, tails.cached_count, number)
        meter.add_each(declared.TAIL_LOOKUPS, tails.take_lookups())

    def lets_go(self, partition: int) -> None:
        """The partition is another worker's, or will be acquired anew."""
        for metric in (
            declared.STATE_BYTES,
            declared.STATE_IDS,
            declared.CACHED_TAILS,
            declared.CLAIMS_WAITING,
            declared.RETENTION_SWEPT,
        ):
            self._meter.drop(metric, str(partition))


def _outcome(error: BaseException) -> str:
    if isinstance(error, WriterFenced):
        return "fenced"
    return "refused" if isinstance(error, RecordsRefused) else "unclear"
