"""The whole way of records through the store loop into the ledger's twin, which also packs every column as the engine would get it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from hypothesis import HealthCheck, Phase, given, seed as seeded, settings, strategies as st

from tests.checks.mutations import bases, mutated_records
from tests.unit.processors.loop.odd import EncodingLedger
from tests.unit.processors.loop.test_odd_records import assert_balanced
from tests.unit.processors.loop.world import Record, batch, fates, make_loop, quick_folder
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.pipeline import Pipeline
from touchline.processors.values.protocol import Acknowledge

RECORDS_PER_EXAMPLE = 100
BYTES_MAX = 300


def fates_of(records: Sequence[Record], batch_size: int) -> Counter[str]:
    """Number of records by fate. Raises AssertionError unless each has one, none is put aside as a bug, and the account balances."""
    ledger = stored(records, batch_size)
    assert_balanced(ledger, records)
    counts = Counter(fates(ledger))
    counts.pop("unknown_fields", None)
    return counts


def stored(records: Sequence[Record], batch_size: int, pipeline: Pipeline | None = None) -> MemoryLedger:
    """A ledger with these records, stored in such batches by this pipeline or that of the tests' world."""
    ledger = EncodingLedger()
    with quick_folder() as state:
        loop = make_loop(ledger, state, pipeline=pipeline)
        for start in range(0, len(records), batch_size):
            part = records[start : start + batch_size]
            assert loop.store(batch(part)) == Acknowledge(part[-1].offset + 1)
        loop.close()
    return ledger


def check_bytes(count: int, seed: int) -> Counter[str]:
    """At least `count` inputs that hypothesis makes of arbitrary bytes, each with one fate."""
    total: Counter[str] = Counter()

    @seeded(seed)
    @_settings(count)
    @given(st.lists(_value(), min_size=RECORDS_PER_EXAMPLE, max_size=RECORDS_PER_EXAMPLE + 20), st.integers(1, 120))
    def arbitrary(values: list[bytes], batch_size: int) -> None:
        total.update(fates_of([Record(offset, b"k", value) for offset, value in enumerate(values)], batch_size))

    arbitrary()
    return total


def check_mutations(count: int, seed: int) -> Counter[str]:
    """At least `count` inputs near valid events, each with one fate. Hypothesis draws the generators, and names the one that fails."""
    total: Counter[str] = Counter()
    base = bases()

    @seeded(seed)
    @_settings(count)
    @given(st.integers(0, 2**64 - 1), st.integers(1, 120))
    def near_valid(generator: int, batch_size: int) -> None:
        total.update(fates_of(mutated_records(Random(generator), base, RECORDS_PER_EXAMPLE), batch_size))

    near_valid()
    return total


def _value() -> st.SearchStrategy[bytes]:
    brackets = st.text('{}[]":,\\ 0e-.truefalsn', max_size=60).map(str.encode)
    return st.one_of(st.binary(max_size=BYTES_MAX), st.binary(max_size=8), brackets)


def _settings(count: int) -> settings:
    return settings(
        max_examples=-(-count // RECORDS_PER_EXAMPLE),
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
