"""The question catalogue: what may be asked, in which words of which language, on which scale.

    questions.yaml (shipped) + the file survey_questions_file names (an owner's own) -> Catalogue

A question has one scale in all its languages, since its languages stand below it. Its words have a version: answers to other words are
never pooled, so an owner who writes a shipped question anew gives it another version.

Why: docs/decisions/0205.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from touchline.errors import WrongUsage
from touchline.schemas.answer import KPI_SCALES, fits_scale
from touchline.schemas.journey.conditions import Id, MapElement
from touchline.schemas.journey.explain import explain
from touchline.schemas.journey.facts import Text
from touchline.schemas.journey.problems import FileProblem
from touchline.schemas.journey.yaml_lines import Document, read_yaml

PAGE: Final = "docs/surveys.md"
SHIPPED_LANGUAGES: Final = ("de", "en", "fr", "it")
Kind = Literal["score", "emotion", "open", "source"]
"""score: a point of the scale. emotion: one of the options, each with its point of the scale. open: free text alone. source: one of the
options, without a score ("how did you hear of us")."""
_EXAMPLES: Final = {
    "questions": "`questions:` with at least one, as docs/surveys.md shows it",
    "id": "`id: nps`",
    "version": '`version: "1"`; give other words another version',
    "kind": "`kind: score`, emotion, open or source",
    "kpi": "`kpi: nps`",
    "scope": "`scope: transactional` (about this touchpoint) or relational (about all experiences)",
    "scale": "`scale: {min: 0, max: 10}`",
    "wordings": "`wordings: {en: {text: …, low: …, high: …}}`",
    "text": "`text: How likely are you to recommend us?`",
    "score": "`score: 7`, a point of the scale",
}
Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 tag."""


class Scale(MapElement):
    """Ends of a scale: `min` is the bad end, `max` the good one, also where it has the lower number."""

    min: Annotated[int, Field(ge=-(2**15), lt=2**15)]
    max: Annotated[int, Field(ge=-(2**15), lt=2**15)]

    @model_validator(mode="after")
    def _has_two_ends(self) -> Self:
        if self.min == self.max:
            raise ValueError("min and max are one number; write for example `{min: 0, max: 10}`")
        return self

    @property
    def points(self) -> tuple[int, ...]:
        """All its points from the bad end to the good one."""
        step = 1 if self.min < self.max else -1
        return tuple(range(self.min, self.max + step, step))


class Option(MapElement):
    """One of several things to choose. `score` is its point of the scale (emotion), `touchpoint` the touchpoint that choosing it declares
    (source; the option's id where it is left out). Such a contact lies within the `span_days` before, and `confidence` says how far you
    trust what people remember of it: yours to set, nothing is measured."""

    id: Id
    score: int | None = None
    touchpoint: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    confidence: Annotated[float, Field(gt=0, le=1)] = 0.5
    span_days: Annotated[int, Field(ge=1, le=3660)] = 365


class Wording(MapElement):
    """A question in one language. `low` and `high` say what the ends of the scale mean, `options` names each option by its id, `comment`
    asks why (empty: nobody is asked), `thanks` follows the answer."""

    text: Text
    low: str = ""
    high: str = ""
    options: dict[Id, Text] = Field(default_factory=dict)
    comment: str = ""
    thanks: str = ""


