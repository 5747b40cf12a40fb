"""The server of the journey-map page: `touchline dashboard`.

    URL ──▶ Question ──▶ SELECT over journey_api ──▶ ClickHouse over HTTP ──▶ JSON, CSV or the snapshot of the map
         (asking/)     (statement.py)             (clickhouse.py)         (api.py, csv_download.py, snapshot/)

It holds no data and no formula: every number is a view's, and each answer carries the SQL that it came from.
"""
