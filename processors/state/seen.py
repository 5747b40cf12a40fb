"""Which event ids a partition has met: never a known id called new, and hardly ever a new one called known.

An event later than all of its person's is new, unless a sender sends an old id again under a new time or another person. To find those,
each id leaves a few bits of its hash here; what seems known is looked up in the ledger, which decides. An id that is called known by
mistake costs that look-up and nothing else.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

SLOT_BYTES = 4
SMALLEST_SLOTS = 1 << 16
LOAD_MAX = 0.7
"""Share of the slots that may be taken: beyond it the search for a free one takes longer and longer."""


class Fingerprints:
    """An open hash table of 29 bits of each hash: 4 bytes a slot, one wrong "known" in some hundred million."""

    def __init__(self, slots: int) -> None:
        self._table = array("I", (0,)) * slots
        self._mask = slots - 1
        self.count = 0

    def has_room(self, ids: int) -> bool:
        """Whether this many more ids fit."""
        return self.count + ids <= LOAD_MAX * len(self._table)

    def meet(self, hashes: Sequence[int]) -> list[int]:
        """Positions of the hashes that seem known, those met twice in this call included; all are known from now on."""
        table, mask = self._table, self._mask
        known = []
        for position, hashed in enumerate(hashes):
            slot = hashed & mask
            # At most 30 bits: one digit of Python's integers; and never 0, an empty slot.
            fingerprint = hashed >> 34 | 1
            found = table[slot]
            while found:
                if found == fingerprint:
                    known.append(position)
                    break
                slot = slot + 1 & mask
                found = table[slot]
            else:
                table[slot] = fingerprint
        self.count += len(hashes) - len(known)
        return known

    def known_among(self, hashes: Sequence[int]) -> list[int]:
        """Positions of the hashes that seem known. The others stay unknown."""
        table, mask = self._table, self._mask
        known = []
        for position, hashed in enumerate(hashes):
            slot, fingerprint = hashed & mask, hashed >> 34 | 1
            while table[slot] not in (0, fingerprint):
                slot = slot + 1 & mask
            if table[slot]:
                known.append(position)
        return known

    def contents(self) -> memoryview:
        """The table's bytes."""
        return memoryview(self._table).cast("B")

    @classmethod
    def of(cls, count: int, contents: bytes) -> Fingerprints:
        """The table of `count` ids that had these contents."""
        table = cls(0)
        table._table.frombytes(contents)
        table._mask = len(table._table) - 1
        table.count = count
        return table


class Bitmap:
    """Two bits of a bitmap for each id: what takes over when fingerprints need more memory than is allowed. Always has room, but
    calls the more new ids known the fuller it is: at 40 bits an id 1 in 400, at 10 bits 1 in 30."""

    def __init__(self, size: int) -> None:
        self._bytes = bytearray(size)
        self.count = 0

    def has_room(self, ids: int) -> bool:
        """Always."""
        return True

    def meet(self, hashes: Sequence[int]) -> list[int]:
        """As Fingerprints.meet."""
        field, mask = self._bytes, 8 * len(self._bytes) - 1
        known = []
        for position, hashed in enumerate(hashes):
            # Two spans of the hash that overlap only in a bitmap above 512 MiB.
            first, second = hashed & mask, hashed >> 32 & mask
            one, other = 1 << (first & 7), 1 << (second & 7)
            if field[first >> 3] & one and field[second >> 3] & other:
                known.append(position)
            else:
                field[first >> 3] |= one
                field[second >> 3] |= other
        self.count += len(hashes) - len(known)
        return known

    def known_among(self, hashes: Sequence[int]) -> list[int]:
        """As Fingerprints.known_among."""
        field, mask = self._bytes, 8 * len(self._bytes) - 1
        return [
            position
            for position, hashed in enumerate(hashes)
            if all(field[place >> 3] & 1 << (place & 7) for place in (hashed & mask, hashed >> 32 & mask))
        ]

    def contents(self) -> memoryview:
        """The bitmap's bytes."""
        return memoryview(self._bytes)

    @classmethod
    def of(cls, count: int, contents: bytes) -> Bitmap:
        """The bitmap of `count` ids that had these contents."""
        bitmap = cls(0)
        bitmap._bytes = bytearray(contents)
        bitmap.count = count
        return bitmap


SeenIds = Fingerprints | Bitmap


def room_for(ids: int, bytes_max: int) -> SeenIds:
    """An empty set with room for twice as many ids, within `bytes_max` (at least 256 KiB are used)."""
    slots = SMALLEST_SLOTS
    while slots * LOAD_MAX < 2 * ids and 2 * slots * SLOT_BYTES <= bytes_max:
        slots *= 2
    return Fingerprints(slots) if ids <= slots * LOAD_MAX else Bitmap(slots * SLOT_BYTES)
