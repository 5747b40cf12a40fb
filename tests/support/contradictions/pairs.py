"""Every number that stands in two places, as one table, and how a difference is found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from tests.support.contradictions import bi, export, marts, page, report
from tests.support.contradictions.page import Numbers
from tests.support.contradictions.selecting import Selection
from tests.support.contradictions.world import World

Place = Callable[[World, Selection], Numbers]
When = Callable[[World, Selection], bool]


class Pair(NamedTuple):
    """`number` stands at `one` and at `other` for selections of which `when` holds; `where` says in words which places these are."""

    number: str
    where: str
    one: Place
    other: Place
    when: When


def _always(world: World, chosen: Selection) -> bool:
    return True


def _all(world: World, chosen: Selection) -> bool:
    return chosen.is_all


def _all_of_default(world: World, chosen: Selection) -> bool:
    return chosen.is_all and chosen.is_default


def _one_map(world: World, chosen: Selection) -> bool:
    return _all_of_default(world, chosen) and len(world.known_maps()) == 1


def _usual(world: World, chosen: Selection) -> bool:
    return chosen.is_usual


def _usual_of_default(world: World, chosen: Selection) -> bool:
    return chosen.is_usual and chosen.is_default


def _day(world: World, chosen: Selection) -> bool:
    return chosen.is_day


def _week(world: World, chosen: Selection) -> bool:
    first, last = chosen.period
    return not chosen.filters and (last - first).days == 6 and first.weekday() == 0


def _month(world: World, chosen: Selection) -> bool:
    first, last = chosen.period
    return not chosen.filters and first.day == 1 and last.month == first.month and (last - first).days >= 27


def _unfiltered(world: World, chosen: Selection) -> bool:
    return not chosen.filters


def _unsplit(world: World, chosen: Selection) -> bool:
    return not chosen.is_split


PAIRS: Final[Sequence[Pair]] = (
    # The page with itself, its links, the exported file
    Pair("events", "page: map and trend", page.events_of_touchpoints, page.events_over_time, _always),
    Pair("events", "page: map and menus of the filters", page.events_for_menus, page.events_in_menus, _all),
    Pair(
        "events, persons, drop-off, revenue of a card",
        "page and exported file",
        export.cards_of_page,
        export.cards_of_file,
        _always,
    ),
    Pair("KPIs of a card", "page and exported file", export.answers_of_page, export.answers_of_file, _always),
    Pair("journeys of a stage", "page and exported file", export.stages_of_page, export.stages_of_file, _always),
    Pair(
        "persons and journeys of a card",
        "page: card and total of its touchpoint and stage",
        page.persons_of_some,
        page.persons_by_filter,
        _always,
    ),
    Pair(
        "drop-off of a card",
        "page: card and the journeys that it opens",
        page.lost_by_touchpoint,
        page.lost_behind_links,
        _always,
    ),
    Pair(
        "journeys",
        "page: total and list of journeys",
        page.journeys_counted,
        page.journeys_listed,
        page.is_listed_whole,
    ),
    Pair("funnel", "page: funnel and list of journeys", page.funnel, page.funnel_of_journeys, page.is_listed_whole),
    Pair("stays", "page: waits and list of journeys", page.stays, page.stays_of_journeys, page.is_listed_whole),
    Pair("journeys by step", "page: flow and total", page.steps, page.steps_of_journeys, _always),
    Pair(
        "journeys of an edge", "page: flow and the journeys that it opens", page.edges, page.edges_behind_links, _always
    ),
    Pair("answers", "page: cards and total", page.n_by_touchpoint, page.n_in_all, _unsplit),
    Pair("answers", "page: curve and total", page.n_by_stage, page.n_in_all, _unsplit),
    Pair("answers", "page: trend and total", page.n_over_time, page.n_in_all, _unsplit),
    Pair("answers", "page: channels and total", page.n_by_channel, page.n_in_all, _unsplit),
    Pair("answers", "page: where to act and total", page.n_of_impact, page.n_in_all, _unsplit),
    Pair(
        "KPIs of a touchpoint",
        "page: where to act and total of the touchpoint",
        page.values_of_impact,
        page.values_by_filter,
        _unsplit,
    ),
    Pair(
        "journeys of a touchpoint",
        "page: where to act and the journeys that it opens",
        page.journeys_of_impact,
        page.impact_behind_links,
        _always,
    ),
    Pair(
        "journeys of the answers of a card",
        "page: the journeys that it opens, and answers with journeys",
        page.answered_behind_links,
        marts.answered,
        _unsplit,
    ),
    # The page and the plain views
    Pair("events", "page and kpi_volume_1d", page.events_by_key, marts.events, _always),
    Pair("events", "page and kpi_volume_1h", page.events_by_key, marts.events_by_hour, _all),
    Pair("persons and journeys", "page and attachments", page.persons_by_touchpoint, marts.facts, _always),
    Pair("unmapped events", "page and unmapped", page.unplaced, marts.unmapped, _all_of_default),
    Pair("persons of a day", "page and kpi_persons_1d", page.people, marts.persons_of_day, _day),
    Pair("persons of a week", "page and kpi_persons_1w", page.people, marts.persons_of_week, _week),
    Pair("persons of a month", "page and kpi_persons_1mo", page.people, marts.persons_of_month, _month),
    Pair(
        "persons of a day",
        "page and kpi_persons_touchpoint_1d",
        marts.page_of_day_by_touchpoint,
        marts.persons_of_day_by_touchpoint,
        _day,
    ),
    Pair(
        "persons of a day",
        "page and kpi_persons_stage_1d",
        marts.page_of_day_by_stage,
        marts.persons_of_day_by_stage,
        _day,
    ),
    Pair("revenue", "page and kpi_revenue_1d", page.revenue, marts.revenue, _always),
    Pair("revenue", "page and orders", page.revenue, marts.paid, _always),
    Pair("answers by class", "page and kpi_survey_1d", marts.scores_of_page, marts.scores, _unsplit),
    Pair("answers by class", "page and kpi_survey_1h", marts.scores_of_page, marts.scores_by_hour, _all),
    Pair("answers by class", "page and kpi_survey_1w", marts.scores_of_page, marts.scores_by_week, _all),
    Pair("answers by class", "page and kpi_survey_1mo", marts.scores_of_page, marts.scores_by_month, _all),
    Pair("funnel", "page and funnel_stage", marts.funnel_of_page, marts.funnel, _all),
    Pair("waits", "page and kpi_dwell", marts.waits_of_page, marts.waits, _all),
    Pair("journeys", "page and journeys", page.journeys_counted, marts.journeys, _all),
    Pair("days and events of a map", "page and map_days", marts.days_of_page, marts.days_of_map, _all),
    Pair(
        "touchpoints at a glance", "page and touchpoint_glance", marts.glance_of_page, marts.glance, _usual_of_default
    ),
    # The page and Superset's charts
    Pair("events", "page and Superset", bi.events_with_a_stage, bi.chart_events, _unfiltered),
    Pair("events by stage", "page and Superset", bi.events_by_marked_stage, bi.chart_volume, _unfiltered),
    Pair("journeys and persons", "journeys and Superset", bi.journeys_with_persons, bi.chart_journeys, _all),
    Pair("funnel", "page and Superset", bi.reached_in_order, bi.chart_funnel, _all),
    Pair("revenue", "page and Superset", bi.revenue_by_marked_currency, bi.chart_revenue, _unfiltered),
    Pair("KPIs of touchpoints", "page and Superset", bi.kpis_with_a_stage, bi.chart_kpis, _unfiltered),
    Pair("touchpoints at a glance", "page and Superset", bi.glance_with_a_stage, bi.chart_glance, _usual_of_default),
    # The page and Grafana's panels
    Pair("events", "page and Grafana", bi.events_marked, bi.panel_events, _always),
    Pair("events by stage", "page and Grafana", bi.events_by_stage, bi.panel_stages, _always),
    Pair("persons and journeys", "page and Grafana", bi.persons, bi.panel_persons, _always),
    Pair("persons and journeys of a day", "page and Grafana", page.people, bi.panel_day, _day),
    Pair("drop-off", "page and Grafana", bi.drop_off, bi.panel_drop_off, _always),
    Pair("KPIs of touchpoints", "page and Grafana", bi.kpis, bi.panel_kpis, _always),
    Pair("funnel", "page and Grafana", bi.funnel, bi.panel_funnel, _always),
    Pair("waits", "page and Grafana", bi.waits, bi.panel_waits, _always),
    Pair("paths", "page and Grafana", bi.paths, bi.panel_paths, _always),
    Pair("revenue", "page and Grafana", bi.revenue, bi.panel_revenue, _always),
    # The page and the report
    Pair("events of touchpoints", "page and report", report.events_of_page, report.events, _all),
    Pair("persons of touchpoints", "page and report", report.persons_of_page, report.persons, _all),
    Pair("KPIs of touchpoints", "page and report", report.kpis_of_page, report.kpis, _all),
    Pair("funnel", "page and report", report.stages_of_page, report.stages, _all),
    Pair("trends", "page and report", report.trends_of_page, report.trends, _usual),
    Pair("usual periods", "page and report", report.periods_of_page, report.periods, _usual),
    Pair("unmapped events", "page and report", report.unmapped_of_page, report.unmapped, _one_map),
    Pair("account", "page and report", report.account_of_page, report.account, _all_of_default),
)


class Difference(NamedTuple):
    """One number with two values."""

    pair: Pair
    selection: Selection
    key: object
    one: object
    other: object

    def text(self) -> str:
        """For people."""
        return (
            f"{self.pair.number} ({self.pair.where}): {self.key}: {self.one} and {self.other} [{self.selection.name()}]"
        )


class Compared(NamedTuple):
    """What a pair said of one selection: how many numbers, and which of them have two values."""

    pair: Pair
    numbers: int
    differences: Sequence[Difference]


def compared(world: World, chosen: Selection, pairs: Sequence[Pair] = PAIRS) -> Iterator[Compared]:
    """Each pair that the selection is for. A number that one place leaves out is none, or zero."""
    for pair in pairs:
        if pair.when(world, chosen):
            one, other = pair.one(world, chosen), pair.other(world, chosen)
            keys = sorted(one.keys() | other.keys(), key=str)
            wrong = [
                Difference(pair, chosen, key, one.get(key), other.get(key))
                for key in keys
                if not is_same(one.get(key), other.get(key))
            ]
            yield Compared(pair, len(keys), wrong)


def is_same(one: object, other: object) -> bool:
    """Whether two places say the same number or text."""
    if one == other or not (one or other):
        return True
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)
    return False
