"""What readers see, as one number and one checksum a view."""

from __future__ import annotations

from touchline.clickhouse.connect import connect
from touchline.settings import Settings

OF_RECORDS = {"quarantine", "quarantine_settled", "account", "freshness", "consent_rate"}
"""Views of records and positions, which depend on arrival."""
OF_WHAT_IS_DECLARED = "dim_"
ALL_BUT_TIMES_OF_THE_RUN = {"map_versions": "* EXCEPT (changed_at, shown_at)"}
"""Columns that are no function of the events."""


def view_sums(settings: Settings, *, with_projections: bool = True) -> dict[str, tuple[int, int]]:
    """Number of rows, and checksum over them in any order, of each view that is a function of the events."""
    client = connect(settings)
    try:
        views = "SELECT name FROM system.tables WHERE database = 'journey' AND engine = 'View' ORDER BY name"
        sql = "SELECT count(), sum(cityHash64(toString(tuple({})))) FROM journey.{} SETTINGS optimize_use_projections = {}"
        return {
            name: client.execute(sql.format(ALL_BUT_TIMES_OF_THE_RUN.get(name, "*"), name, int(with_projections)))[0]
            for (name,) in client.execute(views)
            if name not in OF_RECORDS and not name.startswith(OF_WHAT_IS_DECLARED)
        }
    finally:
        client.disconnect()
