"""Whatever arrives, every record gets exactly one fate, nothing is put aside as a bug, and the account balances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import Phase, given, settings, strategies as st

from tests.unit.processors.loop.odd import EncodingLedger, odd_records
from tests.unit.processors.loop.world import Record, batch, fates, make_loop, quick_folder
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.steps.follow import ON_THE_JOURNEY
from touchline.processors.values.protocol import Acknowledge
from touchline.schemas.reasons import Fate, Reason


def assert_accounted(ledger: MemoryLedger, records: Sequence[Record]) -> None:
    """Each record has one fate with a reason of the closed set, and the marks add up to them."""
    rows = ledger.standing("received")
    assert sorted(row["offset"] for row in rows) == [record.offset for record in records]
    assert {row["fate"] for row in rows} <= set(Fate)
    reasons = {row.get("reason", "") for row in rows if row["fate"] == Fate.QUARANTINED}
    assert reasons <= set(Reason) - {Reason.UNSTORABLE}
    counts = fates(ledger)
    counts.pop("unknown_fields", None)
    assert counts == {"received": len(records), **Counter(row["fate"] for row in rows)}
    gaps = sum(row.get("gaps", 0) for row in ledger.rows if row["kind"] == "mark")
    assert records[-1].offset + 1 == len(records) + gaps
    assert len({row["row_id"] for row in ledger.rows if row["sign"] > 0}) == sum(row["sign"] > 0 for row in ledger.rows)


def assert_balanced(ledger: MemoryLedger, records: Sequence[Record]) -> None:
    """The same, and what is stored stands on a journey: but for who is followed at the next tick, after a consent was withdrawn or two
    persons became one."""
    assert_accounted(ledger, records)
    waiting = {row["identifier"] for row in ledger.standing("away")}
    stored = [
        row for row in ledger.standing("received") if row["fate"] == Fate.STORED and row["event_type"] in ON_THE_JOURNEY
    ]
    attached = _versions(ledger.standing("attached"))
    assert attached <= _versions(stored)
    assert _versions(row for row in stored if row.get("identifier", "") not in waiting) <= attached


def _versions(rows: Iterable[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    return Counter((row["source"], row["event_id"], row.get("revision", 0), row.get("identifier", "")) for row in rows)


@settings(max_examples=120, deadline=None, phases=set(Phase) - {Phase.shrink})
@given(odd_records(), st.integers(1, 12))
def test_every_odd_record_has_one_fate_and_the_account_balances(records: list[Record], size: int) -> None:
    ledger = EncodingLedger()
    with quick_folder() as state:
        loop = make_loop(ledger, state)
        for start in range(0, len(records), size):
            part = records[start : start + size]
            start_offset = records[start - 1].offset + 1 if start else 0
            assert loop.store(batch(part, start_offset=start_offset)) == Acknowledge(part[-1].offset + 1)
        loop.close()
    assert_balanced(ledger, records)
