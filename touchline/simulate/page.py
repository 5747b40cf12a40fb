"""What a simulation came to, as text, and as values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from touchline.simulate.carry_out import Done
from touchline.simulate.score import PairScore
from touchline.wording import counted, waiting_note


def outcome_sentence(done: Done, seconds: float, what: str, *, is_dry_run: bool) -> str:
    """`what`: of whom the events are."""
    verb = "simulated" if is_dry_run else "sent"
    return f"{verb} {counted(done.totals['sent'], 'event')} {what}, in {seconds:.1f} s{waiting_note(done.waiting)}"


def score_lines(scores: Iterable[PairScore]) -> Iterator[str]:
    """How well the identifiers were merged, a line for each rule."""
    for one in scores:
        yield (
            f"  {one.rule + ':':<24} precision {one.precision:.4f}, recall {one.recall:.4f} over pairs of events; "
            f"{counted(one.persons, 'person')} found"
        )


def outcome_object(done: Done, seconds: float, scores: Iterable[PairScore] = (), *, is_dry_run: bool) -> dict[str, Any]:
    """Parameters, totals and what Kafka has acknowledged; the scores where there are any."""
    fields = {name: value for name, value in {**done.head, **done.totals}.items() if name != "kind"}
    counts = {"acknowledged": done.acknowledged, "waiting": done.waiting, "seconds": seconds}
    scored = [one._asdict() for one in scores]
    return {**fields, **counts, "is_dry_run": is_dry_run} | ({"scores": scored} if scored else {})
