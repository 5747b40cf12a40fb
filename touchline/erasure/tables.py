"""Reads and writes the tables of requests to erase. Each function may be called again with the same values."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from clickhouse_driver import Client

from touchline.erasure.values import ASKED, Request, Target
from touchline.processors.state.erasures import READ
from touchline.schemas.erasure import ErasureSecret

_PAUSE_SECONDS: Final = 0.05
_STEP: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Row(NamedTuple):
    """A row of journey_raw.erasures but for its number."""

    request: str
    how: str
    identifier: str
    identifier_type: str
    digest: str
    secret_id: str
    after_time: datetime
    until_time: datetime
    asked_at: datetime


def rows_of(request: str, how: str, targets: Iterable[Target], secret: ErasureSecret, asked_at: datetime) -> list[Row]:
    """The rows of a request."""
    return [
        Row(
            *(request, how, one.identifier, one.identifier_type),
            secret.of_identifier(one.identifier).hex(),
            secret.id,
            moment_of(one.after_us),
            moment_of(one.until_us),
            asked_at,
        )
        for one in targets
    ]


def ask_to_read(client: Client, secret: ErasureSecret) -> int:
    """Ask all workers to say in a mark when they have read all that was inserted before. Returns the number that the marks will have."""
    now = datetime.now(UTC)
    (number,) = write_rows(client, [Row("", READ, "", "", "", secret.id, _EPOCH, _EPOCH, now)])
    return number


def write_rows(client: Client, rows: Sequence[Row]) -> list[int]:
    """Write these rows under new numbers, above all others, and return the numbers.

    Two that write at once find each other's rows behind their own insert, and write again under higher numbers: the same row twice asks for
    nothing new, two rows under one number could leave one of them without a worker that follows it.
    """
    while rows:
        ((newest,),) = client.execute("SELECT max(number) FROM journey_raw.erasures")
        numbered = [(newest + place, *one) for place, one in enumerate(rows, 1)]
        client.execute("INSERT INTO journey_raw.erasures VALUES", numbered)
        found = client.execute(
            "SELECT number, request FROM journey_raw.erasures WHERE number > %(newest)s", {"newest": newest}
        )
        if {tuple(one) for one in found} <= {(one[0], one[1]) for one in numbered}:
            return [one[0] for one in numbered]
        time.sleep(random.uniform(0, _PAUSE_SECONDS))
    return []


def ask_again_where_numbers_meet(client: Client, requests: Sequence[str]) -> None:
    """Give rows new numbers that share theirs with another request: whoever wrote them was killed before it saw that."""
    if requests:
        rows = client.execute(_WITHOUT_OWN_NUMBERS, {"requests": tuple(requests)})
        write_rows(client, [Row(*row) for row in rows])


def write_states(client: Client, state: str, drafts: Mapping[str, str]) -> None:
    """These requests have come so far, in one insert. `drafts` are what their certificates have so far, by request."""
    if not drafts:
        return
    newest = dict(client.execute(_NEWEST_STATES, {"requests": tuple(drafts)}))
    now, rows = datetime.now(UTC), []
    for request, draft in drafts.items():
        before = newest.get(request, _EPOCH).replace(tzinfo=UTC)
        rows.append((request, state, max(now, before + _STEP), draft))  # clocks of two machines may differ
    client.execute("INSERT INTO journey_raw.erasure_states VALUES", rows)


def read_times(client: Client, requests: Sequence[str]) -> dict[str, dict[str, datetime]]:
    """Of each request by state when it came to it first."""
    times: dict[str, dict[str, datetime]] = {request: {} for request in requests}
    for request, state, at in client.execute(_TIMES, {"requests": tuple(requests)}) if requests else ():
        times[request][state] = at.replace(tzinfo=UTC)
    return times


def read_requests(client: Client) -> list[Request]:
    """All requests, in the order of their first numbers; those that retention makes too."""
    states = {
        request: (state, at.replace(tzinfo=UTC), draft)
        for request, state, at, draft in client.execute(
            "SELECT request, argMax(state, s.at), max(s.at), argMaxIf(certificate, s.at, certificate != '') "
            "FROM journey_raw.erasure_states AS s GROUP BY request"
        )
    }
    rows: defaultdict[str, list[Any]] = defaultdict(list)
    for row in client.execute(_ROWS):
        rows[row[0]].append(row)
    found = []
    for request, own in rows.items():
        asked_at = own[0][9].replace(tzinfo=UTC)
        state, at, draft = states.get(request, (ASKED, asked_at, ""))
        targets = [Target(one[3], one[4], one[7], one[8]) for one in own]
        digests, secrets = [one[5] for one in own], sorted({one[6] for one in own})
        numbers = [one[2] for one in own]
        found.append(Request(request, own[0][1], asked_at, numbers, targets, digests, secrets, state, at, draft))
    return found


def moment_of(time_us: int) -> datetime:
    """Microseconds since 1970 as a moment."""
    return _EPOCH + timedelta(microseconds=time_us)


_ROWS = """
SELECT request, toString(how), number, identifier, toString(identifier_type), digest, toString(secret_id),
    toUnixTimestamp64Micro(after_time), toUnixTimestamp64Micro(until_time), asked_at
FROM journey_raw.erasures WHERE how != 'read' ORDER BY number"""

_SHARED_NUMBERS = "(SELECT number FROM journey_raw.erasures GROUP BY number HAVING uniqExact(request) > 1)"
_WITHOUT_OWN_NUMBERS = f"""
SELECT DISTINCT * EXCEPT number FROM journey_raw.erasures
WHERE request IN %(requests)s AND identifier != '' AND number IN {_SHARED_NUMBERS} AND (request, digest, after_time, until_time) NOT IN (
    SELECT request, digest, after_time, until_time FROM journey_raw.erasures
    WHERE request IN %(requests)s AND number NOT IN {_SHARED_NUMBERS})"""
_NEWEST_STATES = (
    "SELECT request, max(at) FROM journey_raw.erasure_states WHERE request IN %(requests)s GROUP BY request"
)
_TIMES = (
    "SELECT request, toString(state), min(at) FROM journey_raw.erasure_states WHERE request IN %(requests)s "
    "GROUP BY request, state"
)
