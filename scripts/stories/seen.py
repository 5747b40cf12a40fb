"""What the views say of the stories: the same reading for the demo and for its test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from clickhouse_driver import Client
from kafka import KafkaConsumer, TopicPartition

from scripts.stories import launch, shoe, tacos
from scripts.stories.place import ALERTS
from scripts.stories.verdict import Estimate, cost_per_point, difference_in_differences, lift
from scripts.stories.writing import DAYS, SOURCE
from touchline.settings import Settings

_BOUGHT: Final = (
    "person = (SELECT any(person) FROM journey.touchpoints WHERE source = %(source)s AND event_id = %(event)s)"
)
WAY: Final = f"""
SELECT toString(touchpoint), toString(stage), is_online FROM journey.attachments
WHERE map = %(map)s AND stage IS NOT NULL AND {_BOUGHT} ORDER BY event_time"""
REACH: Final = """
SELECT n, n_named, share, ci_low, ci_high, buyers FROM journey_api.declared_reach(map = 'shop', map_version = 1, date_from = %(first)s,
    date_to = %(last)s, filter = map('place', [%(place)s])) WHERE touchpoint = %(touchpoint)s"""
COST: Final = "SELECT toFloat64(cost), toString(currency) FROM journey.initiatives WHERE initiative = %(initiative)s"
KPIS: Final = """
SELECT toString(touchpoint), toString(kpi), n, value, ci_low, ci_high, change, change_low, change_high, target, toString(target_verdict)
FROM journey_api.survey_by_touchpoint(map = %(map)s, map_version = 1, date_from = %(first)s, date_to = %(last)s, filter = map(),
    before_from = %(before_first)s, before_to = %(before_last)s)
