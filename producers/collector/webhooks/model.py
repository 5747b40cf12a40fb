"""The form of webhooks.yaml: by source which tool sends, how it signs, and what its questions are here.

    webhooks:
      survey-tool:
        form: typeform
        secret_file: .local/secrets/typeform
        identifiers: {loyalty: hidden.card}
        surveys:
          after_purchase:
            about: store_purchase
            scope: transactional
            questions:
              recommend: {score: nps_ref, kpi: nps, scale: [0, 10]}

Why: docs/decisions/0196.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from touchline.producers.collector.webhooks.signatures import STANDARD, TYPEFORM, Signature
from touchline.schemas.answer import Point
from touchline.schemas.identifiers import is_identifier_type, misspelled
from touchline.schemas.journey.conditions import Name
from touchline.schemas.sources import SourceId

Form = Literal["typeform", "formbricks", "generic"]
Scope = Literal["relational", "transactional"]
Short = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=30)]
"""Name of a survey or a question; the ids of events begin with both."""
Place = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=256)]
"""A question by the name that its tool gives it, or a path in the response: names joined by dots."""
_SIGNATURES: Final[Mapping[Form, Signature]] = {"typeform": TYPEFORM, "formbricks": STANDARD}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(_Part):
    """What one question is here. `scale` is its bad end and its good end; `values` are scores of answers that are words."""

    score: Place
    kpi: Name = Field(description="nps, csat, ces ...")
    scale: tuple[Point, Point]
    values: Mapping[str, float] = {}
    comment: Place | None = None
    variant: Name | None = Field(default=None, description="Variant of the formula, by the KPI catalogue")
    about: Name | None = None
    scope: Scope | None = None

    @model_validator(mode="after")
    def _scale_has_two_ends(self) -> Self:
        first, last = self.scale
        if first == last:
            raise ValueError("the scale has one end only; write its bad end and its good end, such as [0, 10]")
        low, high = sorted(self.scale)
        if not all(low <= score <= high for score in self.values.values()):
            raise ValueError("a score in values lies off the scale; write scores between its ends")
        return self


class Survey(_Part):
    """One survey of the tool. What a question does not say is said here. `event` is where the id of the event stands that the
    answers are about, `event_source` the source of that event."""

    tool_id: Place | None = Field(default=None, description="As the tool numbers it; without one, whatever comes")
    about: Name
    scope: Scope
    event: Place | None = None
    event_source: SourceId | None = None
    questions: Mapping[Short, Question] = Field(min_length=1)

    @model_validator(mode="after")
    def _an_event_has_a_source(self) -> Self:
        if (self.event is None) != (self.event_source is None):
            raise ValueError("event and event_source go together; write both, or neither")
        return self


class Consent(_Part):
    """The grant under which people answered: where its id stands, and for what it is."""

    id: Place
    purposes: tuple[Name, ...] = ()


class AnswerList(_Part):
    """Where answers stand in a list: where that is, and which members of each are its question and its answer."""

    at: Place
    name: Place = "name"
    value: Place = "value"


class Response(_Part):
    """Where things stand in a response of the generic form, as paths."""

    id: Place
    time: Place
    survey: Place | None = None
    revision: Place | None = None
    complete: Place | None = None
    complete_is: str = "true"
    answers: AnswerList | None = None


class Webhook(_Part):
    """The webhooks of one source."""

    form: Form
    secret_file: Path
    tolerance_seconds: int = Field(default=300, ge=1, le=86_400)
    signature: Signature | None = None
    response: Response | None = None
    identifiers: Mapping[str, Place] = {}
    properties: Mapping[Short, Place] = {}
    consent: Consent | None = None
    ignore: tuple[Place, ...] = ()
    surveys: Mapping[Short, Survey] = Field(min_length=1)

    @property
    def signed_as(self) -> Signature:
        """How its tool signs."""
        return _SIGNATURES.get(self.form) or self.signature or STANDARD

    @model_validator(mode="after")
    def _only_the_generic_form_is_described(self) -> Self:
        if self.form == "generic" and (self.signature is None or self.response is None):
            raise ValueError(
                "the generic form needs signature and response; write how the tool signs and where things stand"
            )
        if self.form != "generic" and (self.signature is not None or self.response is not None):
            raise ValueError(f"{self.form} is known; leave signature and response out, or write `form: generic`")
        return self

    @model_validator(mode="after")
    def _identifiers_are_of_known_types(self) -> Self:
        for name in self.identifiers:
            if (meant := misspelled(name)) is not None:
                raise ValueError(f"identifier type {name} is not known; did you mean {meant}?")
            if not is_identifier_type(name):
                raise ValueError("an identifier type is malformed; use lower-case letters, digits and _")
        return self

    @model_validator(mode="after")
    def _identifiers_leave_as_keys_only(self) -> Self:
        kept: set[str | None] = {*self.properties.values()}
        for survey in self.surveys.values():
            kept |= {survey.event} | {place for one in survey.questions.values() for place in (one.score, one.comment)}
        if any(place in kept for place in self.identifiers.values()):
            raise ValueError("what names a person would leave as it stands; name it under identifiers only")
        return self

    @model_validator(mode="after")
    def _surveys_can_be_told_apart(self) -> Self:
        ids = [survey.tool_id for survey in self.surveys.values()]
        if len(set(ids)) < len(ids):
            raise ValueError("two surveys have the same tool_id, or none; write the id that the tool gives each")
        return self


class Webhooks(_Part):
    """The whole file."""

    webhooks: Mapping[SourceId, Webhook]
