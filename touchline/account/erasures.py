"""Checks of requests to erase: each is completed, nothing of it counts, nothing of it names anybody.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from clickhouse_driver import Client

from touchline.account.differences import Mismatch
from touchline.schemas.erasure import HIDDEN_ID
from touchline.sql.ledger.rows import NET_ROWS
from touchline.wording import counted

DONE: Final = "every request to erase is done"
COUNTS_NOWHERE: Final = "nothing counts of those whom a request erased"
BLANK: Final = "no erased record names anybody"
SOON: Final = timedelta(minutes=10)
"""A request that is younger is on its way."""
RESUME: Final = "`touchline erase --resume` completes it, while workers run"
AGAIN: Final = "workers retract it with their next ticks: run it again; if it stays, report it with `touchline doctor`"


def check_erasures(client: Client, now: datetime) -> Iterator[Mismatch]:
    """All of them. What stays of a request that is done (keyed hashes) can be compared with the ledger by its secret alone, as
    `touchline restore` does."""
    for request, asked_at, identifiers, state in client.execute(_HALF_DONE, {"before": now - SOON}):
        said = f"asked for at {asked_at:%Y-%m-%d %H:%M} UTC, {counted(identifiers, 'identifier')}, state {state}"
        yield Mismatch(DONE, f"request {request}", said, RESUME)
    for request, rows in client.execute(_STANDING):
        yield Mismatch(COUNTS_NOWHERE, f"request {request}", f"{counted(rows, 'row')} of it still count", AGAIN)
    ((records,),) = client.execute(_NAMED, {"before": now - SOON})
    if records:
        yield Mismatch(
            BLANK, "journey_raw.ledger", f"{counted(records, 'erased record')} still with its event's id", RESUME
        )


_STATES: Final = (
    "SELECT request, argMax(toString(state), at) AS newest FROM journey_raw.erasure_states GROUP BY request"
)
_HALF_DONE: Final = f"""
SELECT request, asked, identifiers, if(newest = '', 'asked', newest) AS state FROM
(
    SELECT request, min(asked_at) AS asked, toInt64(uniqExact(digest)) AS identifiers
    FROM journey_raw.erasures WHERE how != 'read' GROUP BY request
) AS requests LEFT JOIN ({_STATES}) AS states USING request
WHERE state != 'done' AND asked < %(before)s ORDER BY asked, request"""
_STANDING: Final = f"""
SELECT request, toInt64(sum(sign)) AS standing FROM journey_raw.ledger AS rows INNER JOIN
(
    SELECT DISTINCT request, identifier, after_time, until_time FROM journey_raw.erasures
    WHERE identifier != '' AND request IN (SELECT request FROM ({_STATES}) WHERE newest = 'retracted')
) AS meant ON rows.identifier = meant.identifier
WHERE kind IN ('received', 'attached', 'link', 'unlink', 'claim') AND NOT (kind = 'received' AND fate = 'erased')
    AND event_time > after_time AND event_time <= until_time
GROUP BY request HAVING standing != 0 ORDER BY request"""
_NAMED: Final = f"""
SELECT count() FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'erased' AND event_id != '' AND NOT match(event_id, '{HIDDEN_ID}')
    AND stored_time < %(before)s AND {NET_ROWS}"""
