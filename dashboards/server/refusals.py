"""What ClickHouse's errors mean for whoever asked."""

from __future__ import annotations

import logging
import re
from typing import Final

from touchline.dashboards.server.problem import RequestRefused

log = logging.getLogger("touchline.dashboard")

_ERROR: Final = re.compile(r"Code: (\d+)\. DB::Exception: (.*?)(?:\n|\Z)", re.DOTALL)
_THROWN: Final = 395
"""throwIf of a view: its text is ours and says what the argument may be."""
_TOO_SLOW: Final = frozenset((159, 160))
_TOO_LARGE: Final = frozenset((241, 396))
_TOO_MANY: Final = frozenset((202, 203))
_NOT_THERE: Final = frozenset((46, 47, 60, 81, 456))
"""Unknown function, identifier, table, database, query parameter: another schema than this release's."""
_LOGIN: Final = frozenset((192, 193, 194, 497, 516))
_QUOTA: Final = 201
_BEYOND_PROFILE: Final = 452
"""A setting of ours that the user's profile does not permit."""
_VALUE: Final = frozenset((6, 26, 27, 41, 53, 72, 457))
"""A value that ClickHouse cannot take as the argument's type."""


def _field_of(thrown: str) -> str:
    """The argument that a view's refusal begins with: `grain is one of hour, day`."""
    found = re.match(r"([a-z_]+) is one of ", thrown)
    return found[1] if found else ""


def refusal_of(said: str) -> RequestRefused:
    """The refusal that ClickHouse's words are. What is the operator's to mend goes to the log, by its code: the words may quote values."""
    found = _ERROR.search(said)
    code, words = (int(found[1]), found[2]) if found else (0, "")
    if code == _THROWN:
        thrown = re.sub(r": while executing.*|\.? ?\(FUNCTION_THROW_IF.*", "", words, flags=re.DOTALL)
        return RequestRefused(400, thrown, "give an argument that the view takes", field=_field_of(thrown))
    if code in _TOO_SLOW:
        return RequestRefused(504, "the query took too long", "choose a shorter period or a narrower filter")
    if code in _TOO_LARGE:
        return RequestRefused(503, "the query needs too much memory", "choose a shorter period or a narrower filter")
    if code in _TOO_MANY:
        return RequestRefused(503, "ClickHouse has too many queries", "ask again in a moment", retry_after=2)
    if code == _QUOTA:
        return RequestRefused(
            503, "the quota of the server's user is used up", "wait for its next hour, or raise it", retry_after=60
        )
    if code in _VALUE:
        return RequestRefused(400, "a value does not fit its argument", "see the types in docs/views.md")
    log.warning("clickhouse_refused", extra={"fields": {"code": code}})
    if code in _NOT_THERE:
        return RequestRefused(503, "ClickHouse has not the views of this release", "run `touchline migrate`")
    if code in _LOGIN:
        hint = "check clickhouse_user, the file clickhouse_password_file and its role (sql/access)"
        return RequestRefused(503, "ClickHouse refuses the server's login", hint)
    if code == _BEYOND_PROFILE:
        hint = "lower dashboard_query_seconds, or raise the profile's limit (sql/access)"
        return RequestRefused(503, "ClickHouse does not permit the server so long a query", hint)
    return RequestRefused(500, f"ClickHouse error {code}", "report it; the server's log has the time")
