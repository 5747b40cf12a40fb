"""The named parts of a map: stages, touchpoints, rules, personas, segments, goals, cycle, churn, KPI questions,
annotations."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from touchline.schemas.answer import KPI_SCALES
from touchline.schemas.channels import OFFLINE_CHANNELS, ONLINE_CHANNELS
from touchline.schemas.journey.conditions import (
    AnyEventCondition,
    AnyStageCondition,
    Condition,
    Id,
    Ids,
    MapElement,
    Name,
    Names,
)
from touchline.schemas.journey.facts import Facts, Remarks, Text


class Stage(Facts):
    """A step of the journey. Its place in the list is its order, from 1."""

    id: Id
    name: Text
    description: str = ""


class Touchpoint(Facts):
    """A place where person and company meet. `id` is what events carry in `touchpoint`.

    `observability`: traceable (systems send events), survey_only (known by asking: declared events) or unobservable
    (a poster passed in the street). `online` may be left out for a channel of the known vocabulary."""

    id: Name
    name: Text
    channel: Name
    online: bool | None = None
    ownership: Literal["owned", "earned", "paid"]
    observability: Literal["traceable", "survey_only", "unobservable"]
    owner: str = ""
    description: str = ""

    @model_validator(mode="after")
    def _is_online_or_offline(self) -> Self:
        if self.online is None and self.channel not in ONLINE_CHANNELS | OFFLINE_CHANNELS:
            raise ValueError(
                f"channel {self.channel!r} is not of the known vocabulary; say `online: true` or `online: false`"
            )
        return self

    @property
    def is_online(self) -> bool:
        """As declared, else by the channel."""
        return self.channel in ONLINE_CHANNELS if self.online is None else self.online


class Rule(MapElement):
    """Where an event belongs. Rules stand in order; the first whose `when` holds decides, and its id is stored with
    the event."""

    id: Id
    when: Condition
    stage: Id
    note: str = ""


class Persona(MapElement):
    """A kind of person. From the first event that meets `when` a person has it, until another one's `when` is met or
    an event says otherwise by its own `persona`. Without `when` only events give it."""

    id: Id
    name: Text
    description: str = ""
    needs: Remarks = ()
    when: AnyEventCondition | None = None


class Segment(MapElement):
    """A group of persons; given and kept as a persona is."""

    id: Id
    name: Text
    description: str = ""
    when: AnyEventCondition | None = None


class Goal(MapElement):
    """A conversion: every mapped event that meets `when` converts the open cycle."""

    id: Id
    name: Text
    when: AnyStageCondition


class Cycle(MapElement):
    """What happens after a conversion: events of the stages in `stays` (use, service) still belong to the cycle,
    events of all other stages open the next one. A further conversion always opens the next one, whatever its
    stage."""

    stays: tuple[Id, ...] = ()


class Churn(MapElement):
    """How a journey ends. After `inactivity_days` without a touchpoint it counts as lost, provisionally; an event
    that meets `exit` ends it at once. A person who returns opens the next cycle; with `return_opens_cycle: false` a
    return after mere inactivity goes on with the old one."""

    inactivity_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    exit: AnyStageCondition | None = None
    return_opens_cycle: bool = True

    @model_validator(mode="after")
    def _ends_somehow(self) -> Self:
        if self.inactivity_days is None and self.exit is None:
            raise ValueError("`churn` has no term; write inactivity_days or exit, or leave `churn` out")
        return self


class Scale(MapElement):
    """Ends of the scale of a question, both included."""

    min: int
    max: int

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        if self.min >= self.max:
            raise ValueError("min is not less than max; write for example `{min: 0, max: 10}`")
        return self


class Ask(MapElement):
    """Where a KPI is asked: at stages, at touchpoints (a list or `all`), after goals."""

    stages: Ids | None = None
    touchpoints: Literal["all"] | Names | None = None
    goals: Ids | None = None

    @model_validator(mode="after")
    def _asks_somewhere(self) -> Self:
        if self.is_blank():
            raise ValueError("`ask` asks nowhere; write stages, touchpoints or goals, for example `touchpoints: all`")
        return self


class KpiQuestion(MapElement):
    """Which KPI is asked where and when. `delay_hours` counts from the event that is asked about. `target` is in the
    KPI's own units."""

    id: Id
    kpi: Id
    variant: Id
    scope: Literal["relational", "transactional"]
    scale: Scale
    ask: Ask
    delay_hours: Annotated[float, Field(ge=0)] = 0
    question: Text
    target: float | None = None

    @model_validator(mode="after")
    def _is_asked_on_its_scale(self) -> Self:
        scales = KPI_SCALES.get(self.kpi, ())
        if len(scales) == 1 and (self.scale.min, self.scale.max) not in scales:
            low, high = scales[0]
            raise ValueError(
                f"{self.kpi} is defined on {low} to {high} only; write `scale: {{min: {low}, max: {high}}}` or name another KPI"
            )
        return self


class Annotation(MapElement):
    """A dated remark for charts: a campaign, an incident, an initiative. Not part of the map's content hash."""

    date: datetime.date
    text: Text
    until: datetime.date | None = None
    touchpoint: Name | None = None
    stage: Id | None = None