class Question(MapElement):
    """One question in all its languages. Questions of kind open and source have no score; their scale is 0 to 1, and counts for nothing."""

    id: Id
    version: Version
    kind: Kind = "score"
    kpi: Id
    variant: Id | Literal[""] = ""
    scope: Literal["relational", "transactional"]
    scale: Scale = Scale(min=0, max=1)
    options: tuple[Option, ...] = ()
    wordings: Annotated[dict[Language, Wording], Field(min_length=1)]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for problem in (self._scale_problem(), self._option_problem(), self._wording_problem()):
            if problem:
                raise ValueError(problem)
        return self

    def _scale_problem(self) -> str:
        ends = (self.scale.min, self.scale.max)
        scales = KPI_SCALES.get(self.kpi, ())
        if self.kind in ("score", "emotion") and "scale" not in self.model_fields_set:
            return f"a question of kind {self.kind} has a scale; write `scale: {{min: 0, max: 10}}`"
        if len(scales) == 1 and ends not in scales:
            low, high = scales[0]
            return f"{self.kpi} is defined on {low} to {high} only; write `scale: {{min: {low}, max: {high}}}` or name another KPI"
        return ""

    def _option_problem(self) -> str:
        needs = self.kind in ("emotion", "source")
        if needs != bool(self.options):
            return f"a question of kind {self.kind} has {'' if needs else 'no '}options; " + (
                "write `options: [{id: …}, …]`"
                if needs
                else "leave them out, or write `kind: emotion` or `kind: source`"
            )
        if len({one.id for one in self.options}) < len(self.options):
            return "two options have one id; give each its own"
        if self.kind == "emotion" and not all(
            one.score is not None and fits_scale(self.scale.min, self.scale.max, one.score, self.kpi)
            for one in self.options
        ):
            return "an option of an emotion has no score on the scale; write `score:` with a point of it"
        return ""

    def _wording_problem(self) -> str:
        ids = {one.id for one in self.options}
        for language, wording in self.wordings.items():
            if set(wording.options) != ids:
                wrong = ", ".join(sorted(set(wording.options) ^ ids))
                return f"the options in {language} are not those of the question: {wrong}; name each of them once"
        return ""

    def language_for(self, asked: str, default: str = "en") -> str:
        """The language in which it is put to somebody who asks for `asked` (BCP 47): that one, its main language, the default, else the
        first that there is."""
        wanted = (asked, asked.partition("-")[0], default, default.partition("-")[0])
        return next((one for one in wanted if one in self.wordings), next(iter(self.wordings)))

    def labels(self, language: str) -> tuple[tuple[Option, str], ...]:
        """Its options with their words, in the question's order. Raises KeyError for a language that it has not."""
        words = self.wordings[language].options
        return tuple((one, words[one.id]) for one in self.options)

    def option(self, option_id: str) -> Option | None:
        """The option of that id."""
        return next((one for one in self.options if one.id == option_id), None)


class _File(MapElement):
    """The whole file."""

    questions: Annotated[tuple[Question, ...], Field(min_length=1)]


class Catalogue(NamedTuple):
    """Questions by id."""

    questions: Mapping[str, Question]

    def get(self, question_id: str, version: str = "") -> Question | None:
        """The question; with a version only that one."""
        found = self.questions.get(question_id)
        return found if found is not None and version in ("", found.version) else None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that every question has."""
        return tuple(sorted(set.intersection(*(set(one.wordings) for one in self.questions.values()))))


def load_catalogue(own: Path | None = None) -> Catalogue:
    """The questions that are shipped, and those of an owner's file, which stand in place of shipped ones of the same id. Raises WrongUsage
    with every problem found."""
    shipped = _shipped()
    if own is None:
        return shipped
    try:
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(
            f"the file of questions {own} cannot be read ({type(error).__name__})",
            f"check survey_questions_file; {PAGE} shows one",
        ) from None
    return Catalogue({**shipped.questions, **parse_questions(text, str(own), shipped).questions})


def parse_questions(text: str, file: str, shipped: Catalogue | None = None) -> Catalogue:
    """The questions written in `text`; `file` is the name used in complaints. With `shipped`, a question that has the id and the version of
    a shipped one and says something else is refused. Raises WrongUsage."""
    document = read_yaml(text)
    problems = list(document.problems)
    if not problems:
        try:
            parsed = _File.model_validate(document.values)
        except ValidationError as error:
            problems = explain(error, document, _File, PAGE, _EXAMPLES)
        else:
            problems = _clashes(parsed, document, shipped)
            if not problems:
                return Catalogue({one.id: one for one in parsed.questions})
    raise WrongUsage(
        "\n".join(one.at(file) for one in sorted(problems)),
        f"fix {'this' if len(problems) == 1 else f'these {len(problems)} places'}; {PAGE} shows a file",
    )


def _clashes(parsed: _File, document: Document, shipped: Catalogue | None) -> list[FileProblem]:
    problems, seen = [], set[str]()
    for place, one in enumerate(parsed.questions):
        if one.id in seen:
            what = f"the question {one.id} stands here twice"
            problems.append(document.problem(("questions", place, "id"), what, "write its languages into one of them"))
        seen.add(one.id)
        other = None if shipped is None else shipped.get(one.id, one.version)
        if other is not None and other != one:
            what = f"version {one.version} of {one.id} is shipped with other contents: answers to both would be pooled"
            problems.append(document.problem(("questions", place, "version"), what, "write another version"))
    return problems


@cache
def _shipped() -> Catalogue:
    text = resources.files(__package__).joinpath("questions.yaml").read_text(encoding="utf-8")
    return parse_questions(text, "questions.yaml")
