"""Reads the numbers of KPIs where everybody reads them: from the views with arguments, of the default map.

So a case has the numbers that the page and the dashboards show, and what is suppressed there is not seen here either.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.care.kpi.series import EVENTS, Cell, Reading
from touchline.care.reader import Standing, read_standing
from touchline.schemas.events import CASE
from touchline.sql.ledger.rows import NET_ROWS, newest_shown
from touchline.sql.subjects.surveys.api import SURVEY_BY_TOUCHPOINT
from touchline.sql.subjects.surveys.series import SURVEY_OVER_TIME
from touchline.sql.subjects.volume import VOLUME_OVER_TIME


class ShownMap(NamedTuple):
    """The default map, in the version that readers see."""

    name: str
    version: int


class Span(NamedTuple):
    """Local days, both included."""

    first: date
    last: date


Series = dict[Cell, dict[date, Reading]]


class ViewNumbers:
    """What the desk of KPIs asks."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def shown_map(self) -> ShownMap | None:
        """None before a map is shown."""
        ((name, version),) = self._client.execute(_MAP)
        return ShownMap(name, version) if name else None

    def targets(self, shown: ShownMap, span: Span) -> dict[Cell, float | None]:
        """What was answered in the span, by touchpoint and stage, each with its target."""
        return {
            Cell._make((*cell, bool(is_simulated))): target
            for *cell, is_simulated, target in self._client.execute(_TARGETS, _values(shown, span))
        }

    def series(self, shown: ShownMap, span: Span, touchpoint: str, stage: str | None, days: int) -> Series:
        """KPIs by day, each over so many days up to it (1, 7 or 28); at all stages where `stage` is None. A cell of these names the stage
        that was asked for."""
        places = ["touchpoint"] if stage is None else ["touchpoint", "stage"]
        chosen = ", ".join(f"'{place}', [%({place})s]" for place in places)
        grain = {1: "day", 7: "rolling_7d", 28: "rolling_28d"}[days]
        values = _values(shown, span) | {"touchpoint": touchpoint, "stage": stage or "", "grain": grain}
        found: defaultdict[Cell, dict[date, Reading]] = defaultdict(dict)
        for day, kpi, variant, scope, is_simulated, *numbers, is_small in self._client.execute(
            _SERIES.format(filter=f"map({chosen})"), values
        ):
            cell = Cell(touchpoint, stage or "", kpi, variant, scope, bool(is_simulated))
            found[cell][day] = Reading._make((*numbers, bool(is_small)))
        return dict(found)

    def events(self, shown: ShownMap, span: Span) -> dict[Cell, dict[date, int]]:
        """Observed events by touchpoint and day."""
        found: defaultdict[Cell, dict[date, int]] = defaultdict(dict)
        for day, touchpoint, is_simulated, events in self._client.execute(_EVENTS, _values(shown, span)):
            found[Cell(touchpoint, "", EVENTS, "", "", bool(is_simulated))][day] = events
        return dict(found)

    def standing(self) -> dict[str, tuple[Standing, date]]:
        """Cases of KPIs, each with its day."""
        days = {case: date.fromisoformat(day) for case, day in self._client.execute(_DAYS)}
        known = read_standing(self._client) if days else {}
        return {case: (known[case], day) for case, day in days.items() if case in known}


def _values(shown: ShownMap, span: Span) -> dict[str, object]:
    before = span.first - timedelta(days=1)
    return {
        "map": shown.name, "version": shown.version, "from_": span.first, "to": span.last, "before_from": before,
        "before_to": before - timedelta(days=1),
    }  # fmt: skip


_MAP: Final = f"SELECT toString({newest_shown('map', 'is_default')}), toUInt32({newest_shown('version', 'is_default')})"
_SELECTION: Final = {"map": "%(map)s", "map_version": "%(version)s", "date_from": "%(from_)s", "date_to": "%(to)s"}
_BEFORE: Final = {"before_from": "%(before_from)s", "before_to": "%(before_to)s"}
_TARGETS: Final = f"""
SELECT toString(touchpoint), toString(ifNull(stage, '')), toString(kpi), toString(variant), toString(scope), is_simulated, any(target)
FROM {SURVEY_BY_TOUCHPOINT.called(**_SELECTION, filter="map()", **_BEFORE)}
WHERE n > 0 GROUP BY 1, 2, 3, 4, 5, 6"""
_SERIES: Final = f"""
SELECT toDate(bucket), toString(kpi), toString(variant), toString(scope), is_simulated, n, n_positive, n_negative, value, ci_low, ci_high,
    is_small_n
FROM {SURVEY_OVER_TIME.called(**_SELECTION, filter="{filter}", grain="%(grain)s")}
WHERE n > 0 AND NOT is_suppressed"""
_EVENTS: Final = f"""
SELECT toDate(bucket), toString(touchpoint), is_simulated, sum(events)
FROM {VOLUME_OVER_TIME.called(**_SELECTION, filter="map()", grain="'day'")}
WHERE NOT is_declared AND touchpoint != '' GROUP BY 1, 2, 3"""
_DAYS: Final = f"""
SELECT properties['case'], any(properties['kpi_day']) FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND event_type = '{CASE}' AND action = 'opened' AND properties['kpi_day'] != '' AND {NET_ROWS}
GROUP BY 1"""
