"""What the snapshot shows: the rows of five views under one selection, and the SQL that each came from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from touchline.dashboards.server.api import Api
from touchline.dashboards.server.asking.maps import (
    KnownMap,
    chosen_before,
    chosen_map,
    chosen_moment,
    chosen_period,
)
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.asking.statement import statement
from touchline.dashboards.server.snapshot.words import LOCALES
from touchline.schemas.journey.model import JourneyMap
from touchline.service.problem import RequestRefused
from touchline.sql.language.selection import FILTER_COLUMNS
from touchline.sql.language.usual import Period

VIEWS: Final = (
    "survey_by_touchpoint",
    "volume_by_touchpoint",
    "persons_by_touchpoint",
    "revenue_by_touchpoint",
    "funnel_stage",
)
MODES: Final = ("in_order", "any")
Rows = Sequence[Mapping[str, Any]]


class Selection(NamedTuple):
    """What the reader selected; `filters` maps keys to values, '' is what is not known."""

    known: KnownMap
    period: Period
    before: Period
    filters: Mapping[str, Sequence[str]]
    as_of: datetime
    mode: str
    language: str

    def pairs(self, parameters: Mapping[str, str]) -> list[tuple[str, str]]:
        """As a URL says it, with what a view of these parameters takes."""
        own = {
            "before_from": str(self.before.first),
            "before_to": str(self.before.last),
            "as_of": self.as_of.isoformat(),
            "mode": self.mode,
        }
        return [
            ("map", self.known.map),
            ("version", str(self.known.map_version)),
            ("from", str(self.period.first)),
            ("to", str(self.period.last)),
            *((key, value) for key, values in self.filters.items() for value in values),
            *((name, value) for name, value in own.items() if name in parameters),
        ]


class Seen(NamedTuple):
    """`rows` maps each view to its rows by column, `sql` to its SQL. `journey_map` None: the ledger does not hold its content."""

    selection: Selection
    journey_map: JourneyMap | None
    rows: Mapping[str, Rows]
    sql: Mapping[str, str]
    generated_at: datetime

    @property
    def is_simulated(self) -> bool:
        """Whether any row rests on simulated events alone."""
        return any(row.get("is_simulated") for rows in self.rows.values() for row in rows)


def read_selection(parameters: Parameters, maps: Sequence[KnownMap], now: datetime) -> Selection:
    """Raises RequestRefused for whatever cannot be taken."""
    known = chosen_map(parameters, maps)
    period = chosen_period(parameters, known, now.date())
    before = chosen_before(parameters, period)
    language = parameters.choice("lang", LOCALES, "en")
    mode = parameters.choice("mode", MODES, MODES[0])
    filters = {key: values for key in FILTER_COLUMNS if (values := parameters.several(key))}
    selection = Selection(known, period, before, filters, chosen_moment(parameters, known, now), mode, language)
    parameters.require_all_read()
    return selection


async def read_seen(api: Api, selection: Selection, now: datetime) -> Seen:
    """Ask the views side by side. Raises RequestRefused."""
    answers = await asyncio.gather(*(_ask(api, name, selection) for name in VIEWS))
    content = await api.maps.content(selection.known)
    return Seen(
        selection,
        JourneyMap.model_validate_json(content) if content else None,
        {name: rows for name, (rows, _) in zip(VIEWS, answers, strict=True)},
        {name: sql for name, (_, sql) in zip(VIEWS, answers, strict=True)},
        now,
    )


async def _ask(api: Api, name: str, selection: Selection) -> tuple[Rows, str]:
    view = api.views.get(name)
    if view is None:
        raise RequestRefused(404, f"this release has no view {name}", "see docs/views.md")
    question = await api.question(name, Parameters(selection.pairs(view.parameters)))
    sql = statement(question)
    names, *rows = map(orjson.loads, (await api.found(question.name, sql)).lines)
    return [dict(zip(names, row, strict=True)) for row in rows], sql
