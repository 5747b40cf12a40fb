"""The editable side of a map: what people think, want and meet at a stage or touchpoint, and what the company does
about it.

Measured facts (volumes, KPIs, waits) come from the stream and never stand in the file.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, StringConstraints, model_validator

from touchline.schemas.journey.conditions import Id, MapElement

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _as_remark(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


class Remark(MapElement):
    """A sentence, of everybody or of one persona. Written as the bare sentence, or as `{text: …, persona: …}`."""

    text: Text
    persona: Id | None = None


class Emotion(MapElement):
    """A feeling that people have here, in the map maker's knowledge (asked emotions are answers, not map facts)."""

    emotion: Text
    valence: Literal["positive", "neutral", "negative"]
    persona: Id | None = None


class Target(MapElement):
    """The number that an expectation is held against: `quantity` in `unit`, at least or at most so much."""

    quantity: Id
    unit: Text
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("the target has no bound; write at_least or at_most, for example `at_most: 5`")
        return self


class Expectation(MapElement):
    """What people expect, if possible with a target (wait at most 5 minutes), so that the gap can be measured."""

    text: Text
    target: Target | None = None
    persona: Id | None = None


class Initiative(MapElement):
    """What the company does here. `id` is the name that initiative events carry."""

    id: Id
    text: Text
    owner: str = ""


Remarks = tuple[Annotated[Remark, BeforeValidator(_as_remark)], ...]
Expectations = tuple[Annotated[Expectation, BeforeValidator(_as_remark)], ...]


class Facts(MapElement):
    """What stages and touchpoints have in common."""

    actions: Remarks = ()
    emotions: tuple[Emotion, ...] = ()
    motivations: Remarks = ()
    goals: Remarks = ()
    questions: Remarks = ()
    expectations: Expectations = ()
    friction: Remarks = ()
    opportunities: Remarks = ()
    initiatives: tuple[Initiative, ...] = ()

    def facts(self) -> dict[str, list[Any]]:
        """The facts that are there, by kind."""
        return {kind: list(getattr(self, kind)) for kind in FACT_KINDS if getattr(self, kind)}


FACT_KINDS = tuple(Facts.model_fields)
