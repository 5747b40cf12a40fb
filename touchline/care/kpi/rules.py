"""What rules may ask of KPIs.

- id: nps_below_target
  kpi_below_target: {kpi: nps}
- id: unusual_nps
  unusual_day: {kpi: nps, false_alarms: 0.001}
- id: unusual_traffic
  unusual_day: {volume: true, touchpoint: website}
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from touchline.schemas.journey.conditions import MapElement, Names

EVENTS_AT_LEAST: Final = 30
"""So many events a day on average a touchpoint must have for limits of their number, where the rule says nothing."""
SettleHours = Annotated[float, Field(ge=12, le=240)]
"""From midnight UTC on; twelve hours later the day is over everywhere on earth."""
AtLeast = Annotated[int, Field(ge=2)] | None


class KpiBelowTarget(MapElement):
    """A KPI of a touchpoint at its stage, over `days` up to a day, whose interval lies wholly on the bad side of the target that the
    default map holds it against. The first such day is the reason; as long as there is one again within `days`, it is the same case."""

    kpi: Names | None = None
    touchpoint: Names | None = None
    days: Literal[7, 28] = 28
    min_n: AtLeast = None
    settle_hours: SettleHours = 24.0


class UnusualDay(MapElement):
    """A day on which the KPI of a touchpoint, or with `volume` its number of events, lies beyond control limits made of the `days` before.
    `false_alarms` is the chance, at most, that a day on which nothing has changed is one."""

    kpi: Names | None = None
    volume: bool = False
    touchpoint: Names | None = None
    days: Annotated[int, Field(ge=14, le=90)] = 28
    false_alarms: Annotated[float, Field(ge=0.0001, le=0.1)] = 0.0027
    min_n: AtLeast = None
    settle_hours: SettleHours = 24.0

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if self.volume and self.kpi is not None:
            raise ValueError("`unusual_day` is about a KPI or about the number of events; write kpi, or volume: true")
        return self


KpiAsked = KpiBelowTarget | UnusualDay
