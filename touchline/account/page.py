"""The outcome of a reconciliation as text, and as values for JSON."""

from __future__ import annotations

from collections.abc import Iterator

from touchline.account.differences import Reconciliation


def reconciliation_lines(found: Reconciliation) -> Iterator[str]:
    """One line a check; below it what differs, and what helps, each said once."""
    for check in found.checks:
        differences = [difference for difference in found.differences if difference.check == check]
        yield f"{'NOT CLEAN' if differences else 'ok':9}  {check}"
        for difference in differences:
            yield f"{'':11}{difference.subject}: {difference.said}"
        for hint in dict.fromkeys(difference.hint for difference in differences):
            yield f"{'':11}hint: {hint}"


def as_object(found: Reconciliation) -> dict[str, object]:
    """JSON-ready."""
    differences = [one._asdict() for one in found.differences]
    return {"is_clean": found.is_clean, "checks": found.checks, "differences": differences}
