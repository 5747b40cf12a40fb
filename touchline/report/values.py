"""What `touchline report` shows, as values: maps with their touchpoints, KPIs and stages, what is kept out, and the account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from touchline.errors import WrongUsage
from touchline.sql.language.trends import NOT_KNOWN
from touchline.sql.language.usual import Period
from touchline.sql.subjects.funnel.definition import MODE as FUNNEL_MODE


class Periods(NamedTuple):
    """Two periods of equal length, one after the other; all days are included."""

    before_from: date
    before_to: date
    from_: date
    to: date

    @classmethod
    def ending(cls, last: date, days: int) -> Periods:
        """The `days` that end with `last`, and as many before. Raises WrongUsage where the calendar does not go back so far."""
        try:
            period = Period.ending(last, days)
            return cls(*period.before(), *period)
        except OverflowError:
            raise WrongUsage("the periods of the trends begin before the year 1", "take fewer --days") from None


class Trend(NamedTuple):
    """`change` is the value less that of the period before, in the KPI's unit, with its 95 % interval. `verdict` is `up` or `down` where
    the interval leaves zero out; of several KPIs one in twenty does so by chance (sql/language/trends.py)."""

    verdict: str
    change: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    n_before: int


NO_TREND = Trend(NOT_KNOWN, None, None, None, 0, 0)


class Kpi(NamedTuple):
    """One KPI of one touchpoint at one stage over all its answers, with the 95 % interval in the unit of the value."""

    kpi: str
    variant: str
    scope: str
    unit: str
    value: float
    n: int
    ci_low: float
    ci_high: float
    ci_method: str
    trend: Trend


class StageLine(NamedTuple):
    """One stage, as `funnel_stage` has it over all days of the map: reached = advanced + completed + dropped + open. `rate` is numerator /
    denominator, of the journeys whose window is over, with its 95 % interval; None for the last stage, and while no window is over."""

    stage: str
    reached: int
    advanced: int
    completed: int
    dropped: int
    open: int
    numerator: int
    denominator: int
    rate: float | None
    ci_low: float | None
    ci_high: float | None


class TouchpointLine(NamedTuple):
    """One touchpoint at one stage, "" where the map gives none. `persons` are distinct; `channels` in the order of their volume, "" for
    none. Answers that are simulated stand apart from real ones, with `events` 0 where no event is."""

    touchpoint: str
    stage: str
    channels: Sequence[str]
    is_simulated: bool
    events: int
    persons: int
    kpis: Sequence[Kpi]


class Later(NamedTuple):
    """A few events after a gap, up to `last_day`, which the periods of the trends leave out."""

    events: int
    last_day: date


class MapPart(NamedTuple):
    """What one journey map shows. `periods` are those of the trends; None where it places no event."""

    map: str
    map_version: int
    title: str
    is_default: bool
    periods: Periods | None
    touchpoints: Sequence[TouchpointLine]
    stages: Sequence[StageLine]
    later: Later | None = None


class Totals(NamedTuple):
    """Of all touchpoint events that stand; answers are counted apart."""

    events: int
    persons: int
    places: int
    answers: int
    first: datetime | None
    last: datetime | None


class Account(NamedTuple):
    """Sums over all topic-partitions."""

    received: int
    stored: int
    duplicate: int
    superseded: int
    quarantined: int
    suppressed: int
    erased: int
    gaps: int
    is_balanced: bool


class Report(NamedTuple):
    """All of it. `maps` is empty before any map is registered, else the default map stands first; `simulated_sources` are those that send
    simulated events, with their names; `uncounted` says why how many answers enter no KPI; unmapped is what none of the maps places;
    `mode` is that of the stages."""

    maps: Sequence[MapPart]
    totals: Totals
    simulated_sources: Sequence[tuple[str, str]]
    uncounted: Sequence[tuple[str, int]]
    unmapped: Sequence[tuple[str, str, str, int]]
    unmapped_events: int
    quarantine: Sequence[tuple[str, int]]
    account: Account
    mode: str = FUNNEL_MODE.values[0]
    undeclared: Sequence[tuple[str, int]] = ()
    """Sources of the quarantine that are not declared, with their records."""
    under_way: Sequence[str] = ()
    """A sentence for each version of a map that is being applied."""
    withheld: Sequence[tuple[str, int]] = ()
    """By source the events that are stored and count nowhere, since a consent was withdrawn."""

    @property
    def touchpoints(self) -> list[TouchpointLine]:
        """Those of all maps."""
        return [line for part in self.maps for line in part.touchpoints]

    @property
    def is_simulated(self) -> bool:
        """Whether any number of the report rests on simulated events."""
        return bool(self.simulated_sources)


def as_object(found: Report) -> dict[str, object]:
    """The report as JSON-ready values."""
    totals = found.totals._asdict()
    default = next(((part.map, part.map_version) for part in found.maps if part.is_default), ("", 0))
    return {
        "map": default[0],
        "map_version": default[1],
        "is_simulated": found.is_simulated,
        "simulated_sources": dict(found.simulated_sources),
        "totals": totals | {name: totals[name].isoformat() if totals[name] else None for name in ("first", "last")},
        "maps": [_map(part) for part in found.maps],
        "touchpoints": [{"map": part.map, **_touchpoint(line)} for part in found.maps for line in part.touchpoints],
        "mode": found.mode,
        "stages": [{"map": part.map, **line._asdict()} for part in found.maps for line in part.stages],
        "answers_in_no_kpi": [{"why": why, "answers": count} for why, count in found.uncounted],
        "unmapped_events": found.unmapped_events,
        "unmapped": [
            dict(zip(("source", "touchpoint", "action", "events"), row, strict=True)) for row in found.unmapped
        ],
        "withheld": dict(found.withheld),
        "quarantine": dict(found.quarantine),
        "undeclared_sources": dict(found.undeclared),
        "maps_being_applied": list(found.under_way),
        "account": found.account._asdict(),
    }


def _map(part: MapPart) -> dict[str, Any]:
    named = {"map": part.map, "map_version": part.map_version, "title": part.title, "is_default": part.is_default}
    periods = None
    if part.periods is not None:
        days = part.periods
        periods = {
            "from": days.from_.isoformat(),
            "to": days.to.isoformat(),
            "before_from": days.before_from.isoformat(),
            "before_to": days.before_to.isoformat(),
        }
    later = part.later and {"events": part.later.events, "last_day": part.later.last_day.isoformat()}
    return {**named, "periods": periods, "later": later}


def _touchpoint(line: TouchpointLine) -> dict[str, Any]:
    kpis = [kpi._asdict() | {"trend": kpi.trend._asdict()} for kpi in line.kpis]
    return line._asdict() | {"kpis": kpis}