WHERE target_verdict IS NOT NULL AND stage IS NOT NULL ORDER BY stage_order, touchpoint"""
AFTER: Final = """
SELECT n_bad, n_bad_lost, n_good, n_good_lost, difference, difference_low, difference_high, toString(says)
FROM journey_api.churn_after_experience(map = 'shop', map_version = 1, date_from = %(first)s, date_to = %(last)s, filter = map(),
    as_of = %(as_of)s) WHERE touchpoint = 'hotline' AND kpi = 'ces'"""
CHURN: Final = f"""
SELECT cycle, toString(state), lost_at, returned_at, returned_cycle FROM journey_api.churn(map = 'taqueria', map_version = 1,
    date_from = %(first)s, date_to = %(last)s, filter = map(), as_of = %(as_of)s) WHERE {_BOUGHT} ORDER BY cycle"""
RECOVERY: Final = """
SELECT n_lost, n_returned, denominator, recovery_rate, recovery_low, recovery_high
FROM journey_api.churn_rate(map = 'taqueria', map_version = 1, date_from = %(first)s, date_to = %(last)s,
    filter = map(), as_of = %(as_of)s, grouped = 'all', days = 30)"""
CASES: Final = """
SELECT toString(rule), case_id, toString(state), toString(owner), toString(cause), toString(touchpoint), is_in_sla, is_simulated
FROM journey.cases ORDER BY rule, state = 'opened', opened_at, case_id"""
CASE_KPIS: Final = """
SELECT toString(rule), n, n_contacted, recovery_n, recovery_rate, recovery_ci_low, recovery_ci_high
FROM journey.case_kpis ORDER BY rule, opened_on"""


class Reach(NamedTuple):
    """Of the buyers of a store and fortnight: how many answered, how many of those name the touchpoint, and the share with its interval."""

    n: int
    named: int
    share: Estimate
    buyers: int


class Measure(NamedTuple):
    """What a measure cost and came to."""

    cost: float
    currency: str
    effect: Estimate
    cost_per_point: float | None


class Kpi(NamedTuple):
    """A KPI of a touchpoint, its change against the period before, and what the map holds it against."""

    touchpoint: str
    kpi: str
    n: int
    value: Estimate
    change: Estimate | None
    target: float
    verdict: str


class Looking:
    """Reads the views for stories that began on a day."""

    def __init__(self, client: Client, settings: Settings, begins: date) -> None:
        self._client = client
        self._settings = settings
        self.begins = begins
        self._reaches: dict[tuple[str, tuple[int, int], str], Reach] = {}

    def way(self, of_map: str) -> list[tuple[str, str, bool]]:
        """The runner's way to the order and on: touchpoint, stage, whether online."""
        bought = next(one for one in shoe.events(self.begins) if one["touchpoint"] == "store_purchase")
        return [
            (touchpoint, stage, bool(online))
            for touchpoint, stage, online in self._rows(WAY, map=of_map, event=bought["id"])
        ]

    def reach(self, place: str, days: tuple[int, int], touchpoint: str) -> Reach:
        """Whom a touchpoint reached, by what buyers say."""
        key = place, days, touchpoint
        if key not in self._reaches:
            ((n, named, share, low, high, buyers),) = self._rows(
                REACH, **self._days(*days), place=place, touchpoint=touchpoint
            )
            self._reaches[key] = Reach(n, named, Estimate(share, low, high), buyers)
        return self._reaches[key]

    def launch(self) -> tuple[Measure, Estimate]:
        """What the campaign came to: points of buyers who name the radio, north less south; and by what factor more bought."""
        north, south = (
            [self.reach(place, days, "radio") for days in (launch.BEFORE, launch.AFTER)]
            for place in (launch.NORTH, launch.SOUTH)
        )
        points = difference_in_differences(*(one.share.times(100) for one in (*north, *south)))
        return self._measure(launch.INITIATIVE, points), lift(*(one.buyers for one in (*north, *south)))

    def kpis(self, of_map: str, days: tuple[int, int], before: tuple[int, int] | None = None) -> dict[str, Kpi]:
        """Touchpoint -> its KPI that has a target; of two periods with the change."""
        first, last = before or (days[0] - 1, days[0] - 2)
        period = self._days(*days) | {"before_first": self.day(first), "before_last": self.day(last)}
        return {
            touchpoint: Kpi(
                touchpoint, kpi, n, Estimate(*value), None if change[0] is None else Estimate(*change), target, verdict
            )
            for touchpoint, kpi, n, value, change, target, verdict in (
                (*row[:3], row[3:6], row[6:9], *row[9:]) for row in self._rows(KPIS, map=of_map, **period)
            )
        }

    def service(self) -> tuple[dict[str, Kpi], Measure]:
        """Vivan los Tacos before and after: the KPIs, and the service's change less that of the tacos, which nobody touched."""
        kpis = self.kpis(
            "taqueria", (tacos.RATED_AFTER - 1, tacos.RATED_AFTER + 1), (tacos.RATED_BEFORE - 1, tacos.RATED_BEFORE + 1)
        )
        served, meal = kpis["table_service"].change, kpis["meal"].change
        assert served is not None
        assert meal is not None
        return kpis, self._measure(tacos.INITIATIVE, served.minus(meal))

    def after_the_wait(self) -> tuple[Any, ...]:
        """Lost after a hard call and after an easy one; the difference with its interval, and what may be said."""
        (row,) = self._rows(AFTER, **self._days(0, 90), as_of=self._moment(DAYS))
        return row

    def rosa(self, as_of_day: int) -> list[tuple[Any, ...]]:
        """Her journeys as of a day: cycle, state, when lost, when back, in which cycle."""
        bill = next(one for one in tacos.rosas_visits(self.begins)[0] if one.get("touchpoint") == "bill")
        return self._rows(CHURN, **self._days(0, DAYS), as_of=self._moment(as_of_day), event=bill["id"])

    def recovery(self) -> tuple[Any, ...]:
        """Of the guests: lost, returned, of how many it is known, share that was back within 30 days, with its interval."""
        (row,) = self._rows(RECOVERY, **self._days(0, DAYS), as_of=self._moment(DAYS))
        return row

    def cases(self) -> list[tuple[Any, ...]]:
        """Rule, id, state, owner, cause, touchpoint, in time, simulated."""
        return self._rows(CASES)

    def case_kpis(self) -> list[tuple[Any, ...]]:
        """By rule and day: cases, reached, asked again, of those the share that recovered with its interval."""
        return self._rows(CASE_KPIS)

    def alerts(self) -> list[dict[str, Any]]:
        """What the sink was told, in its order."""
        return list(_told(self._settings.kafka_bootstrap))

    def _measure(self, initiative: str, effect: Estimate) -> Measure:
        ((cost, currency),) = self._rows(COST, initiative=initiative)
        return Measure(cost, currency, effect, cost_per_point(cost, effect))

    def _days(self, first: int, last: int) -> dict[str, object]:
        return {"first": self.day(first), "last": self.day(last)}

    def day(self, day: int) -> date:
        """A day of the stories."""
        return self.begins + timedelta(days=day)

    def _moment(self, day: int) -> datetime:
        return datetime.combine(self.day(day), datetime.min.time())

    def _rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._client.execute(sql, {"source": SOURCE, **values})
        return rows


def _told(bootstrap: str) -> Iterator[dict[str, Any]]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        place = TopicPartition(ALERTS, 0)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        while consumer.position(place) < end:
            for records in consumer.poll(500).values():
                yield from (json.loads(one.value) for one in records)
    finally:
        consumer.close()
