"""The survey answer: what somebody says about a touchpoint, or that they were asked and said nothing.

A score never stands without its scale, and must lie on it. Any scale may be declared: `scale_min` is its bad end, `scale_max`
its good one, so that a scale on which low scores are good has the higher number first. Whether the KPI catalogue has a formula
for it is not the contract's matter: an answer on another scale is kept, unclassified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from touchline.schemas.envelope import Contract, Envelope, Name, RequiredName, Timestamp

OUT_OF_SCALE: Final = "out_of_scale"
"""Error type of a score that its scale excludes; the context names the field."""

KPI_SCALES: Final = {"nps": ((0, 10),), "csat": ((1, 5), (1, 7)), "ces": ((1, 7), (1, 5))}
"""Scales on which the published formulas are defined (NPS, CSAT as top-2-box, CES 2.0 and its forerunner): their points are
whole numbers."""

Disposition = Literal[
    "eligible", "not_sampled", "sampled", "invited", "delivered", "bounced", "shown", "started",
    "partial", "complete", "dismissed", "refused", "expired",
]  # fmt: skip

BY_COMPLETENESS: Final[tuple[Disposition, ...]] = (
    "eligible", "not_sampled", "sampled", "invited", "delivered", "bounced", "shown", "started",
    "expired", "dismissed", "refused", "partial", "complete",
)  # fmt: skip
"""The dispositions from the one that says least of the answer: first how far the question came, then how it ended without an answer, then
answers."""

Point = Annotated[int, Field(ge=-(2**15), lt=2**15)]


class About(Contract):
    """What the answer is about: a touchpoint, and where known the very event: the answer then takes day, place and more from it."""

    touchpoint: RequiredName
    source: Name | None = None
    event_id: Name | None = None
    occurred_at: Timestamp | None = Field(
        default=None, description="When it happened; else the time of the named event, else the answer's"
    )


class AnswerEvent(Envelope):
    """One answer to one question.

    `disposition` says how far the question came; only `complete` and `partial` answers with a score enter a KPI.
    `sampling_probability` (0, 1] is the chance that this person was asked. `scope` tells a question about all
    experiences (relational) from one about this touchpoint (transactional); the two are never pooled. An `anonymous`
    answer has no persons.
    """

    type: Literal["touchline.answer.v1"] = "touchline.answer.v1"
    about: About
    survey: RequiredName
    question: RequiredName
    question_version: Name = ""
    language: Name = Field(default="", description="BCP 47 tag of the wording that was shown")
    kpi: RequiredName = Field(description="nps, csat, ces, emotion ...")
    variant: Name = Field(default="", description="Variant of the formula, by the KPI catalogue, such as net of ces")
    scope: Literal["relational", "transactional"]
    scale_min: Annotated[Point, Field(description="Bad end of the scale")]
    scale_max: Annotated[Point, Field(description="Good end; below scale_min where low scores are good")]
    score: Annotated[float, Field(allow_inf_nan=False)] | None = None
    disposition: Disposition = "complete"
    sampling_probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    comment: Annotated[str, Field(max_length=10_000)] | None = None
    anonymous: bool = False

    @model_validator(mode="after")
    def _score_lies_on_its_scale(self) -> Self:
        require_scale(vars(self))
        return self


def require_scale(answer: Mapping[str, Any]) -> None:
    """Raises PydanticCustomError OUT_OF_SCALE unless the answer's scale has two ends and the score lies on it."""
    field = _field_off_scale(answer)
    if field:
        raise PydanticCustomError(OUT_OF_SCALE, "{field} does not fit the scale", {"field": field})


def _field_off_scale(answer: Mapping[str, Any]) -> str:
    """Name of the field that contradicts the scale, or the empty string."""
    first, last, score = answer["scale_min"], answer["scale_max"], answer["score"]
    if first == last:
        return "scale_max"
    return "" if fits_scale(first, last, score, answer["kpi"]) else "score"


def fits_scale(first: int, last: int, score: float | None, kpi: str) -> bool:
    """Whether the scale has two ends and the score, where there is one, lies on it."""
    if first == last:
        return False
    if score is None:
        return True
    low, high = (first, last) if first < last else (last, first)
    is_whole = (low, high) not in KPI_SCALES.get(kpi, ()) or score == int(score)
    return low <= score <= high and is_whole
