"""Does what is stored agree with itself and with Kafka? All checks, in the order in which a reader trusts them."""

from __future__ import annotations

import time

from clickhouse_driver import Client

from touchline.account import accounts, maps, recounts
from touchline.account.differences import Reconciliation
from touchline.kafka.offsets import read_offsets, without_marks
from touchline.settings import Settings

_POLL_SECONDS = 0.5
CHECKS = (
    *(accounts.BALANCE, accounts.ROWS, accounts.OFFSETS, recounts.SIGNS, recounts.PROJECTIONS),
    *(maps.SAME_EVENTS, maps.BEGINNINGS, maps.NO_REMAINS),
)


def reconcile(client: Client, settings: Settings, wait_seconds: float = 0.0) -> Reconciliation:
    """Run every check. With `wait_seconds` a worker that is behind gets that time to catch up first.

    The checks read one after another: while a worker stores, the numbers of two reads may differ, so run it on a worker that has
    caught up, or stopped. Raises EngineUnreachable, WrongUsage.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        kafka, found = read_offsets(settings), accounts.read_accounts(client)
        kafka = without_marks(settings, kafka, accounts.following(found, kafka))
        if not list(accounts.check_offsets(found, kafka)) or time.monotonic() >= deadline:
            break
        time.sleep(_POLL_SECONDS)
    return Reconciliation(
        CHECKS,
        (
            *accounts.check_balance(found),
            *accounts.check_rows(client, found),
            *accounts.check_offsets(found, kafka),
            *recounts.check_signs(client),
            *recounts.check_projections(client),
            *maps.check_maps(client),
        ),
    )
