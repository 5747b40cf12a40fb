"""Does what is stored agree with itself and with Kafka? All checks, in the order in which a reader trusts them."""

from __future__ import annotations

import time

from clickhouse_driver import Client

from touchline.account import accounts, recounts
from touchline.account.differences import Reconciliation
from touchline.kafka.offsets import read_offsets
from touchline.settings import Settings

_POLL_SECONDS = 0.5
CHECKS = (accounts.BALANCE, accounts.ROWS, accounts.OFFSETS, recounts.SIGNS, recounts.PROJECTIONS)

HINTS = {
    accounts.BALANCE: "records are counted that have no fate: keep the ledger as it is and report this with `touchline doctor`",
    accounts.ROWS: "rows were lost, doubled or written by hand: restore the ledger from a backup, Kafka fills the rest",
    accounts.OFFSETS: (
        "a worker that is behind needs time (`--wait 60`), a missing one `touchline up` or `touchline worker`; records that Kafka "
        "dropped before they were read are gone"
    ),
    recounts.SIGNS: "an event stands more than once or less than not at all: restore the ledger from a backup, Kafka fills the rest",
    recounts.PROJECTIONS: (
        "sums are not those of the rows (or a worker stored in between: run it again): "
        "ALTER TABLE journey_raw.ledger CLEAR PROJECTION name, then MATERIALIZE PROJECTION name, makes one anew"
    ),
}
"""What to do about a check that does not hold."""


def reconcile(client: Client, settings: Settings, wait_seconds: float = 0.0) -> Reconciliation:
    """Run every check. With `wait_seconds` a worker that is behind gets that time to catch up first.

    The checks read one after another: while a worker stores, the numbers of two reads may differ, so run it on a worker that has
    caught up, or stopped. Raises EngineUnreachable, WrongUsage.
    """
    kafka = read_offsets(settings)
    deadline = time.monotonic() + wait_seconds
    while list(accounts.check_offsets(accounts.read_accounts(client), kafka)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        kafka = read_offsets(settings)
    found = accounts.read_accounts(client)
    return Reconciliation(
        CHECKS,
        (
            *accounts.check_balance(found),
            *accounts.check_rows(client, found),
            *accounts.check_offsets(found, kafka),
            *recounts.check_signs(client),
            *recounts.check_projections(client),
        ),
    )
