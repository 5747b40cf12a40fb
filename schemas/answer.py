"""The survey answer: what somebody says about a touchpoint, or that they were asked and said nothing.

A score never stands without its scale: it must lie on it, and the KPIs with published scales must use them (NPS is
0..10: on 1..10 the classes of detractors shift; a CSAT or CES point is a whole number).
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
"""Scales on which the published formulas are defined (NPS, CSAT as top-2-box, CES 2.0 and its forerunner)."""

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
    """What the answer is about: a touchpoint, and where known the very event."""

    touchpoint: RequiredName
    source: Name | None = None
    event_id: Name | None = None
    occurred_at: Timestamp | None = Field(default=None, description="When it happened; else the answer's time")


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
    scale_min: Point
    scale_max: Point
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
    """Raises PydanticCustomError OUT_OF_SCALE unless the answer's scale is its KPI's and the score lies on it."""
    field = _field_off_scale(answer)
    if field:
        raise PydanticCustomError(OUT_OF_SCALE, "{field} does not fit the scale", {"field": field})


def _field_off_scale(answer: Mapping[str, Any]) -> str:
    """Name of the field that contradicts the scale, or the empty string."""
    low, high, score = answer["scale_min"], answer["scale_max"], answer["score"]
    scales = KPI_SCALES.get(answer["kpi"])
    if low >= high:
        return "scale_max"
    if scales is not None and (low, high) not in scales:
        return "scale_max" if any(low == known for known, _ in scales) else "scale_min"
    if score is None:
        return ""
    is_on_scale = low <= score <= high and (scales is None or score == int(score))
    return "" if is_on_scale else "score"
