"""Which version of one (source, id) counts: a function of the set of versions, so that it does not matter which came first.

The highest revision is stored, lower ones are superseded; of several payloads with the highest revision the smallest hash is stored and
the others are quarantined as conflicts; the same payload again is a duplicate.

Why: docs/decisions/0062.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from touchline.schemas.reasons import Fate

Version = tuple[int, int]
"""(revision, payload hash)"""


class Judgement(NamedTuple):
    """`arriving[i]` is the fate of the i-th arriving version; `standing[i]` that of the i-th version that stands (maybe unchanged)."""

    arriving: list[Fate]
    standing: list[Fate]


def judge(standing: Sequence[Version], arriving: Iterable[Version]) -> Judgement:
    """Fates of all versions of one event; a fate `quarantined` here means conflict."""
    arriving = list(arriving)
    versions = {*standing, *arriving}
    top = max(revision for revision, _ in versions)
    winner = min(payload_hash for revision, payload_hash in versions if revision == top)

    def fate_of(version: Version) -> Fate:
        if version[0] < top:
            return Fate.SUPERSEDED
        return Fate.STORED if version[1] == winner else Fate.QUARANTINED

    seen = set(standing)
    fates = []
    for version in arriving:
        fates.append(Fate.DUPLICATE if version in seen else fate_of(version))
        seen.add(version)
    return Judgement(fates, [fate_of(version) for version in standing])
