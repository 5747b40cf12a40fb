"""First step: consecutive records of one partition, with what was already accounted for cut off and the holes counted."""

from __future__ import annotations

from touchline.processors.values.records import NewRecords, ReceivedBatch


def receive(batch: ReceivedBatch, last_offset: int) -> NewRecords:
    """Drop what stands at or below `last_offset` (redelivery), count the offsets that will never come."""
    records = batch.records
    nothing = NewRecords.none_after(last_offset)
    if batch.start_offset > last_offset + 1:
        # Offsets before were never read under this mark (a restored ledger, a lost insert): they are no gap, they must be read first.
        return nothing
    if not records or records[-1].offset <= last_offset:
        return nothing
    if records[0].offset <= last_offset:
        records = [record for record in records if record.offset > last_offset]
    spanned = records[-1].offset - last_offset
    return NewRecords(last_offset + 1, spanned - len(records), records)
