"""Does what is stored agree with itself and with Kafka? All checks, in the order in which a reader trusts them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from clickhouse_driver import Client

from touchline.account import accounts, erasures, maps, recounts
from touchline.account.differences import Reconciliation
from touchline.kafka.offsets import TopicOffsets, read_offsets, without_marks
from touchline.settings import Settings

_POLL_SECONDS = 0.5
CHECKS = (
    *(accounts.BALANCE, accounts.ROWS, accounts.OFFSETS, recounts.SIGNS, recounts.PROJECTIONS),
    *(maps.SAME_EVENTS, maps.BEGINNINGS, maps.NO_REMAINS),
    *(erasures.DONE, erasures.COUNTS_NOWHERE, erasures.BLANK),
)


def reconcile(client: Client, settings: Settings, wait_seconds: float = 0.0) -> Reconciliation:
    """Run every check. With `wait_seconds` a worker that is behind gets that time to catch up first, and those that give persons to each
    other to end that.

    The checks read one after another: while a worker stores, the numbers of two reads may differ, so run it on a worker that has
    caught up, or stopped. Raises EngineUnreachable, WrongUsage.
    """
    deadline = time.monotonic() + wait_seconds
    while list(accounts.check_offsets(*_offsets(client, settings))) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    while (of_maps := list(maps.check_maps(client))) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    found, kafka = _offsets(client, settings)
    return Reconciliation(
        CHECKS,
        (
            *accounts.check_balance(found),
            *accounts.check_rows(client, found),
            *accounts.check_offsets(found, kafka),
            *recounts.check_signs(client),
            *recounts.check_projections(client),
            *of_maps,
            *erasures.check_erasures(client, datetime.now(UTC)),
        ),
    )


def _offsets(client: Client, settings: Settings) -> tuple[list[accounts.StreamAccount], TopicOffsets]:
    """What the ledger accounts for, and what Kafka has."""
    kafka, found = read_offsets(settings), accounts.read_accounts(client)
    return found, without_marks(settings, kafka, accounts.following(found, kafka))
