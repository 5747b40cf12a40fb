"""Find the record that no insert can hold, so that one poisoned record never stops a partition.

What fails again with fewer and fewer records, and at last with one alone, is that record's fault: it is put aside in quarantine. What
fails for many records in a row is the worker's own fault, and goes up as the bug it is.

Why: docs/decisions/0082.
"""

from __future__ import annotations

TRIES_ALONE = 3
"""Failures of one record alone before it is blamed; transient faults do not count."""
PUT_ASIDE_IN_A_ROW_MAX = 16


class Blame:
    """What one store loop tried to insert and how that ended, partition by partition."""

    def __init__(self) -> None:
        self._tried: tuple[int, int, int] | None = None
        self._limits: dict[int, int] = {}
        self._failures: dict[tuple[int, int], int] = {}
        self._in_a_row = 0

    def limit(self, partition: int) -> int | None:
        """How many records the partition's next insert may hold; None for all."""
        return self._limits.get(partition)

    def suspects(self, partition: int) -> bool:
        """Whether an insert of the partition failed by itself, and not all of its records are stored or put aside since."""
        return partition in self._limits or any(number == partition for number, _ in self._failures)

    def is_guilty(self, partition: int, offset: int) -> bool:
        """Whether the record must be put aside."""
        return self._failures.get((partition, offset), 0) >= TRIES_ALONE

    def trying(self, partition: int, offset: int, count: int) -> None:
        """`count` records from `offset` on are about to be prepared and inserted."""
        self._tried = (partition, offset, count)

    def pause(self) -> None:
        """What happens next is no record's doing."""
        self._tried = None

    def stored(self) -> None:
        """What was tried is stored. Larger inserts may be tried again."""
        if self._tried is None:
            return
        partition, offset, count = self._tried
        was_put_aside = self._failures.pop((partition, offset), 0) >= TRIES_ALONE
        self._in_a_row = self._in_a_row + 1 if was_put_aside else 0
        if partition in self._limits:
            if count < self._limits[partition]:
                del self._limits[partition]
            else:
                self._limits[partition] = 2 * count
        self._tried = None

    def failed(self, *, certainly: bool = False) -> bool:
        """Note that what was tried failed by itself (`certainly`: it always will). False if no record can be blamed for it."""
        if self._tried is None or self._in_a_row >= PUT_ASIDE_IN_A_ROW_MAX:
            return False
        partition, offset, count = self._tried
        self._tried = None
        if count > 1:
            self._limits[partition] = (count + 1) // 2
            return True
        if self.is_guilty(partition, offset):  # it could not even be put aside
            return False
        self._failures[partition, offset] = TRIES_ALONE if certainly else self._failures.get((partition, offset), 0) + 1
        return True
