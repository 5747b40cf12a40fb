"""Which sources send simulated events, under the names that they have in sources.yaml."""

from __future__ import annotations

from clickhouse_driver import Client


def read_simulated_sources(client: Client) -> list[tuple[str, str]]:
    """(source, its name) of each source of which a simulated event or answer stands, sorted."""
    return [tuple(row) for row in client.execute(_SOURCES)]


_SOURCES = """
SELECT source, any(name)
FROM
(
    SELECT DISTINCT toString(source) AS source FROM journey.touchpoints WHERE is_simulated = 1
    UNION DISTINCT
    SELECT DISTINCT toString(source) FROM journey.answers WHERE is_simulated = 1
) AS simulated
LEFT JOIN (SELECT toString(id) AS source, name FROM journey.dim_source) AS declared USING (source)
GROUP BY source
ORDER BY source
"""
