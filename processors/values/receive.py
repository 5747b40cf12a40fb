"""First step: consecutive records of one partition, with what was already accounted for cut off and the holes counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from touchline.processors.values.records import KafkaRecord, ReceivedBatch


class NewRecords(NamedTuple):
    """Records that the mark does not cover. `gap_count` offsets before or between them hold no record (compaction, retention, control
    records); `first_offset` is the first offset accounted for, holes included."""

    first_offset: int
    gap_count: int
    records: Sequence[KafkaRecord]


def receive(batch: ReceivedBatch, last_offset: int) -> NewRecords:
    """Drop what stands at or below `last_offset` (redelivery), count the offsets that will never come."""
    records = batch.records
    if batch.start_offset > last_offset + 1:
        # Offsets before were never read under this mark (a restored ledger, a lost insert): they are no gap, they must be read first.
        return NewRecords(last_offset + 1, 0, ())
    if records and records[0].offset <= last_offset:
        records = [record for record in records if record.offset > last_offset]
    if not records:
        return NewRecords(last_offset + 1, 0, ())
    spanned = records[-1].offset - last_offset
    return NewRecords(last_offset + 1, spanned - len(records), records)
