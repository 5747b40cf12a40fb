"""What a simulation came to, as text, and as values for JSON."""

from __future__ import annotations

from typing import Any

from touchline.simulate.carry_out import Done
from touchline.wording import counted, waiting_note


def outcome_sentence(done: Done, seconds: float, what: str, *, is_dry_run: bool) -> str:
    """`what`: of whom the events are."""
    verb = "simulated" if is_dry_run else "sent"
    return f"{verb} {counted(done.totals['sent'], 'event')} {what}, in {seconds:.1f} s{waiting_note(done.waiting)}"


def outcome_object(done: Done, seconds: float, *, is_dry_run: bool) -> dict[str, Any]:
    """Parameters, totals and what Kafka has acknowledged."""
    fields = {name: value for name, value in {**done.head, **done.totals}.items() if name != "kind"}
    counts = {"acknowledged": done.acknowledged, "waiting": done.waiting, "seconds": seconds}
    return {**fields, **counts, "is_dry_run": is_dry_run}
