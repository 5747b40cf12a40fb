"""The rules by which cases are opened: a YAML file of the company's.

version: 1
rules:
  - id: detractor
    answer: {kpi: nps, scored: bad}
    contact_within_hours: 24
    severity: high
  - id: two_bad_waits
    event: {touchpoint: hotline, content: {wait_minutes: {at_least: 10}}}
    in_a_row: 2
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from touchline.care.kpi.rules import KpiAsked, KpiBelowTarget, UnusualDay
from touchline.care.sinks.model import Sink
from touchline.errors import WrongUsage
from touchline.schemas.case import CaseKind
from touchline.schemas.journey.conditions import Content, Id, MapElement, Names
from touchline.schemas.journey.explain import explain
from touchline.schemas.journey.parts import Scale
from touchline.schemas.journey.problems import FileProblem, MapInvalid
from touchline.schemas.journey.yaml_lines import read_yaml

SHIPPED: Final = Path(__file__).parent / "rules.yaml"
CONTACT_PURPOSE: Final = "contact_me"
"""Purpose of consent without which nobody is alerted about a person."""


ScoreClass = Literal["good", "neutral", "bad"]


class AnswerAsked(MapElement):
    """An answer to this KPI. `scored` is the class of its score by the formula of its variant and scale (docs/kpis.md): a detractor's is
    bad. Bounds of scores are of one `scale`, which must be named; `touchpoint` is the one that the answer is about."""

    kpi: Names
    scope: Literal["relational", "transactional"] | None = None
    touchpoint: Names | None = None
    scored: ScoreClass | None = None
    scale: Scale | None = None
    score_at_least: float | None = None
    score_at_most: float | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        has_bound = self.score_at_least is not None or self.score_at_most is not None
        if has_bound != (self.scale is not None):
            raise ValueError(
                "a score has a meaning on its scale only; write both, such as `scale: {min: 1, max: 7}`, `score_at_most: 3`"
            )
        if not has_bound and self.scored is None:
            raise ValueError("`answer` takes any score; write `scored: bad`, or a scale and score_at_most")
        return self


class EventAsked(MapElement):
    """A touchpoint event of these touchpoints, actions and properties."""

    touchpoint: Names
    action: Names | None = None
    content: Content = Field(default_factory=dict)


class StageOverdue(MapElement):
    """A journey that has come to `stage` and went neither on to a later stage nor to a conversion for `after_hours`."""

    stage: Id
    after_hours: Annotated[float, Field(gt=0)]


class CaseRule(MapElement):
    """When a case is opened. Exactly one of `answer`, `event`, `overdue`, `kpi_below_target`, `unusual_day`. The last two are about a
    touchpoint and of no person, so they need no consent.

    With `in_a_row: n` the n-th fact in a row is the reason: of the person's events at these touchpoints (or answers to this KPI) n that
    follow one another meet the condition; a row that goes on opens no second case. `within_hours` bounds a row from its first to its n-th
    fact. `event` with `repeated: n` is a loop: n events within `within_hours`, whatever else lay between. `contact_within_hours` is the
    term of the case; `needs` the purpose of consent that the person must have granted when it happened, and still.
    """

    id: Id
    kind: CaseKind = "recovery"
    severity: Literal["low", "normal", "high"] = "normal"
    owner: str | None = None
    answer: AnswerAsked | None = None
    event: EventAsked | None = None
    overdue: StageOverdue | None = None
    kpi_below_target: KpiBelowTarget | None = None
    unusual_day: UnusualDay | None = None
    in_a_row: Annotated[int, Field(ge=1, le=100)] = 1
    repeated: Annotated[int, Field(ge=1, le=100)] = 1
    within_hours: Annotated[float, Field(gt=0)] | None = None
    contact_within_hours: Annotated[float, Field(gt=0)] | None = None
    needs: str = CONTACT_PURPOSE

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        asked = [name for name in _ASKED if getattr(self, name) is not None]
        if len(asked) != 1:
            raise ValueError(f"exactly one of {', '.join(_ASKED)} must be written; there are {len(asked)}")
        if self.in_a_row > 1 and self.repeated > 1:
            raise ValueError("in_a_row and repeated exclude each other; write one of them")
        if self.repeated > 1 and (self.event is None or self.within_hours is None):
            raise ValueError("`repeated` needs `event` and `within_hours`")
        if self.overdue is not None and self.in_a_row > 1:
            raise ValueError("`overdue` takes no `in_a_row`: a journey is overdue once")
        if self.of_kpi is not None and (self.in_a_row > 1 or self.within_hours is not None):
            raise ValueError(f"`{asked[0]}` takes no `in_a_row` or `within_hours`; write `days` in it")
        return self

    @property
    def of_kpi(self) -> KpiAsked | None:
        """What the rule asks of KPIs; None where it is about persons."""
        return self.kpi_below_target or self.unusual_day


_ASKED: Final = ("answer", "event", "overdue", "kpi_below_target", "unusual_day")


class CareRules(MapElement):
    """A file of rules. `version` goes into the id of each case: cases of before keep theirs."""

    version: Annotated[int, Field(ge=1)]
    rules: tuple[CaseRule, ...]
    sinks: tuple[Sink, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for kind, names in (("rules", [one.id for one in self.rules]), ("sinks", [one.id for one in self.sinks])):
            if len(set(names)) < len(names):
                doubled = next(name for name in names if names.count(name) > 1)
                raise ValueError(f"two {kind} have the id {doubled}; give each its own")
        return self


def load_rules(path: Path | None = None) -> CareRules:
    """The rules of a file; of none, those that ship. Raises MapInvalid with every problem and its line, WrongUsage for a file that cannot
    be read."""
    file = path or SHIPPED
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(file, [FileProblem(0, "", "the file is not UTF-8", "save it as UTF-8")]) from error
    except OSError as error:
        raise WrongUsage(f"cannot read the rules {file}: {error.strerror}", "check the path") from error
    document = read_yaml(text)
    if document.problems:
        raise _invalid(file, document.problems)
    try:
        return CareRules.model_validate(document.values)
    except ValidationError as error:
        raise _invalid(file, explain(error, document, CareRules, "docs/care.md", _EXAMPLES)) from None


def _invalid(file: Path, problems: Iterable[FileProblem]) -> MapInvalid:
    return MapInvalid(str(file), problems, "touchline care check")


_EXAMPLES: Final = {
    "version": "`version: 1`",
    "rules": "`rules:` with at least one, for example `- {id: detractor, answer: {kpi: nps, scored: bad}}`",
    "id": "`id: <short_name>`",
    "kpi": "`kpi: nps`",
    "touchpoint": "`touchpoint: hotline`",
    "stage": "`stage: <one of the default map's>`",
    "after_hours": "`after_hours: 72`",
    "topic": "`topic: touchline-alerts`",
}
