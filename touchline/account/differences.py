"""What reconcile finds: each difference names the check, where it is, and what should be equal but is not."""

from __future__ import annotations

from typing import NamedTuple


class Mismatch(NamedTuple):
    """One fact that does not hold. `subject` is a topic-partition, a view or a fate; `said` has both numbers, `hint` what helps here."""

    check: str
    subject: str
    said: str
    hint: str


class Reconciliation(NamedTuple):
    """All checks that ran, and what they found."""

    checks: tuple[str, ...]
    differences: tuple[Mismatch, ...]

    @property
    def is_clean(self) -> bool:
        """Whether everything is as promised."""
        return not self.differences
