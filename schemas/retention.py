"""How long events are kept: the terms of a source by class of event, and which events are past theirs on a day.

A term counts whole days of UTC: on a day, what happened before the day that lies so many days back is past it. Statements of consent have
no term: a withdrawal holds for whatever comes later, and a grant shows why an event could be kept.

Why: docs/decisions/0193.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from touchline.schemas.events import ANSWER, CASE, CONSENT, IDENTIFY, INITIATIVE, TOUCHPOINT

DAY_US: Final = 86_400_000_000
WhenExpired = Literal["erase", "anonymise"]
ANONYMISE: Final[WhenExpired] = "anonymise"
CLASS_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        TOUCHPOINT: "touchpoints",
        ANSWER: "answers",
        INITIATIVE: "initiatives",
        CASE: "cases",
        IDENTIFY: "identifies",
        CONSENT: "consents",
    }
)
"""Event type -> class, as sources.yaml names it."""
KEPT: Final = "consents"
"""The class that has no term."""
UNTOLD: Final = ""
"""Type of a row that does not say what it was: it stays as long as any class of its source."""
Days = Annotated[int, Field(ge=1)]


class ClassTerms(BaseModel):
    """Days by class; what is left out has the term of the source (`retention_days`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    touchpoints: Days | None = None
    answers: Days | None = None
    initiatives: Days | None = None
    cases: Days | None = None
    identifies: Days | None = None
    consents: None = None

    @field_validator("consents", mode="before")
    @classmethod
    def _said_for_good(cls, days: object) -> None:
        if days is not None:
            raise ValueError("statements of consent have no term: what was withdrawn years ago would count again")

    @model_validator(mode="after")
    def _links_as_long_as_what_they_link(self) -> Self:
        longest = max(filter(None, (self.touchpoints, self.answers, self.initiatives, self.cases)), default=0)
        if self.identifies is not None and self.identifies < longest:
            raise ValueError(
                f"identifies must not be shorter than the {longest} days of another class: a link must not go before what it links"
            )
        return self


class Term(NamedTuple):
    """Events of these types of a source are kept for so many days; `how` they end."""

    source: str
    types: tuple[str, ...]
    days: int
    how: WhenExpired


class Cutoff(NamedTuple):
    """What is to end: events of these types of a source that happened from `from_us` on and before `before_us` (µs)."""

    source: str
    types: tuple[str, ...]
    from_us: int
    before_us: int
    how: WhenExpired

    def covers(self, source: str, event_type: str, time_us: int) -> bool:
        """Whether such an event is to end."""
        return source == self.source and event_type in self.types and self.from_us <= time_us < self.before_us


def days_by_class(retention_days: int, by_class: ClassTerms | None) -> dict[str, int | None]:
    """The term of each class in days; None of what has none. Identify events are kept as long as the longest of the others, or longer:
    without its links a person falls apart."""
    said = by_class or ClassTerms()
    days: dict[str, int | None] = {
        name: getattr(said, name) or retention_days for name in ("touchpoints", "answers", "initiatives", "cases")
    }
    longest = max(filter(None, days.values()))
    return days | {"identifies": max(said.identifies or 0, longest), KEPT: None}


def terms_of(source: str, days: Mapping[str, int | None], how: WhenExpired | None) -> list[Term]:
    """The terms of a source that ends its events. Rows that do not tell their type end with the longest one."""
    if how is None:
        return []
    types: defaultdict[int, list[str]] = defaultdict(list)
    for event_type, name in CLASS_OF.items():
        term = days[name]
        if term is not None:
            types[term].append(event_type)
    types[max(types)].append(UNTOLD)
    return [Term(source, tuple(some), term, how) for term, some in sorted(types.items())]


def cutoffs_on(terms: Iterable[Term], now_ms: int) -> tuple[Cutoff, ...]:
    """What is past its term on the day (UTC) of this moment. A time of 0 is none: of such a row nobody knows when it was."""
    today_us = now_ms * 1_000 // DAY_US * DAY_US
    return tuple(Cutoff(one.source, one.types, 1, today_us - one.days * DAY_US, one.how) for one in terms)


def ending_of(cutoffs: Iterable[Cutoff], source: str, event_type: str, time_us: int) -> WhenExpired | None:
    """How such an event ends; None: it does not yet."""
    return next((one.how for one in cutoffs if one.covers(source, event_type, time_us)), None)


def may_be_hidden_before(now_ms: int) -> int:
    """The moment (µs) before which an event may have been ended by any term, those of earlier declarations included: none is shorter than
    a day."""
    return now_ms * 1_000 // DAY_US * DAY_US - DAY_US
