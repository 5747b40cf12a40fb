"""What a rule asks of an event: its touchpoint, action and content, who the person is, what came before in the journey.

A condition holds when *all* its parts hold; a part with a list holds when *any* of the list does. An empty part asks
nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""Short name used in references and as a column value: lower case, digits, underscores."""

Name = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=128)]
"""A touchpoint, action or channel exactly as events carry it; other systems choose those names, so no alphabet is
imposed."""

Scalar = Annotated[str | int | float | bool, Field(union_mode="smart")]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | int | float) else value


def _as_test(value: object) -> object:
    return {"is": value} if not isinstance(value, Mapping) else value


Names = Annotated[tuple[Name, ...], BeforeValidator(_as_list), Field(min_length=1)]
Ids = Annotated[tuple[Id, ...], BeforeValidator(_as_list), Field(min_length=1)]


class MapElement(BaseModel):
    """Base of all parts of a map: immutable, and a field nobody knows is an error (it is a misspelling, never a
    wish)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def is_blank(self) -> bool:
        """Whether every field has its default, so that the part says nothing."""
        return all(getattr(self, name) == field.default for name, field in type(self).model_fields.items())


class ContentTest(MapElement):
    """What one property of an event must be. Written `category: shoes`, `category: [shoes, boots]` or `price:
    {at_least: 50}`."""

    is_: Annotated[tuple[Scalar, ...], BeforeValidator(_as_list)] = Field(default=(), alias="is")
    not_: Annotated[tuple[Scalar, ...], BeforeValidator(_as_list)] = Field(default=(), alias="not")
    at_least: float | None = None
    at_most: float | None = None
    present: bool | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.is_blank():
            raise ValueError("this asks nothing; write at least one of is, not, at_least, at_most, present")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is greater than at_most, so no value can pass; exchange them")
        return self


Content = dict[Name, Annotated[ContentTest, BeforeValidator(_as_test)]]


class Before(MapElement):
    """What came before the event in the person's open journey (the current cycle; events that no rule mapped are no
    part of it).

    `conversions_*` count all conversions of the person before the event, over all cycles. `idle_days_*` is the time
    since the person's last touchpoint; it never holds for the first."""

    stage: Ids | None = None
    no_stage: Ids | None = None
    touchpoint: Names | None = None
    no_touchpoint: Names | None = None
    last_stage: Ids | None = None
    last_touchpoint: Names | None = None
    converted: bool | None = None
    conversions_at_least: Annotated[int, Field(ge=1)] | None = None
    conversions_at_most: Annotated[int, Field(ge=0)] | None = None
    idle_days_at_least: Annotated[float, Field(gt=0)] | None = None
    idle_days_at_most: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.is_blank():
            raise ValueError("`before` asks nothing; write a condition, or leave it out")
        return self


class EventCondition(MapElement):
    """By the event and its history alone: what decides persona and segment."""

    touchpoint: Names | None = None
    action: Names | None = None
    content: Content = {}
    before: Before | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.is_blank():
            raise ValueError(
                "`when` asks nothing; write at least one condition, for example `touchpoint: store_purchase`"
            )
        return self


class Condition(EventCondition):
    """As `EventCondition`, and by persona and segment as of the event: what decides the stage."""

    persona: Ids | None = None
    segment: Ids | None = None


class StageCondition(Condition):
    """As `Condition`, and by the stage that the rules gave the event: what decides conversion and exit."""

    stage: Ids | None = None


def _as_alternatives(value: object) -> object:
    return [value] if isinstance(value, Mapping | BaseModel) else value


AnyEventCondition = Annotated[tuple[EventCondition, ...], BeforeValidator(_as_alternatives), Field(min_length=1)]
AnyStageCondition = Annotated[tuple[StageCondition, ...], BeforeValidator(_as_alternatives), Field(min_length=1)]


def describe(condition: EventCondition, touchpoint: str = "", action: str = "") -> str:
    """The evidence of a rule: the conditions that held, in the map's words. Never a value of the event, so it stays a
    short list of distinct texts. `touchpoint` and `action` are those of the event where the rule asks for them."""
    parts = []
    if condition.touchpoint:
        parts.append(f"touchpoint={touchpoint or '|'.join(condition.touchpoint)}")
    if condition.action:
        parts.append(f"action={action or '|'.join(condition.action)}")
    parts += [f"{name} {_describe_fields(test)}" for name, test in condition.content.items()]
    for name in ("persona", "segment", "stage"):
        if values := getattr(condition, name, None):
            parts.append(f"{name}={'|'.join(values)}")
    if condition.before:
        parts.append(f"before: {_describe_fields(condition.before)}")
    return "; ".join(parts)


def _describe_fields(part: MapElement) -> str:
    asked: dict[str, Any] = part.model_dump(by_alias=True, exclude_defaults=True)
    return " ".join(f"{name}={_describe_value(value)}" for name, value in asked.items())


def _describe_value(value: object) -> str:
    if isinstance(value, tuple | list):
        return "|".join(_describe_value(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
