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
