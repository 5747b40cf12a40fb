"""What `touchline report` shows: every touchpoint with its volume, persons and KPIs, what is unmapped or kept out, and the account.

All by the default map. A KPI over all days is computed from the sums of classes, by the catalogue's own SQL, never from daily values.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.reporting.stages import StageLine, read_stages
from touchline.reporting.uncounted import read_uncounted
from touchline.sql.catalogue import load_catalogue
from touchline.sql.mart_views import survey_values
from touchline.sql.projections import SURVEY_1D
from touchline.sql.views import DEFAULT_MAP

UNMAPPED_SHOWN = 10


class Kpi(NamedTuple):
    """One KPI of one touchpoint over all its answers, with the 95 % interval in the unit of the value."""

    kpi: str
    variant: str
    scope: str
    unit: str
    value: float
    n: int
    ci_low: float
    ci_high: float
    ci_method: str


class TouchpointLine(NamedTuple):
    """One touchpoint. `persons` are distinct; `channels` and `stages` in the order of their volume, "" for none."""

    touchpoint: str
    stages: Sequence[str]
    channels: Sequence[str]
    is_simulated: bool
    events: int
    persons: int
    kpis: Sequence[Kpi]


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
    """All of it. `map_name` is empty before any map is registered; `uncounted` says why how many answers enter no KPI."""

    map_name: str
    map_version: int
    totals: Totals
    touchpoints: Sequence[TouchpointLine]
    stages: Sequence[StageLine]
    uncounted: Sequence[tuple[str, int]]
    unmapped: Sequence[tuple[str, str, str, int]]
    unmapped_events: int
    quarantine: Sequence[tuple[str, int]]
    account: Account

    @property
    def is_simulated(self) -> bool:
        """Whether any number of the report rests on made-up events."""
        return any(line.is_simulated for line in self.touchpoints)


def build_report(client: Client) -> Report:
    """Read the report."""
    ((map_name, map_version),) = client.execute("SELECT id, map_version FROM journey.dim_map WHERE is_default") or [
        ("", 0)
    ]
    unmapped = client.execute(
        "SELECT source, touchpoint, ifNull(action, ''), events FROM journey.unmapped ORDER BY events DESC, 1, 2, 3"
    )
    return Report(
        map_name,
        map_version,
        read_totals(client),
        _touchpoints(client),
        read_stages(client),
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


def _touchpoints(client: Client) -> list[TouchpointLine]:
    kpis: dict[tuple[str, int], list[Kpi]] = {}
    units = {(kpi.id, variant.id): variant.unit for kpi, variant in load_catalogue().variants()}
    for touchpoint, is_simulated, kpi, variant, scope, *values in client.execute(
        "SELECT touchpoint, is_simulated, kpi, kpi_variant, scope, value, n, ci_low, ci_high, ci_method "
        f"FROM {survey_values(SURVEY_1D, ('touchpoint', 'is_simulated'), DEFAULT_MAP)} ORDER BY kpi, kpi_variant, scope"
    ):
        kpis.setdefault((touchpoint, is_simulated), []).append(
            Kpi._make((kpi, variant, scope, units[kpi, variant], *values))
        )
    volumes = {(row[0], row[1]): _Volume(*row[2:]) for row in client.execute(_VOLUMES)}
    lines = []
    for key in volumes.keys() | kpis.keys():
        volume = volumes.get(key, _NO_VOLUME)
        stages, channels = _by_volume(volume.stages), _by_volume(volume.channels)
        lines.append(
            TouchpointLine(key[0], stages, channels, bool(key[1]), volume.events, volume.persons, kpis.get(key, []))
        )
    return sorted(lines, key=lambda line: (-line.events, line.touchpoint, line.is_simulated))


class _Volume(NamedTuple):
    stages: dict[str, int]
    channels: dict[str, int]
    events: int
    persons: int


_NO_VOLUME = _Volume({}, {}, 0, 0)  # answers may be about a touchpoint of which no event came
_VOLUMES = """
SELECT
    touchpoint, is_simulated, sumMap(map(ifNull(stage, ''), 1)) AS stages, sumMap(map(ifNull(channel, ''), 1)) AS channels,
    count() AS events, uniqExact(person) AS persons
FROM journey.touchpoints
GROUP BY touchpoint, is_simulated
"""


def _by_volume(counts: dict[str, int]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))


def _account(client: Client) -> Account:
    fates = ", ".join(f"sum({name})" for name in Account._fields[:-1])
    ((received, stored, duplicate, superseded, quarantined, suppressed, erased, gaps, worst),) = client.execute(
        f"SELECT {fates}, min(is_balanced) FROM journey.account"
    )
    is_balanced = bool(worst) or not received + gaps
    return Account(received, stored, duplicate, superseded, quarantined, suppressed, erased, gaps, is_balanced)
