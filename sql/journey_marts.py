"""Marts about persons over longer times, which days a map covers, and how fresh the data are."""

from __future__ import annotations

from typing import Final

from touchline.sql.projections import PERSONS_1D, TOUCHPOINT_ROWS, VOLUME_1D
from touchline.sql.selected_journeys import WHO
from touchline.sql.simulated import label, labelled
from touchline.sql.view_columns import COLUMNS, Column
from touchline.sql.views import NET_ROWS, View, own

_PERIODS: Final = {
    "1w": ("week", "toMonday(local_date)", "Monday of the local week"),
    "1mo": ("month", "toStartOfMonth(local_date)", "First local day of the month"),
}


def _persons(period: str, bucket: Column, of_day: str, source: str, persons: str, journeys: str) -> View:
    """`of_day` is the bucket as SQL over the local day."""
    name = {"day": "1d", "week": "1w", "month": "1mo"}[period]
    return View(
        f"kpi_persons_{name}",
        f"Distinct persons and journeys by {period}: never sum, the same ones are in several rows (additivity: distinct)",
        {"bucket": (bucket, "bucket")}
        | {key: (COLUMNS[key], key) for key in ("map", "map_version")}
        | own(
            {
                "persons": ("Int64", f"Distinct persons of the {period} (additivity: distinct, never sum)", persons),
                "journeys": (
                    "Int64",
                    f"Distinct journey cycles of the {period} (additivity: distinct, never sum)",
                    journeys,
                ),
            }
        )
        | label(f"an event of that {period} is simulated"),
        f"{labelled(source, {'bucket': of_day, 'map': 'map', 'map_version': 'map_version'})}\nWHERE {persons} != 0 OR {journeys} != 0",
    )


def _of_period(bucket: str) -> str:
    return f"""SELECT bucket, map, map_version, toInt64(uniqExact(who)) AS people, toInt64(countIf(cycle > 0)) AS cycles
FROM
(
    SELECT {bucket} AS bucket, map, map_version, {WHO} AS who, cycle
    FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS} AND touchpoint_number > 0
    GROUP BY bucket, map, map_version, who, cycle
    HAVING sum(sign) > 0
)
GROUP BY bucket, map, map_version"""


_OF_DAY = PERSONS_1D.reading("", keys=("bucket", "map", "map_version"), sums=("persons_map", "journeys_map"))
PERSONS_OVER_TIME = (
    _persons("day", COLUMNS["bucket_1d"], "local_date", _OF_DAY, "persons_map", "journeys_map"),
    *(
        _persons(period, Column("Date", comment), bucket, _of_period(bucket), "people", "cycles")
        for period, bucket, comment in _PERIODS.values()
    ),
)
_PLACED = VOLUME_1D.selecting("stage != ''", {name: name for name in ("map", "map_version", "local_date")})
MAP_DAYS = View(
    "map_days",
    "Which local days each version of a map covers: those of the events that it gives a stage",
    {name: (COLUMNS[name], name) for name in ("map", "map_version")}
    | own(
        {
            "first_day": ("Date", "First local day on which it places an event", ""),
            "last_day": ("Date", "Last local day on which it places an event", ""),
            "events": ("Int64", "Events that it places (additivity: sum)", ""),
        }
    ),
    f"""
(
    SELECT map, map_version, min(local_date) AS first_day, max(local_date) AS last_day, sum(events_of_day) AS events
    FROM (SELECT map, map_version, local_date, events AS events_of_day FROM (
{_PLACED}
    ) WHERE events != 0)
    GROUP BY map, map_version
)""",
)
_STORED: Final = f"kind = 'received' AND fate = 'stored' AND {NET_ROWS}"
FRESHNESS = View(
    "freshness",
    "How fresh the data of each source are",
    own(
        {
            "source": ("LowCardinality(String)", "System that sent the events (dim_source.id)", ""),
            "last_event_time": ("DateTime64(6, 'UTC')", "Time of its newest event (UTC)", "newest"),
            "last_received_at": (
                "Nullable(DateTime64(6, 'UTC'))",
                "When the sender's side received its newest one (UTC); NULL when it does not say",
                "if(toUnixTimestamp64Micro(received) = 0, NULL, received)",
            ),
            "last_stored_at": ("DateTime64(3, 'UTC')", "When the newest one was stored (UTC)", "stored"),
            "events": ("Int64", "Events that stand, of every type (additivity: sum)", "toInt64(events_stored)"),
            "delay_p50_seconds": (
                "Float64",
                "Median time from an event to where it can be read, of those stored in the last day before last_stored_at",
                "delays[1]",
            ),
            "delay_p90_seconds": ("Float64", "The time that 90 % of these stay below", "delays[2]"),
        }
    ),
    f"""
(
    SELECT
        source, max(event_time) AS newest, max(received_time) AS received, max(stored_time) AS stored, count() AS events_stored,
        quantilesExactIf(0.5, 0.9)(
            toUnixTimestamp64Milli(stored_time) / 1000 - toUnixTimestamp64Micro(event_time) / 1000000,
            stored_time > newest_stored - toIntervalDay(1)
        ) AS delays
    FROM journey_raw.ledger
    INNER JOIN
    (
        SELECT source AS sender, max(stored_time) AS newest_stored
        FROM journey_raw.ledger
        WHERE {_STORED}
        GROUP BY sender
    ) AS newest ON source = sender
    WHERE {_STORED}
    GROUP BY source
)""",
)
