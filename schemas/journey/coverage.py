"""What a map does not cover: no errors, but things its owner should know before trusting its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from touchline.schemas.journey.model import JourneyMap


class Coverage(NamedTuple):
    """How much of the journey can be seen at all."""

    traceable: int
    survey_only: int
    unobservable: int

    @property
    def untraceable_share(self) -> float:
        """Share of the touchpoints from which no system sends events (0..1)."""
        return (self.survey_only + self.unobservable) / sum(self)


def coverage(journey_map: JourneyMap) -> Coverage:
    """Touchpoints by observability."""
    counts = Counter(touchpoint.observability for touchpoint in journey_map.touchpoints)
    return Coverage(counts["traceable"], counts["survey_only"], counts["unobservable"])


def touchpoints_of_stages(journey_map: JourneyMap) -> dict[str, list[str]]:
    """Stage -> the touchpoints that rules lead there from, in the order of the map."""
    stages: dict[str, list[str]] = {stage.id: [] for stage in journey_map.stages}
    for touchpoint in journey_map.touchpoints:
        for rule in journey_map.rules:
            met = not rule.when.touchpoint or touchpoint.id in rule.when.touchpoint
            if met and touchpoint.id not in stages[rule.stage]:
                stages[rule.stage].append(touchpoint.id)
    return stages


def coverage_warnings(journey_map: JourneyMap) -> Iterator[str]:
    """One sentence each."""
    observability = {touchpoint.id: touchpoint.observability for touchpoint in journey_map.touchpoints}
    stages = touchpoints_of_stages(journey_map)
    for stage, touchpoints in stages.items():
        if not touchpoints:
            yield f"stage {stage!r} has no touchpoints: no rule leads to it, so nobody will ever be seen there"
        elif all(observability[touchpoint] != "traceable" for touchpoint in touchpoints):
            yield f"stage {stage!r} has no traceable touchpoint: it is seen through surveys only"
    mapped = {touchpoint for touchpoints in stages.values() for touchpoint in touchpoints}
    for touchpoint in journey_map.touchpoints:
        if touchpoint.observability == "unobservable":
            if any(touchpoint.id in (rule.when.touchpoint or ()) for rule in journey_map.rules):
                yield f"touchpoint {touchpoint.id!r} is unobservable, but a rule waits for its events"
        elif touchpoint.id not in mapped:
            yield f"touchpoint {touchpoint.id!r} has no rule: its events stay unmapped"
    seen = coverage(journey_map)
    if seen.untraceable_share:
        untraceable = seen.survey_only + seen.unobservable
        yield (
            f"{untraceable} of {sum(seen)} touchpoints ({seen.untraceable_share:.0%}) cannot be traced "
            f"({seen.survey_only} survey-only, {seen.unobservable} unobservable): their volumes are estimates or unknown"
        )
