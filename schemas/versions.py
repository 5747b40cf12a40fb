"""Which version of one (source, id) counts: a function of the set of versions, so that it does not matter which came first.

    the highest revision
      └ of answers the most complete one: disposition, then filled fields, then the time of the answer
          └ else a conflict: the smallest payload hash is stored, the others are quarantined

What is outdone is superseded, the same payload again is a duplicate. Senders read the rule too, to say before the end of an import what
will count.

Why: docs/decisions/0062.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from touchline.schemas.answer import BY_COMPLETENESS
from touchline.schemas.checking import CheckedEvent
from touchline.schemas.events import ANSWER
from touchline.schemas.reasons import Fate

_RANK: Final = {disposition: number for number, disposition in enumerate(BY_COMPLETENESS, start=1)}
_FIELDS_MAX: Final = 255
_FIELDS_SHIFT: Final = 52
"""Microseconds since 1970 fit below it until 2112, beyond what the contract takes."""
_RANK_SHIFT: Final = 60


class Version(NamedTuple):
    """One version. `completeness` is that of an answer, 0 of every other event."""

    revision: int
    completeness: int
    payload_hash: int

    @property
    def identity(self) -> tuple[int, int]:
        """Two records that are equal in it are the same version."""
        return (self.revision, self.payload_hash)


class Judgement(NamedTuple):
    """`arriving[i]` is the fate of the i-th arriving version; `standing[i]` that of the i-th version that stands (maybe unchanged)."""

    arriving: list[Fate]
    standing: list[Fate]


def judge(standing: Sequence[Version], arriving: Iterable[Version]) -> Judgement:
    """Fates of all versions of one event; a fate `quarantined` here means conflict."""
    known: dict[tuple[int, int], Version] = {}
    # A payload that came before keeps its completeness, though the source's clock may have been declared anew since.
    for version in standing:
        known.setdefault(version.identity, version)
    fates_known = set(known)
    arriving = [known.setdefault(version.identity, version) for version in arriving]
    winner = winner_of(known.values())
    fates = []
    for version in arriving:
        fates.append(Fate.DUPLICATE if version.identity in fates_known else fate_beside(winner, version))
        fates_known.add(version.identity)
    return Judgement(fates, [fate_beside(winner, known[version.identity]) for version in standing])


def winner_of(versions: Iterable[Version]) -> Version:
    """The version of one event that counts. Raises ValueError where there is none."""
    return min(versions, key=_order)


def fate_beside(winner: Version, version: Version) -> Fate:
    """The fate of a version where that one counts. An answer and another event under one id contradict each other."""
    if version.revision < winner.revision or 0 < version.completeness < winner.completeness:
        return Fate.SUPERSEDED
    return Fate.STORED if version.payload_hash == winner.payload_hash else Fate.QUARANTINED


def completeness_of(event: CheckedEvent, time_us: int) -> int:
    """How complete an answer is, to be compared with other versions of it: its disposition (4 bits), how many fields hold a value, up to
    255 (8 bits), and when it was given in microseconds since 1970 (52 bits). 0 for other events than answers."""
    if event["type"] != ANSWER:
        return 0
    groups = (event, event["about"], event["properties"])
    filled = sum(map(_filled, groups)) + len(event["persons"]) - (event["received_at"] is not None)
    return _RANK[event["disposition"]] << _RANK_SHIFT | min(filled, _FIELDS_MAX) << _FIELDS_SHIFT | time_us


def _order(version: Version) -> tuple[int, int, int]:
    return (-version.revision, -version.completeness, version.payload_hash)


def _filled(fields: dict[str, Any]) -> int:
    values = list(fields.values())  # counted without a loop of ours: a worker asks it of every answer
    return len(values) - values.count(None) - values.count("")
