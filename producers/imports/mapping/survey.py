"""The form of a mapping for exports of survey tools: a row holds the answers to several questions, each of which is an event.

What the tool writes is the same in all of its files and ships. What is asked differs in every survey, so its owner says it: which survey
it is and what it is about, and for each question its column, KPI and scale. Of each question a mapping is made that reads the same file.

Why: docs/decisions/0100.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from touchline.producers.imports.mapping.file_form import Column, MappingPart, RowChoice
from touchline.producers.imports.mapping.model import FieldColumn, Key, Mapping, as_column
from touchline.schemas.answer import Point
from touchline.schemas.events import ANSWER
from touchline.schemas.journey.conditions import Id, Name
from touchline.schemas.sources import SourceId

Short = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=30)]
"""Name of a survey or a question; the ids of events begin with both."""
Scope = Literal["relational", "transactional"]
Cell = Annotated[FieldColumn, BeforeValidator(as_column)]


class Survey(MappingPart):
    """What all questions have in common unless one says otherwise: the touchpoint they are about, and whether they ask for it alone
    (transactional) or for all experiences (relational). `event` is the column with the id of the event they are about."""

    name: Short
    about: Name
    scope: Scope
    event: Column | None = None
    event_source: SourceId | None = Field(default=None, description="Source of the event that `event` names")


class Question(MappingPart):
    """One question: where its score and the comment on it stand, and what the score means. `scale` is its bad end and its good end."""

    kpi: Name = Field(description="nps, csat, ces ...")
    scale: tuple[Point, Point]
    score: Cell
    comment: Cell | None = None
    variant: Name | None = Field(default=None, description="Variant of the formula, by the KPI catalogue")
    about: Name | None = None
    scope: Scope | None = None


class AnswerChoice(RowChoice):
    """Of the rows that the owner chooses those with an answer to one question, which stands in one of the columns `answered`."""

    answered: tuple[Column, ...] = ()

    def required(self) -> tuple[tuple[Column, ...], ...]:
        """As of RowChoice, and of the answer."""
        return (*super().required(), *((self.answered,) if self.answered else ()))


class SurveyExport(Mapping):
    """The whole file. Without `survey` and `questions` it ships, and reads nothing."""

    type: Literal["touchline.answer.v1"] = ANSWER
    extends: Id | None = Field(default=None, description="One that ships, of which this one says what differs")
    beside: tuple[Column, ...] = Field(default=(), description="Columns that the tool writes beside the answers")
    survey: Survey | None = None
    questions: dict[Short, Question] = Field(default_factory=dict)

    def with_example(self) -> SurveyExport:
        """With a survey and a question where it has none: so what else it says can be checked."""
        survey = self.survey or Survey(name="example", about="example", scope="transactional")
        questions = self.questions or {
            "example": Question(kpi="nps", scale=(0, 10), score=FieldColumn(column="example"))
        }
        return self.model_copy(update={"survey": survey, "questions": questions})

    def by_question(self) -> dict[str, Mapping]:
        """The mapping of each question; empty where the survey or its questions are not said."""
        if self.survey is None:
            return {}
        return {name: self._mapping_of(self.survey, name, question) for name, question in self.questions.items()}

    def _mapping_of(self, survey: Survey, name: str, question: Question) -> Mapping:
        read = {"score": question.score, "comment": question.comment}
        cells = {field: cell for field, cell in read.items() if cell is not None}
        columns = tuple(dict.fromkeys(cell.column for cell in cells.values() if cell.column is not None))
        constants = {
            "about.touchpoint": question.about or survey.about,
            "survey": survey.name,
            "question": name,
            "kpi": question.kpi,
            "variant": question.variant,
            "scope": question.scope or survey.scope,
            "scale_min": question.scale[0],
            "scale_max": question.scale[1],
            "about.source": survey.event_source,
        }
        fields = {field: FieldColumn(constant=value) for field, value in constants.items() if value is not None}
        if survey.event is not None:
            fields["about.event_id"] = FieldColumn(column=survey.event)
        prefix = f"{self.id.prefix}{survey.name}/{name}/"
        key = self.id.columns if not self.id.content else (*self._key_by_content(), *columns)
        parts = {part: getattr(self, part) for part in Mapping.model_fields}
        return Mapping.model_validate(
            parts
            | {
                "id": Key(columns=key, prefix=prefix, content=self.id.content, sealed=self.id.sealed),
                "fields": self.fields | fields | cells,
                "rows": AnswerChoice(answered=columns, filled=self.rows.filled, without=self.rows.without),
            }
        )

    def _key_by_content(self) -> tuple[Column, ...]:
        """A form that gains a question has other rows, and its answers are the same: what they hold and the moment when they were given
        is their key. Who gave them is not, for a hash of little else would tell it."""
        return self.id.columns or self.time.columns
