"""A draft as YAML, with the evidence in comments beside what was guessed from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from touchline.journey.suggest.draft import YAML_WORDS, Draft, DraftGoal, DraftStage, DraftTouchpoint
from touchline.journey.suggest.observe import Observed, SeenTouchpoint
from touchline.schemas.channels import OFFLINE_CHANNELS, ONLINE_CHANNELS
from touchline.wording import counted

_PLAIN = re.compile(r"[A-Za-z]\w*(?:[ .-]\w+)*", re.ASCII)
EARNED_CHANNELS = frozenset(("word_of_mouth", "forum", "review", "social"))
PAID_CHANNELS = frozenset(("affiliate", "display", "outdoor", "print", "radio", "tv", "cinema"))


def write_map(name: str, observed: Observed, draft: Draft) -> str:
    """The text of the file: a map that can be used as it is, and should not be."""
    return "\n".join(_lines(name, observed, draft)) + "\n"


def _lines(name: str, observed: Observed, draft: Draft) -> Iterator[str]:
    yield from _head(observed, draft)
    yield from (f"map: {name}", "version: 1", f"title: {quoted(name.replace('_', ' ').capitalize())}")
    yield from ("description: Drafted from observed events; to be finished by hand.", "language: en", "")
    yield "# Stages by the order in which persons first meet touchpoints. Rename, split, join; say what people want and miss there."
    yield "stages:"
    for stage in draft.stages:
        yield f"  - id: {stage.id}  # {stage.why}"
        yield f"    name: {stage.name}"
    yield from (
        "",
        "# Ranked by events. ownership is guessed from the channel; add those that no system sees (posters, friends).",
    )
    yield "touchpoints:"
    points = sorted((point for stage in draft.stages for point in stage.touchpoints), key=_by_volume)
    for point in points:
        yield from _touchpoint(point, observed)
    yield from (
        "",
        "# The first rule that holds decides. In the likely order: what persons mostly meet first stands first.",
        "rules:",
    )
    for stage in draft.stages:
        yield from _rules(stage, draft.goals)
    yield from ("", "goals:")
    for goal in draft.goals:
        yield f"  - {{id: {goal.id}, name: {quoted(title(goal.touchpoint))}, when: {_when(goal)}}}  # {goal.why}"
    yield from (
        "",
        "# Stages whose events still belong to a converted journey; events of all others open the next one.",
    )
    yield from ("cycle:", f"  stays: [{', '.join(draft.stays)}]")
    if draft.inactivity_days is not None:
        said = f"95 % of the waits of a day and more end within {observed.pause_days:.0f} days; twice that"
        yield from ("", "churn:", f"  inactivity_days: {draft.inactivity_days}  # {said}")
    yield from ("", *_KPIS.splitlines())


def _head(observed: Observed, draft: Draft) -> Iterator[str]:
    simulated = sum(one.simulated_events for one in observed.seen)
    span = f", {observed.first_time:%Y-%m-%d} to {observed.last_time:%Y-%m-%d}" if observed.first_time else ""
    events, persons = counted(observed.events, "touchpoint event"), counted(observed.persons, "person")
    yield f"# Drafted by `touchline map suggest` from {events} of {persons}{span}."
    yield f"# Sources: {', '.join(observed.sources)}."
    if observed.nobody_events:
        name_nobody = counted(observed.nobody_events, "event names nobody: it counts", "events name nobody: they count")
        yield f"# {name_nobody} in volumes and {'says' if observed.nobody_events == 1 else 'say'} nothing about order."
    if observed.every_person > 1:
        yield f"# Order is that of every {observed.every_person}th person."
    if simulated:
        yield f"# {simulated:,} of the events are marked as simulated: no evidence about real customers."
    if draft.left_out:
        yield f"# {draft.left_out:,} rarer touchpoints, or names that a map cannot hold, are left out: see journey.unmapped."
    yield "# Every comment is evidence or a question; what is not sure is a guess. Check with `touchline map check`."


def _touchpoint(point: DraftTouchpoint, observed: Observed) -> Iterator[str]:
    seen = point.seen
    channel = max(seen.channels, key=lambda name: (seen.channels[name], name), default="")
    is_known = channel in ONLINE_CHANNELS | OFFLINE_CHANNELS
    fields = {
        "id": quoted(seen.touchpoint),
        "name": quoted(title(seen.touchpoint)),
        "channel": quoted(channel) if is_usable(channel) else "unknown",
        **({} if is_known else {"online": "false"}),
        "ownership": "earned" if channel in EARNED_CHANNELS else "paid" if channel in PAID_CHANNELS else "owned",
        "observability": "survey_only" if seen.declared_events == seen.events else "traceable",
    }
    yield f"  # {_evidence(seen, observed, point)}"
    if not is_known:
        yield "  # no event names a channel that everybody knows: name it, and say whether it is online"
    elif len(seen.channels) > 1:
        others = ", ".join(
            f"{_shown(name)} {count:,}" for name, count in sorted(seen.channels.items(), key=_most_first)
        )
        yield f"  # channels: {others}"
    yield f"  - {{{', '.join(f'{key}: {value}' for key, value in fields.items())}}}"


def _evidence(seen: SeenTouchpoint, observed: Observed, point: DraftTouchpoint) -> str:
    share = f" ({seen.persons / observed.persons:.0%} of all)" if observed.persons else ""
    parts = [counted(seen.events, "event"), f"{counted(seen.persons, 'person')}{share}"]
    if seen.median_position is not None:
        parts.append(f"first met as touchpoint {seen.median_position:g} (median)")
        parts.append(f"before another one in {point.earliness:.0%} of the cases")
    if point.next_name:
        parts.append(f"then mostly {point.next_name} ({point.next_share:.0%})")
    actions = [f"{_shown(name)} {count:,}" for name, count in sorted(seen.actions.items(), key=_most_first) if name]
    if actions:
        more = f" and {len(actions) - 4} more" if len(actions) > 4 else ""
        parts.append(f"actions: {', '.join(actions[:4])}{more}")
    return "; ".join(parts)


def _rules(stage: DraftStage, goals: list[DraftGoal]) -> Iterator[str]:
    partly = {goal.touchpoint: goal for goal in goals if goal.action}
    for point in stage.touchpoints:
        if goal := partly.get(point.seen.touchpoint):
            yield f"  - {{id: {goal.id}_converted, when: {_when(goal)}, stage: {stage.id}}}"
    names = ", ".join(quoted(point.seen.touchpoint) for point in stage.touchpoints)
    yield f"  - {{id: met_in_{stage.id}, when: {{touchpoint: [{names}]}}, stage: {stage.id}}}"


def _when(goal: DraftGoal) -> str:
    action = f", action: {quoted(goal.action)}" if goal.action else ""
    return f"{{touchpoint: {quoted(goal.touchpoint)}{action}}}"


def quoted(text: str) -> str:
    """As YAML reads it back."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in YAML_WORDS else json.dumps(text, ensure_ascii=False)


def title(name: str) -> str:
    """For people."""
    words = " ".join(re.split(r"[_\s.-]+", name)).strip()
    return words[:1].upper() + words[1:] if words else name


def is_usable(channel: str) -> bool:
    """Whether a map can name the channel."""
    return bool(channel) and len(channel) <= 128 and channel.isprintable() and channel == channel.strip()


def _shown(name: str) -> str:
    if not name:
        return "(none)"
    return name if name.isprintable() else "(unprintable)"


def _by_volume(point: DraftTouchpoint) -> tuple[int, str]:
    return (-point.seen.events, point.seen.touchpoint)


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return (-counted[1], counted[0])


_KPIS = """# Survey questions by touchpoint; docs/journey-maps.md has three policies, docs/kpis.md the variants. For example:
# kpis:
#   - id: satisfaction
#     kpi: csat
#     variant: top_2_box
#     scope: transactional
#     scale: {min: 1, max: 5}
#     ask: {touchpoints: all}
#     question: Are you satisfied?"""
