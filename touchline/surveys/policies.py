"""Survey policies as data: which question is asked where, how long after, of how many, and how often at most.

    policy file (shipped, or an owner's) + catalogue of questions + journey map -> Asking, one for each question of the policy

`questions: map` takes the questions from the map's own `kpis`. So a map is a policy, too, and there is one way to be asked.

Why: docs/decisions/0205.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from touchline.errors import WrongUsage
from touchline.schemas.journey.conditions import Id, MapElement, Name
from touchline.schemas.journey.explain import explain
from touchline.schemas.journey.facts import Text
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.parts import Ask, KpiQuestion
from touchline.schemas.journey.problems import did_you_mean
from touchline.schemas.journey.yaml_lines import read_yaml
from touchline.schemas.permission import CONTACT_ME
from touchline.schemas.times import US_PER_HOUR
from touchline.surveys.policy import Moment, SurveyQuestion, conditions_of, questions_of
from touchline.surveys.questions import PAGE, Catalogue, Question, Scale, Wording

SHIPPED: Final = ("effort_order_satisfaction", "map", "one_score", "recommendation")
OF_THE_MAP: Final = "map"
_HOURS_MAX: Final = 24 * 366.0
_EXAMPLES: Final = {
    "policy": "`policy: after_purchase`",
    "version": "`version: 1`",
    "title": "`title: <what people read>`",
    "questions": "`questions: [{question: nps, ask: {moments: [conversion]}}]`, or `questions: map` for those of the map's kpis",
    "question": "`question: nps`, an id of the catalogue",
    "ask": "`ask: {moments: [conversion]}`, or touchpoints, stages, goals",
    "id": "`id: <short_name>`",
    "scope": "`scope: global`, kpi, touchpoint or segment",
    "counts": "`counts: shown`, invited or answered",
    "at_most": "`at_most: 1`",
    "within_hours": "`within_hours: 336`",
}
Sampling = Annotated[float, Field(gt=0, le=1)]
Hours = Annotated[float, Field(ge=0, le=_HOURS_MAX)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _of_map(value: object) -> object:
    if value == OF_THE_MAP:
        return ()
    if value in ([], ()):
        raise ValueError("the policy asks nothing; write at least one question, or `questions: map`")
    return value


class PolicyAsk(Ask):
    """Where a question is asked, as the `kpis` of a map say it, and besides by the moment of the journey cycle, which every map has."""

    moments: Annotated[tuple[Moment, ...], BeforeValidator(_as_list), Field(min_length=1)] | None = None


class FatigueRule(MapElement):
    """At most `at_most` asks that reached `counts` within `within_hours`, of one person.

    `scope` says which asks count: `global` all of them, whatever tool asked; `kpi` those for the same KPI (with `kpi` the rule is for that
    KPI alone); `touchpoint` those about the same touchpoint; `segment` all of them, for persons who are in `segment` at the event. An ask
    that is open and may still reach `counts` counts, too."""

    id: Id
    scope: Literal["global", "kpi", "touchpoint", "segment"]
    counts: Literal["invited", "shown", "answered"]
    at_most: Annotated[int, Field(ge=1, le=1000)]
    within_hours: Annotated[float, Field(gt=0, le=_HOURS_MAX)]
    segment: Name | None = None
    kpi: Id | None = None

    @model_validator(mode="after")
    def _says_of_whom(self) -> Self:
        if (self.segment is not None) != (self.scope == "segment"):
            raise ValueError("`segment` belongs to `scope: segment`; write both, or neither")
        if self.kpi is not None and self.scope != "kpi":
            raise ValueError("`kpi` belongs to `scope: kpi`; change the scope, or leave it out")
        return self

    @property
    def within_us(self) -> int:
        """The window in microseconds."""
        return round(self.within_hours * US_PER_HOUR)


class PolicyQuestion(MapElement):
    """One question of a policy. What is left out is as the policy says."""

    question: Id
    ask: PolicyAsk
    delay_hours: Hours = 0
    valid_hours: Annotated[float, Field(gt=0, le=_HOURS_MAX)] | None = None
    sampling: Sampling | None = None
    purposes: tuple[Name, ...] | None = None


class Policy(MapElement):
    """The whole file. A person may be asked from `delay_hours` after the event on, for `valid_hours`; of those whom nothing spares a share
    `sampling` is. Each of `purposes` must be granted by the person."""

    policy: Id
    version: Annotated[int, Field(ge=1, le=2**31)]
    title: Text
    description: str = ""
    questions: Annotated[tuple[PolicyQuestion, ...], BeforeValidator(_of_map)] = Field(
        description="None: those of the map, written `questions: map`"
    )
    valid_hours: Annotated[float, Field(gt=0, le=_HOURS_MAX)] = 72
    sampling: Sampling = 1
    purposes: tuple[Name, ...] = (CONTACT_ME,)
    fatigue: tuple[FatigueRule, ...] = ()

    @model_validator(mode="after")
    def _rules_have_names(self) -> Self:
        if len({one.id for one in self.fatigue}) < len(self.fatigue):
            raise ValueError("two fatigue rules have one id; decisions name the rule, so give each its own")
        return self


class Asking(NamedTuple):
    """One question of a policy at its places on a map: all that is decided by, beside the facts."""

    where: SurveyQuestion
    question: Question
    policy: str
    policy_version: int
    valid_us: int
    sampling: float
    purposes: tuple[str, ...]
    fatigue: tuple[FatigueRule, ...]


def load_policy(name: str, start_dir: Path | str = "") -> Policy:
    """A policy by the name under which it is shipped, or by a path, which starts at `start_dir`. Raises WrongUsage."""
    if name in SHIPPED:
        file = f"{name}.yaml"
        return parse_policy(resources.files(__package__).joinpath("policies", file).read_text(encoding="utf-8"), file)
    if not name.endswith((".yaml", ".yml")) and "/" not in name:
        raise WrongUsage(
            f"there is no survey policy {name!r}", f"{did_you_mean(name, SHIPPED)} A file is named by its path"
        )
    path = Path(start_dir) / name
    try:
        return parse_policy(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(
            f"the survey policy {path} cannot be read ({type(error).__name__})",
            f"check survey_policy; {PAGE} shows one",
        ) from None


def parse_policy(text: str, file: str) -> Policy:
    """The policy written in `text`; `file` is the name used in complaints. Raises WrongUsage with every problem found."""
    document = read_yaml(text)
    problems = list(document.problems)
    if not problems:
        try:
            return Policy.model_validate(document.values)
        except ValidationError as error:
            problems = explain(error, document, Policy, PAGE, _EXAMPLES)
    raise WrongUsage(
        "\n".join(one.at(file) for one in sorted(problems)),
        f"fix {'this' if len(problems) == 1 else f'these {len(problems)} places'}; {PAGE} shows a policy",
    )


def askings_of(policy: Policy, journey_map: JourneyMap, catalogue: Catalogue) -> list[Asking]:
    """The questions of a policy on a map, in its order. Raises WrongUsage for a question that the catalogue lacks, and for stages,
    touchpoints and goals that the map lacks."""
    if not policy.questions:
        pairs = zip(questions_of(journey_map), journey_map.kpis, strict=True)
        return [
            _asking(
                policy, where, _question_of(one, journey_map, catalogue), PolicyQuestion(question=one.id, ask=_BLANK)
            )
            for where, one in pairs
        ]
    if problems := list(_unknown(policy.questions, journey_map, catalogue)):
        raise WrongUsage(
            "\n".join(f"policy {policy.policy}: {one}" for one in problems),
            f"correct the policy, or choose another map than {journey_map.map}",
        )
    known = frozenset(one.id for one in journey_map.touchpoints)
    return [
        _asking(
            policy,
            _placed(one, catalogue.questions[one.question], journey_map, known),
            catalogue.questions[one.question],
            one,
        )
        for one in policy.questions
    ]


_BLANK: Final = PolicyAsk(touchpoints="all")


def _asking(policy: Policy, where: SurveyQuestion, question: Question, said: PolicyQuestion) -> Asking:
    return Asking(
        where,
        question,
        policy.policy,
        policy.version,
        round((policy.valid_hours if said.valid_hours is None else said.valid_hours) * US_PER_HOUR),
        policy.sampling if said.sampling is None else said.sampling,
        policy.purposes if said.purposes is None else said.purposes,
        policy.fatigue,
    )


def _placed(said: PolicyQuestion, question: Question, journey_map: JourneyMap, known: frozenset[str]) -> SurveyQuestion:
    return SurveyQuestion(
        journey_map.map,
        question.id,
        question.kpi,
        question.variant,
        question.scope,
        question.scale.min,
        question.scale.max,
        round(said.delay_hours * US_PER_HOUR),
        journey_map.language,
        said.ask,
        conditions_of(journey_map, said.ask),
        known,
        frozenset(said.ask.moments or ()),
    )


def _question_of(one: KpiQuestion, journey_map: JourneyMap, catalogue: Catalogue) -> Question:
    """A question of the map's `kpis`. What the ends of its scale mean it takes from a question of the catalogue for the same KPI and scale,
    where there is one in its language."""
    scale = Scale(min=one.scale.min, max=one.scale.max)
    language = journey_map.language
    words = next(
        (
            known.wordings[language]
            for known in catalogue.questions.values()
            if (known.kpi, known.scale, known.kind) == (one.kpi, scale, "score") and language in known.wordings
        ),
        Wording(text=one.question),
    )
    return Question(
        id=one.id,
        version=_version_of(one.question),
        kpi=one.kpi,
        variant=one.variant,
        scope=one.scope,
        scale=scale,
        wordings={language: words.model_copy(update={"text": one.question})},
    )


def _version_of(text: str) -> str:
    """The version of a map's question is that of its words: a new version of the map that leaves them alone is no other wording."""
    return f"words-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def _unknown(questions: Sequence[PolicyQuestion], journey_map: JourneyMap, catalogue: Catalogue) -> Iterator[str]:
    """What a policy names and nobody knows."""
    parts = {
        "touchpoints": [one.id for one in journey_map.touchpoints],
        "stages": [one.id for one in journey_map.stages],
        "goals": [one.id for one in journey_map.goals],
    }
    for one in questions:
        if one.question not in catalogue.questions:
            hint = did_you_mean(one.question, list(catalogue.questions))
            yield f"the catalogue has no question {one.question}; {hint}"
        for part, known in parts.items():
            named = getattr(one.ask, part) or ()
            for name in () if named == "all" else named:
                if name not in known:
                    hint = did_you_mean(name, known)
                    yield f"{one.question} is asked at {part} {name}, which the map {journey_map.map} does not have; {hint}"
