"""The last step: the table of requests forgets whom they named. What stays of an identifier is a keyed hash.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickhouse_driver import Client

from touchline.erasure.due import RECORD_KINDS
from touchline.person.ask import SETTINGS


def blank_requests(client: Client, requests: Sequence[str]) -> set[str]:
    """Blank the identifiers of these requests, but of those of which the ledger still has something: these are returned, and nothing of
    them is changed. What is newer than a request, or lies in another's time of a shared device, is not meant; nor is what somebody else's
    event said of an identifier that is in use by others (a household that names a shared device). May be repeated.

    The ids of the requests stand in the server's list of mutations; they tell nobody.
    """
    if not requests:
        return set()
    left = {request for (request,) in client.execute(_LEFT, {"requests": tuple(requests)}, settings=SETTINGS)}
    free = tuple(one for one in requests if one not in left)
    if free:
        client.execute(_BLANK, {"requests": free}, settings={"mutations_sync": 2})
    return left


_SPANS = """
SELECT DISTINCT request, identifier, after_time, until_time
FROM journey_raw.erasures WHERE request IN %(requests)s AND identifier != ''"""
_NAMED = f"(SELECT identifier FROM ({_SPANS}))"
_NAMING = f"kind IN {RECORD_KINDS} AND (identifier IN {_NAMED} OR linked_identifier IN {_NAMED})"
_ENDS = f"SELECT arrayJoin(arrayDistinct([identifier, linked_identifier])) AS end, kind, event_time FROM journey_raw.ledger WHERE {_NAMING}"
# Words between partitions have no time of their own, and a person has the key of any of its identifiers: they are of what is newer, if
# there is anything.
_LEFT = f"""
SELECT DISTINCT request FROM
(
    SELECT request FROM ({_ENDS}) AS row INNER JOIN ({_SPANS}) AS asked ON row.end = asked.identifier
    WHERE row.kind IN ('received', 'attached', 'claim') AND row.event_time <= asked.until_time
        AND (row.event_time > asked.after_time OR toUnixTimestamp64Micro(asked.after_time) = 0)
    UNION ALL
    SELECT request FROM
    (
        SELECT DISTINCT if(kind = 'attached', person, identifier) AS name FROM journey_raw.ledger
        WHERE kind IN ('away', 'handoff') AND identifier IN {_NAMED} OR kind = 'attached' AND person IN {_NAMED}
    ) AS word INNER JOIN ({_SPANS}) AS asked ON word.name = asked.identifier
    WHERE word.name NOT IN (SELECT end FROM ({_ENDS}))
)"""
_BLANK = "ALTER TABLE journey_raw.erasures UPDATE identifier = '' WHERE request IN %(requests)s AND identifier != ''"
