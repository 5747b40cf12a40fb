"""Which version of an event counts when its versions lie in several partitions: what one partition decides in one turn.

At most one version of an event is stored, at any moment and over all partitions. A version lies in the partition that received it, and only
that partition moves its fate:

    claim ─► stored ─► superseded, conflict, duplicate
      └────────────────────▲          └─► superseded

A better version first stands as a claim, which does not count. The partition of the stored one *releases* that when it finds the claim
passed (`passed`). The claim is *settled* when it is passed, none is stored and every release is passed: then whatever was inserted without
knowing the claim is visible and holds no stored version, and whatever comes knows it and stores nothing lesser.

The caller must read the marks that say what is passed *before* it looks up the versions and the releases, and those in one look-up.

Why: docs/decisions/0180.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

from touchline.identity.passed import LedgerPosition

V = TypeVar("V")


class Fate(Enum):
    """What a version is at the moment. A claim waits. The last three are beaten: by a higher revision or a more complete answer, by another
    content of the same revision, by the same version in another partition."""

    STORED = "stored"
    CLAIM = "claim"
    SUPERSEDED = "superseded"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"


class Standing(NamedTuple, Generic[V]):
    """A version of the event as it stands.

    `content` is what the rules compare. `position` is where its row lies; a claim's row lies in the insert of its claim. `is_held` says
    whether the deciding partition holds the version's identifier, and is asked of its own versions only; an event without identifier is
    held where it lies.
    """

    content: V
    fate: Fate
    position: LedgerPosition
    is_held: bool = True


class Rules(NamedTuple, Generic[V]):
    """Which content counts, and what a beaten one becomes.

    `winner_of` gives the content that counts, whatever the order in which they are given; `beaten_by(winner, beaten)` gives `SUPERSEDED`,
    `CONFLICT` or, of the same version, `DUPLICATE`. Equal contents in two partitions: the one in the lower partition counts.
    """

    winner_of: Callable[[Iterable[V]], V]
    beaten_by: Callable[[V, V], Fate]


class Decided(NamedTuple):
    """What one look at an event led to.

    `moved` gives the new fates of own versions, by their number among those that were given. `must_release`: a `release` row must say so,
    since another partition holds the identifier and may still publish what ceased to be stored. `must_look`: a `look` row (released) must
    tell those who wait, this partition too. `is_watched`: look again when one more claim or release of the event is passed.
    """

    moved: dict[int, Fate]
    must_release: bool
    must_look: bool
    is_watched: bool


def decide(
    own: int,
    standings: Sequence[Standing[V]],
    releases: Collection[LedgerPosition],
    passed: Collection[LedgerPosition],
    rules: Rules[V],
) -> Decided:
    """What partition `own` decides about an event: over all versions that stand in any partition (beaten ones too, duplicates not) and
    the positions of all its releases. `passed` holds those of their positions that are passed."""
    if all(one.position.partition != own for one in standings):
        return Decided({}, False, False, False)
    best = _best(standings, rules)
    binding = [one for one in standings if _counts_against(one, passed)]
    nothing_stored = all(one.fate is not Fate.STORED for one in standings)
    may_settle = nothing_stored and all(position in passed for position in releases)

    moved: dict[int, Fate] = {}
    released: list[Standing[V]] = []
    after = list(standings)
    for number, one in enumerate(standings):
        if one.position.partition != own:
            continue
        fate = one.fate
        if fate is Fate.STORED and _best([one, *binding], rules) is not one:
            fate = rules.beaten_by(best.content, one.content)
            released.append(one)
        elif fate in (Fate.CLAIM, Fate.CONFLICT) and best is not one:
            fate = rules.beaten_by(best.content, one.content)
        elif fate is Fate.CLAIM and may_settle and one.position in passed:
            fate = Fate.STORED
        if fate is not one.fate:
            moved[number] = fate
            after[number] = one._replace(fate=fate)
    return Decided(
        moved,
        must_release=any(not one.is_held for one in released),
        must_look=any(one.is_held for one in released),
        is_watched=_is_open(own, after, rules),
    )


def needs_look(standings: Sequence[Standing[V]], rules: Rules[V]) -> bool:
    """What only a sweep finds, since nobody looked the event up when it came: two stored versions (a sender's fault: two revisions 0 under
    two keys), or a conflict that a higher revision ended."""
    if sum(one.fate is Fate.STORED for one in standings) > 1:
        return True
    conflicts = [one.content for one in standings if one.fate is Fate.CONFLICT]
    if not conflicts:
        return False
    winner = rules.winner_of(one.content for one in standings)
    return any(rules.beaten_by(winner, content) is Fate.SUPERSEDED for content in conflicts)


def _counts_against(one: Standing[V], passed: Collection[LedgerPosition]) -> bool:
    """Whether it makes a lesser stored version give way. An unpassed claim does not yet: the old version stays visible while a partition is
    without a worker."""
    return one.fate is Fate.STORED or (one.fate is Fate.CLAIM and one.position in passed)


def _is_open(own: int, standings: Sequence[Standing[V]], rules: Rules[V]) -> bool:
    """Whether a claim of this partition waits, or a claim waits that is better than what this partition stores."""
    claims = [one for one in standings if one.fate is Fate.CLAIM]
    stored = [one for one in standings if one.fate is Fate.STORED and one.position.partition == own]
    return any(one.position.partition == own for one in claims) or any(
        _best([one, *claims], rules) is not one for one in stored
    )


def _best(standings: Iterable[Standing[V]], rules: Rules[V]) -> Standing[V]:
    standings = list(standings)
    winner = rules.winner_of(one.content for one in standings)
    return min((one for one in standings if one.content == winner), key=lambda one: one.position)
