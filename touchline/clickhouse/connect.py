"""Connections to ClickHouse over the native protocol, with errors that say what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, NetworkError, ServerException, SocketTimeoutError

from touchline.clickhouse.errors import ErrorKind, kind_of, unreachable, wrong_login
from touchline.clickhouse.login import password_of
from touchline.errors import WrongUsage

if TYPE_CHECKING:
    from touchline.settings import Settings

_NOTHING_THERE: Final = (60, 81)
"""UNKNOWN_TABLE, UNKNOWN_DATABASE"""
AnyClient = TypeVar("AnyClient")

SETTINGS: dict[str, object] = {
    # An insert is acknowledged when its part stands, never when it is queued (on by default since ClickHouse 26.2).
    "async_insert": 0,
    # Blind deduplication of inserts can swallow a retry for ever; progress lives in the mark row instead.
    "insert_deduplicate": 0,
    # What stands is found by two readings of the ledger, rows and retractions: both are of one moment (the default, since it can be off).
    "enable_shared_storage_snapshot_in_query": 1,
    # Queries name person keys; in the server's own query_log these would outlive an erasure.
    "log_queries": 0,
    "max_query_size": 64 << 20,
    "max_partitions_per_insert_block": 0,
}


def connect(settings: Settings, *, timeout_seconds: float = 300.0, connect_timeout_seconds: float = 3.0) -> Client:
    """A client of the configured server; it connects at its first query.

    Raises WrongUsage when the password file cannot be read.
    """
    return connect_as(Client, settings, timeout_seconds, connect_timeout_seconds)


def connect_as(
    kind: Callable[..., AnyClient],
    settings: Settings,
    timeout_seconds: float = 300.0,
    connect_timeout_seconds: float = 3.0,
) -> AnyClient:
    """The same with a client class of its own.

    Raises WrongUsage when the password file cannot be read.
    """
    # The driver logs each failed attempt with a traceback; the error that it raises is said once, with the remedy.
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
    return kind(
        host=settings.clickhouse_host,
        port=settings.clickhouse_port,
        user=settings.clickhouse_user,
        password=password_of(settings),
        connect_timeout=connect_timeout_seconds,
        send_receive_timeout=timeout_seconds,
        sync_request_timeout=5,
        client_name="touchline",
        compression=False,
        settings=dict(SETTINGS),
    )


def is_away(error: BaseException) -> bool:
    """Whether the server cannot be talked to just now (as against: it answered with a refusal)."""
    return isinstance(error, NetworkError | SocketTimeoutError | EOFError | OSError)


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Turn the driver's errors into EngineUnreachable (status 3) or WrongUsage (a wrong login, a missing table: status 2); others pass."""
    where = f"ClickHouse at {settings.clickhouse_host}:{settings.clickhouse_port}"
    try:
        yield
    except ServerException as error:
        if kind_of(error.code) is ErrorKind.LOGIN:
            raise wrong_login(where, settings.clickhouse_user) from None
        if error.code in _NOTHING_THERE:
            raise WrongUsage(
                f"{where} lacks a table or a database that this release reads",
                "run `touchline migrate`; where it has nothing to do, the table was dropped: restore a backup",
            ) from None
        raise
    except (Error, EOFError, OSError) as error:
        if not is_away(error):
            raise
        raise unreachable(where, error, "clickhouse_port") from None
