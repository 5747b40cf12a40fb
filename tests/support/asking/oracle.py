"""What a fatigue rule says, by brute force: moment by moment, without the product's code.

A rule is broken where a window of its length, ending at a moment at which somebody was shown, invited or has answered, holds more than it
allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

LEVELS = ("invited", "shown", "answered")


class Lived(NamedTuple):
    """What really became of one ask: when it was decided, and when it came to each level; None where it never did."""

    ask_id: str
    person: str
    kpi: str
    touchpoint: str
    segment: str
    decided_us: int
    reached_us: dict[str, int | None]


class Rule(NamedTuple):
    """A rule by its words."""

    id: str
    scope: str
    counts: str
    at_most: int
    within_us: int
    segment: str | None
    kpi: str | None


def broken_rules(lived: Iterable[Lived], rules: Sequence[Rule]) -> list[str]:
    """Each rule and window in which more was asked of one person than it allows."""
    found = []
    asks = list(lived)
    for rule in rules:
        for group in _groups(rule, asks):
            times = sorted(at for one in group if (at := one.reached_us[rule.counts]) is not None)
            for end in times:
                inside = [at for at in times if end - rule.within_us < at <= end]
                if len(inside) > rule.at_most:
                    found.append(f"{rule.id}: {len(inside)} within the window that ends at {end}")
    return found


def _groups(rule: Rule, asks: Sequence[Lived]) -> list[list[Lived]]:
    """The asks that a rule counts together. A rule of a segment is judged for persons who are always in it: asks before do count for it."""
    groups: dict[tuple[str, ...], list[Lived]] = {}
    for one in asks:
        if rule.scope == "segment" and one.segment != rule.segment:
            continue
        if rule.kpi is not None and one.kpi != rule.kpi:
            continue
        key: tuple[str, ...] = (one.person,)
        if rule.scope == "kpi":
            key = (one.person, one.kpi)
        if rule.scope == "touchpoint":
            key = (one.person, one.touchpoint)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def is_spared(
    rule: Rule, kpi: str, touchpoint: str, segment: str, known: Iterable[tuple[str, str, str, int, int]], now_us: int
) -> bool:
    """Whether the words of a rule spare somebody. `known`: (kpi, touchpoint, furthest level or "", its time, open until or 0)."""
    if rule.scope == "segment" and segment != rule.segment:
        return False
    if rule.kpi is not None and kpi != rule.kpi:
        return False
    count = 0
    for its_kpi, its_touchpoint, level, at_us, open_us in known:
        if rule.scope == "kpi" and its_kpi != kpi:
            continue
        if rule.scope == "touchpoint" and its_touchpoint != touchpoint:
            continue
        has_reached = level != "" and LEVELS.index(level) >= LEVELS.index(rule.counts)
        count += (now_us - at_us < rule.within_us) if has_reached else now_us < open_us
    return count >= rule.at_most
