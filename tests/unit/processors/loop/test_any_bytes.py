"""Short forms of `./run check bytes`: whatever bytes arrive, each record has one fate."""

from __future__ import annotations

from tests.checks.fates import check_bytes, check_mutations

INPUTS = 1_500


def test_arbitrary_bytes_have_one_fate_each_and_never_raise() -> None:
    assert check_bytes(INPUTS, seed=1)["received"] >= INPUTS


def test_mutated_events_have_one_fate_each_and_reach_every_fate() -> None:
    counts = check_mutations(INPUTS, seed=1)
    assert counts["received"] >= INPUTS
    assert min(counts[fate] for fate in ("stored", "duplicate", "superseded", "quarantined", "suppressed")) > 0
