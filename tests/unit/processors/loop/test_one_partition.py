"""The tables of a partition are a function of the set of its events: whatever comes late, twice, revised, re-stamped or in conflict,
however it is cut into batches and wherever the worker dies, they equal one sorted pass over the versions that count."""

from __future__ import annotations

import shutil
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.unit.processors.loop.partition import deliveries, expected_fates, expected_tables, tables_of
from tests.unit.processors.loop.world import (
    TOPIC,
    FaultyLedger,
    batch,
    fates,
    kill,
    make_loop,
    quick_folder,
    records_of,
)
from touchline.processors.values.protocol import Acknowledge, Assigned

STEPS = st.lists(
    st.tuples(
        st.integers(1, 7),
        st.sampled_from(["", "", "lost", "unheard"]),
        st.sampled_from(["", "", "", "close", "kill", "lose state", "old state", "other worker"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=120, deadline=None, phases=set(Phase) - {Phase.shrink}, suppress_health_check=list(HealthCheck))
@given(deliveries(), STEPS)
def test_tables_equal_one_sorted_pass_whatever_happens_on_the_way(
    events: list[dict[str, Any]], steps: list[tuple[int, str, str]]
) -> None:
    records = records_of(events)
    ledger = FaultyLedger()
    with quick_folder() as folder:
        loop, state, old = make_loop(ledger, folder / "0"), folder / "0", folder / "old"
        position = turn = 0
        while position < len(records):
            size, fault, accident = steps[turn % len(steps)]
            turn += 1
            ledger.faults = iter([fault])
            answer = loop.store(batch(records[position : position + size], generation=turn))
            assert isinstance(answer, Acknowledge)
            position = answer.next_offset
            if not accident:
                continue
            if accident == "close":
                loop.close()
            else:
                kill(loop)
            if accident == "lose state":
                shutil.rmtree(state)
            elif accident == "old state" and old.exists():
                shutil.rmtree(state)
                shutil.copytree(old, state)
            elif accident == "old state":
                shutil.copytree(state, old)
            elif accident == "other worker":
                state = folder / str(turn % 3)
            loop = make_loop(ledger, state, f"w{turn}")
        for _ in range(2):  # whoever was ever linked is followed by ticks
            assert isinstance(loop.tick(Assigned(TOPIC, 0, turn + 1)), Acknowledge)
        loop.close()
    assert tables_of(ledger) == expected_tables(events)
    assert fates(ledger) == expected_fates(events)
