"""Checks that need more than one part of a map: ids that stand twice, references to what is not there, questions that
do not compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from touchline.schemas.journey.conditions import Before, Condition, EventCondition, MapElement, StageCondition
from touchline.schemas.journey.facts import Emotion, Expectation, Remark
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.parts import Annotation, Ask, Cycle, Rule
from touchline.schemas.journey.problems import FileProblem, Path, did_you_mean
from touchline.schemas.journey.reach import reach_problems
from touchline.schemas.journey.walk import parts_of
from touchline.schemas.journey.yaml_lines import Document

NAMED = ("stages", "touchpoints", "rules", "personas", "segments", "goals", "kpis")
"""Lists whose items have an id, unique within the list."""

REFERENCES: Sequence[tuple[type[MapElement], str, str]] = (
    (Rule, "stage", "stages"),
    (StageCondition, "stage", "stages"),
    (Before, "stage", "stages"),
    (Before, "no_stage", "stages"),
    (Before, "last_stage", "stages"),
    (Cycle, "stays", "stages"),
    (Ask, "stages", "stages"),
    (Annotation, "stage", "stages"),
    (EventCondition, "touchpoint", "touchpoints"),
    (Before, "touchpoint", "touchpoints"),
    (Before, "no_touchpoint", "touchpoints"),
    (Before, "last_touchpoint", "touchpoints"),
    (Ask, "touchpoints", "touchpoints"),
    (Annotation, "touchpoint", "touchpoints"),
    (Condition, "persona", "personas"),
    (Remark, "persona", "personas"),
    (Emotion, "persona", "personas"),
    (Expectation, "persona", "personas"),
    (Condition, "segment", "segments"),
    (Ask, "goals", "goals"),
)
"""Which field of which part names an item of which list."""


def reference_problems(journey_map: JourneyMap, document: Document) -> list[FileProblem]:
    """All of them; empty for a good map. Whether rules can be reached is looked at only when all references hold."""
    problems = [*_duplicates(journey_map, document), *_unknown_references(journey_map, document)]
    problems += _incomparable_questions(journey_map, document)
    return problems or list(reach_problems(journey_map, document))


def _duplicates(journey_map: JourneyMap, document: Document) -> Iterator[FileProblem]:
    for name in NAMED:
        first: dict[str, Path] = {}
        for position, item in enumerate(getattr(journey_map, name)):
            path = (name, position, "id")
            if item.id in first:
                line = document.problem(first[item.id], "", "").line
                what = f"the id {item.id!r} stands twice in {name} (first in line {line})"
                yield document.problem(path, what, "give this one another id, or remove one of them")
            first.setdefault(item.id, path)


def _unknown_references(journey_map: JourneyMap, document: Document) -> Iterator[FileProblem]:
    known = {name: [item.id for item in getattr(journey_map, name)] for name in NAMED}
    for path, part in parts_of(journey_map):
        for kind, field, target in REFERENCES:
            if not isinstance(part, kind):
                continue
            value = getattr(part, field)
            if (kind, field, value) == (Ask, "touchpoints", "all"):
                continue
            for position, name in _names(value):
                if name not in known[target]:
                    what = f"there is no {target.removesuffix('s')} {name!r}"
                    yield document.problem((*path, field, *position), what, did_you_mean(name, known[target]))


def _names(value: str | tuple[str, ...] | None) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield (), value
    else:
        for position, name in enumerate(value or ()):
            yield (position,), name


def _incomparable_questions(journey_map: JourneyMap, document: Document) -> Iterator[FileProblem]:
    """Answers of one KPI, variant and scope are pooled and compared: so all of them stand on one scale and one
    wording."""
    first: dict[tuple[str, str, str], tuple[int, object]] = {}
    for position, kpi in enumerate(journey_map.kpis):
        key, asked = (kpi.kpi, kpi.variant, kpi.scope), (kpi.scale, kpi.question)
        known_position, known = first.setdefault(key, (position, asked))
        if known != asked:
            other = journey_map.kpis[known_position]
            field = "scale" if other.scale != kpi.scale else "question"
            series = f"{kpi.kpi} ({kpi.variant}, {kpi.scope})"
            what = f"{series} has another {field} in {other.id!r}: their answers would not compare"
            yield document.problem(("kpis", position, field), what, f"write the same {field}, or another variant")
