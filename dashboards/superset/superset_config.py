"""Superset's configuration beside Touchline: `SUPERSET_CONFIG_PATH` names this file, secrets come from files.

Read from the environment: `SUPERSET_SECRET_KEY_FILE`; `SUPERSET_METADATA_URI` (SQLAlchemy; else a SQLite file in `SUPERSET_HOME`);
`TOUCHLINE_CLICKHOUSE_HOST`, `TOUCHLINE_CLICKHOUSE_HTTP_PORT`, `TOUCHLINE_CLICKHOUSE_USER`, `TOUCHLINE_CLICKHOUSE_PASSWORD_FILE`.

Why: docs/decisions/0161.
"""

import os
from pathlib import Path
from typing import Any

SECRET_KEY = Path(os.environ["SUPERSET_SECRET_KEY_FILE"]).read_text(encoding="utf-8").strip()
SQLALCHEMY_DATABASE_URI = (
    os.environ.get("SUPERSET_METADATA_URI") or f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db"
)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# The views are asked at most once in that time for the same chart: late facts restate numbers of any day.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 60}
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000

_BUNDLED = ("clickhousedb", "touchline", "127.0.0.1", 8123)


def DB_CONNECTION_MUTATOR(uri: Any, params: dict[str, Any], *_: object) -> tuple[Any, dict[str, Any]]:  # noqa: N802
    """Where the bundle's database really is, and as whom to read it: neither address nor password stands in Superset's own database.

    A connection that somebody made by hand is left as it is.
    """
    if (uri.drivername, uri.username, uri.host, uri.port) != _BUNDLED or uri.password:
        return uri, params
    environment = os.environ
    return (
        uri.set(
            host=environment.get("TOUCHLINE_CLICKHOUSE_HOST", "127.0.0.1"),
            port=int(environment.get("TOUCHLINE_CLICKHOUSE_HTTP_PORT", "8123")),
            username=environment.get("TOUCHLINE_CLICKHOUSE_USER", "touchline"),
            password=Path(environment["TOUCHLINE_CLICKHOUSE_PASSWORD_FILE"]).read_text(encoding="utf-8").strip(),
        ),
        params,
    )
