"""In which order persons meet touchpoints, and where that order falls apart into stages.

Why: docs/decisions/0122.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from statistics import fmean

GAP_MIN = 0.1
"""Parts whose mean scores are closer than this are not told apart."""


def earliness(names: Sequence[str], first_before: Mapping[tuple[str, str], int]) -> dict[str, float]:
    """Of each touchpoint the mean share of persons who met it before another one, over the others (0..1, 1 = always first).

    A pair that nobody met counts as one half; few persons say little (one imaginary person for either order is added).
    """
    scores: dict[str, float] = {}
    for name in names:
        shares = [share_before(name, other, first_before) for other in names if other != name]
        scores[name] = sum(shares) / len(shares) if shares else 0.5
    return scores


def share_before(name: str, other: str, first_before: Mapping[tuple[str, str], int]) -> float:
    """Share of the persons who met both that met `name` first."""
    ahead, behind = first_before.get((name, other), 0), first_before.get((other, name), 0)
    return (ahead + 1) / (ahead + behind + 2)


def groups(ordered: Sequence[str], scores: Mapping[str, float], groups_max: int) -> list[list[str]]:
    """Cut a sequence of falling scores where that leaves the least spread within the parts (Jenks' natural breaks): into as many parts, up
    to `groups_max`, as have means that differ by GAP_MIN."""
    for count in range(min(groups_max, len(ordered)), 1, -1):
        inner = range(1, len(ordered))
        cuts = min(combinations(inner, count - 1), key=lambda cuts: (_spread(ordered, scores, cuts), cuts))
        parts = _cut(ordered, cuts)
        means = [fmean(scores[name] for name in part) for part in parts]
        if all(here - there >= GAP_MIN for here, there in pairwise(means)):
            return parts
    return [list(ordered)] if ordered else []


def _cut(ordered: Sequence[str], cuts: Sequence[int]) -> list[list[str]]:
    return [list(ordered[start:end]) for start, end in pairwise([0, *cuts, len(ordered)])]


def _spread(ordered: Sequence[str], scores: Mapping[str, float], cuts: Sequence[int]) -> float:
    values = [[scores[name] for name in part] for part in _cut(ordered, cuts)]
    return sum(sum((one - fmean(part)) ** 2 for one in part) for part in values)
