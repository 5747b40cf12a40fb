"""What `touchline report` shows: every touchpoint of every map with its volume, persons, KPIs and their trends, how far journeys came,
what is unmapped or kept out, and the account.

A KPI over all days is computed from the sums of classes, by the catalogue's own SQL, never from daily values.

Why: docs/decisions/0087.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.report.simulated import read_simulated_sources
from touchline.report.touchpoints import MapPart, TouchpointLine, read_maps
from touchline.report.uncounted import read_uncounted
from touchline.report.unmapped import read_unmapped
from touchline.sql.language.usual import PERIOD_DAYS

UNMAPPED_SHOWN = 10


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
    simulated events, with their names; `uncounted` says why how many answers enter no KPI; unmapped is what none of the maps places."""

    maps: Sequence[MapPart]
    totals: Totals
    simulated_sources: Sequence[tuple[str, str]]
    uncounted: Sequence[tuple[str, int]]
    unmapped: Sequence[tuple[str, str, str, int]]
    unmapped_events: int
    quarantine: Sequence[tuple[str, int]]
    account: Account

    @property
    def touchpoints(self) -> list[TouchpointLine]:
        """Those of all maps."""
        return [line for part in self.maps for line in part.touchpoints]

    @property
    def is_simulated(self) -> bool:
        """Whether any number of the report rests on simulated events."""
        return bool(self.simulated_sources)


def build_report(client: Client, days: int = PERIOD_DAYS, until: date | None = None) -> Report:
    """Read the report; trends compare the last `days` until that day (each map's last one) with as many before."""
    maps = read_maps(client, days, until)
    unmapped = read_unmapped(client, [(part.map, part.map_version) for part in maps])
    return Report(
        maps,
        read_totals(client),
        read_simulated_sources(client),
        read_uncounted(client),
        unmapped[:UNMAPPED_SHOWN],
        sum(row[3] for row in unmapped),
        client.execute("SELECT reason, count() FROM journey.quarantine GROUP BY reason ORDER BY count() DESC, reason"),
        _account(client),
    )


def read_totals(client: Client) -> Totals:
    """Events, distinct persons and places, answers, and the time they span."""
    ((events, persons, places, first, last),) = client.execute(
        "SELECT count(), uniqExact(person), uniqExact(place), min(event_time), max(event_time) FROM journey.touchpoints"
    )
    ((answers,),) = client.execute("SELECT count() FROM journey.answers")
    return Totals(events, persons, places, answers, first if events else None, last if events else None)


def _account(client: Client) -> Account:
    fates = ", ".join(f"sum({name})" for name in Account._fields[:-1])
    ((received, stored, duplicate, superseded, quarantined, suppressed, erased, gaps, worst),) = client.execute(
        f"SELECT {fates}, min(is_balanced) FROM journey.account"
    )
    is_balanced = bool(worst) or not received + gaps
    return Account(received, stored, duplicate, superseded, quarantined, suppressed, erased, gaps, is_balanced)
