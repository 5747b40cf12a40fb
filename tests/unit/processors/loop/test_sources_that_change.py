"""Sources that are declared while the store loop runs: a batch is checked by one state of them, as a whole."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given, strategies as st

from tests.unit.processors.loop.world import (
    SOURCES,
    Record,
    event,
    fates,
    make_loop,
    make_pipeline,
    quick_folder,
    store_all,
)
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.pipeline import CACHED_RECORDS
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import Decoded
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.records import KafkaRecord
from touchline.schemas.sources import Source

CIPHER = Cipher("p1", bytes(32))
WITH_DESK = {**SOURCES, "desk": Source(legal_basis="contract")}


def of_desk(count: int, first: int = 0) -> list[Record]:
    events = (event(number, None, number, source="desk") for number in range(first, first + count))
    return [Record(first + at, f"desk/{one['id']}".encode(), json.dumps(one).encode()) for at, one in enumerate(events)]


def test_a_source_that_is_declared_while_the_worker_runs_holds_from_the_next_batch_on() -> None:
    ledger, pipeline = MemoryLedger(), make_pipeline()
    looks = iter([None, None, WITH_DESK])

    def look() -> None:
        if (sources := next(looks, None)) is not None:
            pipeline.declare(Validator(sources, "UTC", CIPHER))

    with quick_folder() as folder:
        loop = make_loop(ledger, folder, pipeline=pipeline, look=look)
        loop.on_assigned([0], 1)
        store_all(loop, of_desk(3), sizes=(1,))
    assert fates(ledger) == {"received": 3, "quarantined": 2, "stored": 1}


@given(st.integers(1, 3 * CACHED_RECORDS), st.integers(1, 5))
def test_a_change_amid_a_batch_waits_for_the_next_one(count: int, more: int) -> None:
    ledger, pipeline = MemoryLedger(), make_pipeline()

    class Interrupted(Validator):
        def validate(self, records: Sequence[KafkaRecord], decoded: Sequence[Decoded], into: Validated) -> None:
            pipeline.declare(Validator(WITH_DESK, "UTC", CIPHER))
            super().validate(records, decoded, into)

    pipeline.declare(Interrupted(SOURCES, "UTC", CIPHER))
    with quick_folder() as folder:
        loop = make_loop(ledger, folder, pipeline=pipeline)
        loop.on_assigned([0], 1)
        store_all(loop, of_desk(count))
        assert fates(ledger) == {"received": count, "quarantined": count}
        store_all(loop, of_desk(more, first=count))
    assert fates(ledger) == {"received": count + more, "quarantined": count, "stored": more}
