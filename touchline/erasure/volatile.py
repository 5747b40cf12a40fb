"""Tables beside the ledger that hold what is to be blanked while it is blanked: in memory alone, nothing of them reaches a disk.

A statement that named keys or ids would leave them in the server's list of mutations and its logs, so the statements name these tables. A
run that was killed may leave one behind: with its rows while the server lives, empty after that. The next run drops it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

_PREFIX: Final = "blanking_"
_KEPT_HOURS: Final = 24
"""Longer than any run takes."""
_TABLES: Final = {
    "records": "(partition UInt64, offset Int64, of_source String, event_id String, hidden String) ENGINE = Memory",
    "events": "(of_source String, event_id String, hidden String) ENGINE = Memory",
    "named": "(name String) ENGINE = Memory",
    "gone": "(name String) ENGINE = Memory",
    "rows": "(row_id UInt64, what UInt8, hidden String, about String) ENGINE = Join(ANY, LEFT, row_id) SETTINGS persistent = 0",
}
_PAIRS: Final = "(before String, hidden String) ENGINE = Join(ANY, LEFT, before) SETTINGS persistent = 0"


class Volatile(NamedTuple):
    """Names of the tables of one step: records to be blanked with the ids that they get; events of which no other version stands;
    identifiers that may be gone, and those that are; rows of the ledger, and what of them goes (touchline/erasure/gather.py)."""

    records: str
    events: str
    named: str
    gone: str
    rows: str


@contextmanager
def volatile_tables(client: Client) -> Iterator[Volatile]:
    """New tables of random names, dropped at the end, whatever happens."""
    names = Volatile(*(_name_of(short) for short in Volatile._fields))
    with _made(client, {name: _TABLES[short] for name, short in zip(names, Volatile._fields, strict=True)}):
        yield names


@contextmanager
def volatile_pairs(client: Client) -> Iterator[str]:
    """A new table that tells by a text (`before`) what takes its place (`hidden`), dropped as the others."""
    name = _name_of("pairs")
    with _made(client, {name: _PAIRS}):
        yield name


def _name_of(short: str) -> str:
    return f"journey_raw.{_PREFIX}{secrets.token_hex(8)}_{short}"


@contextmanager
def _made(client: Client, tables: Mapping[str, str]) -> Iterator[None]:
    try:
        for name, structure in tables.items():
            client.execute(
                f"CREATE TABLE {name} {structure} COMMENT 'What is being blanked, in memory; dropped after it'"
            )
        yield
    finally:
        # Where the server does not answer any more it has forgotten the rows, or the next run drops the tables.
        with suppress(Error, EOFError, OSError):
            for name in tables:
                _drop(client, name)


def drop_leftovers(client: Client) -> int:
    """Drop the tables of runs that were killed: those of earlier lives of the server, which are empty, and those of yesterday. Returns how
    many."""
    left = [name for (name,) in client.execute(_LEFT)]
    for name in left:
        _drop(client, f"journey_raw.{name}")
    return len(left)


def _drop(client: Client, name: str) -> None:
    # A mutation that asks a dropped table would never end, and all later ones wait for it.
    client.execute(_KILL, {"name": name})
    client.execute(f"DROP TABLE IF EXISTS {name} SYNC")


_LEFT = f"""
SELECT name FROM system.tables WHERE database = 'journey_raw' AND startsWith(name, '{_PREFIX}')
    AND (metadata_modification_time < now() - INTERVAL {_KEPT_HOURS} HOUR OR metadata_modification_time < now() - uptime())"""
_KILL = """
KILL MUTATION WHERE database = 'journey_raw' AND table IN ('ledger', 'readings') AND NOT is_done AND position(command, %(name)s) > 0"""
