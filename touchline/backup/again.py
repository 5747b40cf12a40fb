"""Whoever was erased is erased again when a backup from before comes back.

Every identifier of the restored ledger is hashed and compared with what remains of all requests. What is found is asked for again,
under new numbers: workers follow it in their first ticks, and `touchline erase --resume` blanks what is left. What is not found is kept
as a digest, so that it is erased on arrival when Kafka or an import brings it.

Why: docs/decisions/0191.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.backup.register import Erasure, ErasureState, Register, read_tables
from touchline.backup.tables import DATABASE, LEDGER
from touchline.errors import WrongUsage
from touchline.schemas.erasure import ErasureSecret

ASKED: Final = "asked"
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Of rows that name an identifier and no time."""
ARRIVAL_SECONDS: Final = 15.0
"""Within this, a worker that runs has noticed the restored ledger."""
FOLLOW_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.2
_STEP: Final = timedelta(microseconds=1)
_SETTINGS: Final = {"max_bytes_before_external_group_by": 2_000_000_000}


class Held(NamedTuple):
    """An identifier that the restored ledger has, and its first and last time there; `EVER` where no row of it says one."""

    identifier: str
    type: str
    first_at: datetime
    last_at: datetime


class Row(NamedTuple):
    """To be written into `journey_raw.erasures`, in the order of its columns."""

    number: int
    request: str
    how: str
    identifier: str
    identifier_type: str
    digest: str
    secret_id: str
    after_time: datetime
    until_time: datetime
    asked_at: datetime


class Again(NamedTuple):
    """What a restore did about requests to erase: how many it knew, the rows and the states that it wrote, and the highest number."""

    requests: int = 0
    rows: Sequence[Row] = ()
    states: Sequence[ErasureState] = ()
    newest: int = 0

    @property
    def identifiers(self) -> int:
        """How many identifiers workers must erase again."""
        return len({one.identifier for one in self.rows if one.identifier})


def ask_again(
    client: Client, register: Register, secret: ErasureSecret | None, now: datetime, ledger: str = LEDGER
) -> Again:
    """Write into the restored tables what the register knows beyond them, and ask again for whom the ledger (under this name) still has.

    Raises WrongUsage where there are requests, and not the secret that they were made with.
    """
    tables = read_tables(client, now)
    known = tables.joined(register)
    if not known.erasures:
        return Again()
    secret = require_secret(known, secret)
    ((newest,),) = client.execute(f"SELECT max(erasure) FROM {DATABASE}.{ledger} WHERE kind = 'mark'")
    open_requests = {
        name for (name,) in client.execute("SELECT DISTINCT request FROM journey_raw.erasures WHERE identifier != ''")
    }
    again = plan(tables, known, held(client, ledger), secret, open_requests, now, max(newest, known.newest))
    if again.rows:
        client.execute(f"INSERT INTO {DATABASE}.erasures VALUES", again.rows)
    if again.states:
        rows = [(one.request, one.state, one.at, one.certificate) for one in again.states]
        client.execute(f"INSERT INTO {DATABASE}.erasure_states VALUES", rows)
    return again


def require_secret(register: Register, secret: ErasureSecret | None) -> ErasureSecret:
    """The secret with which the requests were made. Raises WrongUsage where this is another one, or none."""
    if secret is None or {one.secret_id for one in register.erasures} - {secret.id}:
        raise WrongUsage(
            "the requests to erase were made with another erasure secret than that in erasure_secret_file",
            "put the file there that `touchline erase` had: without it nobody can tell who was erased",
        )
    return secret


def plan(
    tables: Register,
    known: Register,
    identifiers: Iterator[Held],
    secret: ErasureSecret,
    open_requests: set[str],
    now: datetime,
    newest: int,
) -> Again:
    """What is to be written: `tables` is what the restored tables have, `known` that and the register's; new numbers follow `newest`."""
    by_digest: defaultdict[str, list[Erasure]] = defaultdict(list)
    for one in known.erasures:
        by_digest[one.digest].append(one)
    found = [
        (one, each)
        for each in identifiers
        for one in by_digest.get(secret.of_identifier(each.identifier).hex(), ())
        if is_meant(one, each)
    ]
    asked = {one.key for one, _ in found}
    there = {one.key for one in tables.erasures}
    kept = [(one, None) for one in known.erasures if one.key not in asked | there]
    wanted = [*kept, *sorted(found, key=lambda pair: (pair[0].asked_at, pair[0].key))]
    rows = [_row(number, one, each) for number, (one, each) in enumerate(wanted, newest + 1)]
    # A request that the register calls done is not done here, where rows of it are back.
    is_open = sorted({one.request for one, _ in found} | open_requests)
    said = set(tables.states)
    after_all = max([now, *(one.at + _STEP for one in known.states)])  # clocks of two machines may differ
    states = [one for one in known.states if one not in said]
    # What the certificate had so far stays with the request: it is completed anew.
    drafts = {one.request: one.certificate for one in known.states if one.certificate}
    states += [
        ErasureState(request=request, state=ASKED, at=after_all, certificate=drafts.get(request, ""))
        for request in is_open
    ]
    return Again(len({one.request for one in known.erasures}), rows, states, newest + len(rows))


def _row(number: int, one: Erasure, each: Held | None) -> Row:
    named = ("", one.identifier_type) if each is None else (each.identifier, each.type)
    times = (one.after_time, one.until_time, one.asked_at)
    return Row(number, one.request, one.how, *named, one.digest, one.secret_id, *times)


def is_meant(erasure: Erasure, identifier: Held) -> bool:
    """Whether rows of the identifier may lie in the span. Where no row says a time, they do."""
    if identifier.last_at <= EVER:
        return True
    return identifier.first_at <= erasure.until_time and identifier.last_at > erasure.after_time


def held(client: Client, ledger: str = LEDGER) -> Iterator[Held]:
    """Every identifier that a row of the ledger names, retracted ones too. None is named in a statement: servers keep those."""
    rows = client.execute_iter(
        f"""
        SELECT end.1 AS named, max(end.2), minIf(event_time, toUnixTimestamp64Micro(event_time) > 0), max(event_time) FROM (
            SELECT event_time, arrayJoin([
                (identifier, toString(identifier_type)), (linked_identifier, toString(linked_identifier_type))]) AS end
            FROM {DATABASE}.{ledger} WHERE kind != 'mark')
        WHERE named != '' GROUP BY named""",
        settings=_SETTINGS,
    )
    return (Held._make(row) for row in rows)


def wait_followed(client: Client, newest: int, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Whether workers have followed all requests up to this number. Waits for them as long as there is a worker; else not long."""
    begun = time.monotonic()
    while not is_followed(client, newest):
        waited = time.monotonic() - begun
        ((writers,),) = client.execute(f"SELECT count() FROM {DATABASE}.fence")
        if waited > (FOLLOW_SECONDS if writers else ARRIVAL_SECONDS):
            return False
        sleep(_POLL_SECONDS)
    return True


def is_followed(client: Client, newest: int) -> bool:
    """Whether the newest mark of every partition says so."""
    ((behind,),) = client.execute(
        f"""
        SELECT count() FROM (
            SELECT argMax(erasure, (stored_time, insert_number)) AS followed FROM {DATABASE}.{LEDGER} WHERE kind = 'mark'
            GROUP BY splitByChar('/', toString(stream))[-1])
        WHERE followed < %(newest)s""",
        {"newest": newest},
    )
    return not behind
