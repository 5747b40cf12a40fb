"""From what was observed to stages, rules and goals: guesses, each with its evidence."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from touchline.journey.suggest.observe import Observed, SeenTouchpoint
from touchline.journey.suggest.order import earliness, groups, share_before
from touchline.wording import counted

PURCHASE = "purchase"
BEFORE = (("awareness", "Awareness"), ("interest", "Interest"), ("consideration", "Consideration"))
"""Names of the stages before the conversion; of fewer groups the last ones."""
WITHOUT_CONVERSION = (("first_steps", "First steps"), ("middle", "In between"), ("last_steps", "Last steps"))
YAML_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""Words that a reader of YAML may take for something else than text."""
INACTIVITY_DAYS = (7, 365)
"""A term is not guessed below or above."""


class DraftTouchpoint(NamedTuple):
    """A touchpoint of the draft. `earliness` is 1 for one that persons always meet first; `next_name` the touchpoint that follows it most
    often, after `next_share` of its events."""

    seen: SeenTouchpoint
    earliness: float
    next_name: str
    next_share: float


class DraftStage(NamedTuple):
    """A stage with its touchpoints in the likely order, and why it was cut so."""

    id: str
    name: str
    why: str
    touchpoints: list[DraftTouchpoint]


class DraftGoal(NamedTuple):
    """A conversion: events of the touchpoint, of one action where it has several."""

    id: str
    touchpoint: str
    action: str
    why: str


class Draft(NamedTuple):
    """Everything that a map needs. `left_out` names are no names that a map can hold, or too many."""

    stages: list[DraftStage]
    goals: list[DraftGoal]
    stays: list[str]
    inactivity_days: int | None
    left_out: int


def draft(observed: Observed) -> Draft:
    """Guess a map. There must be an event of at least one touchpoint that a map can name."""
    nameable = [one for one in observed.seen if is_nameable(one.touchpoint)]
    names = [one.touchpoint for one in nameable]
    scores = earliness(names, observed.first_before)
    points = {one.touchpoint: _point(one, scores, observed) for one in nameable}
    ordered = sorted(names, key=lambda name: (-scores[name], -points[name].seen.events, name))
    conversions = [name for name in ordered if is_conversion(points[name].seen)]
    stages = _stages(ordered, conversions, scores, points, observed)
    return Draft(
        stages,
        _goals(conversions or ordered[-1:], points, is_guess=not conversions),
        [stage.id for stage in stages if stage.id == "service"],
        _inactivity_days(observed.pause_days),
        observed.left_out + len(observed.seen) - len(nameable),
    )


def is_nameable(name: str) -> bool:
    """Whether a map file can hold the name."""
    return len(name) <= 128 and name.isprintable() and re.fullmatch(r"\S(.*\S)?", name) is not None


def is_conversion(seen: SeenTouchpoint) -> bool:
    """Whether its events look like orders: a purchase as the action, or an order or an amount in half of them."""
    return seen.actions.get(PURCHASE, 0) > 0 or 2 * seen.order_events >= max(seen.events, 1)


def _point(seen: SeenTouchpoint, scores: dict[str, float], observed: Observed) -> DraftTouchpoint:
    following = {b: count for (a, b), count in observed.followed.items() if a == seen.touchpoint and is_nameable(b)}
    next_name = min(following, key=lambda name: (-following[name], name), default="")
    share = following[next_name] * observed.every_person / max(seen.events, 1) if next_name else 0.0
    return DraftTouchpoint(seen, scores[seen.touchpoint], next_name, min(share, 1.0))


def _stages(
    ordered: Sequence[str],
    conversions: Sequence[str],
    scores: dict[str, float],
    points: dict[str, DraftTouchpoint],
    observed: Observed,
) -> list[DraftStage]:
    if not conversions:
        found = groups(ordered, scores, len(WITHOUT_CONVERSION))
        heads = WITHOUT_CONVERSION if len(found) > 2 else (WITHOUT_CONVERSION[0], WITHOUT_CONVERSION[-1])
        return [
            DraftStage(*head, "by order alone: no event looks like an order", [points[name] for name in group])
            for head, group in zip(heads, found, strict=False)
        ]
    main = max(conversions, key=lambda name: (points[name].seen.events, name))
    others = [name for name in ordered if name not in conversions]
    after = [name for name in others if share_before(main, name, observed.first_before) > 0.5]
    before = groups([name for name in others if name not in after], scores, len(BEFORE))
    stages = [
        DraftStage(*head, f"mostly met before {main}", [points[name] for name in group])
        for head, group in zip(BEFORE[len(BEFORE) - len(before) :], before, strict=True)
    ]
    stages.append(
        DraftStage("purchase", "Purchase", "its events look like orders", [points[name] for name in conversions])
    )
    if after:
        why = f"mostly met after {main}; or it is trouble on the way there: then move it"
        stages.append(DraftStage("service", "Service", why, [points[name] for name in after]))
    return stages


def _goals(names: Sequence[str], points: dict[str, DraftTouchpoint], *, is_guess: bool) -> list[DraftGoal]:
    goals: list[DraftGoal] = []
    for name in names:
        seen = points[name].seen
        purchases = seen.actions.get(PURCHASE, 0)
        if is_guess:
            why = "a guess: the last touchpoint in order; no event looks like an order"
        elif purchases:
            why = f"{purchases:,} of {counted(seen.events, 'event has', 'events have')} the action {PURCHASE}"
        else:
            why = f"{seen.order_events:,} of {counted(seen.events, 'event names', 'events name')} an order or an amount"
        goal_id = unique(identifier(name), {one.id for one in goals})
        goals.append(DraftGoal(goal_id, name, PURCHASE if 0 < purchases < seen.events else "", why))
    return goals


def identifier(name: str) -> str:
    """A short name for a map: lower case, digits, underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:48]
    return plain if plain[:1].isalpha() and plain not in YAML_WORDS else f"t_{plain}".rstrip("_")


def unique(wanted: str, taken: set[str]) -> str:
    """The name, with a number where it is taken."""
    number = 2
    found = wanted
    while found in taken:
        found, number = f"{wanted}_{number}", number + 1
    return found


def _inactivity_days(pause_days: float | None) -> int | None:
    if pause_days is None:
        return None
    low, high = INACTIVITY_DAYS
    return min(max(math.ceil(2 * pause_days), low), high)
