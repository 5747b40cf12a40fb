"""What ClickHouse's errors mean for whoever asked."""

from __future__ import annotations

import logging
import re

from touchline.clickhouse.errors import ErrorKind, ServerError, kind_of
from touchline.service.problem import RequestRefused

log = logging.getLogger("touchline.dashboard")


def _field_of(thrown: str) -> str:
    """The argument that a view's refusal begins with: `grain is one of hour, day`."""
    found = re.match(r"([a-z_]+) is one of ", thrown)
    return found[1] if found else ""


def refusal_of(said: str) -> RequestRefused:
    """The refusal that an error of ClickHouse becomes. What an operator has to see to is logged by its code: the words may quote values."""
    code, words = ServerError.read(said) or ServerError(0, "")
    kind = kind_of(code)
    match kind:
        case ErrorKind.THROWN:
            thrown = re.sub(r": while executing.*|\.? ?\(FUNCTION_THROW_IF.*", "", words, flags=re.DOTALL)
            return RequestRefused(400, thrown, "give an argument that the view takes", field=_field_of(thrown))
        case ErrorKind.TOO_SLOW:
            return RequestRefused(504, "the query took too long", "choose a shorter period or a narrower filter")
        case ErrorKind.TOO_LARGE:
            return RequestRefused(
                503, "the query needs too much memory", "choose a shorter period or a narrower filter"
            )
        case ErrorKind.TOO_MANY:
            return RequestRefused(503, "ClickHouse has too many queries", "ask again in a moment", retry_after=2)
        case ErrorKind.QUOTA:
            hint = "wait for its next hour, or raise it"
            return RequestRefused(503, "the quota of the server's user is used up", hint, retry_after=60)
        case ErrorKind.VALUE | ErrorKind.ARGUMENT_VALUE:
            return RequestRefused(400, "a value does not fit its argument", "see the types in docs/views.md")
    log.warning("clickhouse_refused", extra={"fields": {"code": code}})
    match kind:
        case ErrorKind.NOT_THERE:
            return RequestRefused(503, "ClickHouse has not the views of this release", "run `touchline migrate`")
        case ErrorKind.LOGIN | ErrorKind.RIGHT:
            hint = "check clickhouse_user, the file clickhouse_password_file and its role (sql/access)"
            return RequestRefused(503, "ClickHouse refuses the server's login", hint)
        case ErrorKind.PROFILE:
            hint = "lower dashboard_query_seconds, or raise the profile's limit (sql/access)"
            return RequestRefused(503, "ClickHouse does not permit the server so long a query", hint)
    return RequestRefused(500, f"ClickHouse error {code}", "report it; the server's log has the time")
