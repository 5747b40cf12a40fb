"""What `touchline care` keeps for itself: how far it has read, whom it will look at again, and the alerts that each sink has not taken yet.

One SQLite file. Losing it costs time and repeated alerts of the cases that are decided at that moment, never a second case: which cases
stand is read from the ledger. An alert is written before its event is sent, so a kill between the two repeats and never loses it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from touchline.care.telling import Alert
from touchline.errors import WrongUsage

KEPT_US: Final = 30 * 86_400_000_000
"""So long a delivered alert is known, so that it is not sent again."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS cursors (stream TEXT PRIMARY KEY, insert_number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS looks (person TEXT PRIMARY KEY, at_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS looks_at ON looks (at_us);
CREATE TABLE IF NOT EXISTS alerts (
    sink TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, at_us INTEGER NOT NULL, attempts INTEGER NOT NULL, body TEXT,
    error TEXT NOT NULL,
    PRIMARY KEY (sink, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS alerts_due ON alerts (sink, state, at_us);
"""
WAITS: Final = "waits"
DONE: Final = "done"
DEAD: Final = "dead"


class Waiting(NamedTuple):
    """An alert that a sink has not taken yet."""

    key: str
    body: dict[str, Any]
    attempts: int


class CareStore:
    """One process at a time has it open; SQLite's lock refuses a second one."""

    def __init__(self, folder: Path) -> None:
        """Raises WrongUsage when the folder cannot be written, or another process has it."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / "care.sqlite", isolation_level=None, timeout=1.0)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_TABLES)
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("COMMIT")
        except (OSError, sqlite3.OperationalError) as error:
            raise WrongUsage(
                f"cannot use {folder}: {error}", "one `touchline care` at a time; check who may write to care_dir"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the file free."""
        self._db.close()

    def cursor(self) -> dict[str, int]:
        """Stream -> number of the last insert that was dealt with."""
        return dict(self._db.execute("SELECT stream, insert_number FROM cursors"))

    def advance(self, cursor: Mapping[str, int]) -> None:
        """What came up to there is dealt with."""
        self._db.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?)", list(cursor.items()))

    def look_again(self, moments: Mapping[str, int | None]) -> None:
        """Person -> when to look at them again, or never."""
        with _Transaction(self._db):
            self._db.executemany("DELETE FROM looks WHERE person = ?", [(person,) for person in moments])
            wanted = [(person, at_us) for person, at_us in moments.items() if at_us is not None]
            self._db.executemany("INSERT INTO looks VALUES (?, ?)", wanted)

    def to_look_at(self, now_us: int, limit: int) -> list[str]:
        """Persons whose moment has come."""
        rows = self._db.execute("SELECT person FROM looks WHERE at_us <= ? ORDER BY at_us LIMIT ?", (now_us, limit))
        return [person for (person,) in rows]

    def put(self, alerts: Iterable[tuple[str, Alert]], now_us: int) -> int:
        """Sink and alert; those that a sink has or had are left out. How many are new. On the disk when this returns."""
        with _Transaction(self._db):
            before = self._db.total_changes
            self._db.executemany(
                "INSERT OR IGNORE INTO alerts VALUES (?, ?, 'waits', ?, 0, ?, '')",
                [(sink, one.key, now_us, json.dumps(one.body)) for sink, one in alerts],
            )
            return self._db.total_changes - before

    def waiting(self, sink: str, now_us: int, limit: int) -> list[Waiting]:
        """Alerts that are due for this sink, the oldest first."""
        rows = self._db.execute(
            "SELECT key, body, attempts FROM alerts WHERE sink = ? AND state = 'waits' AND at_us <= ? ORDER BY at_us, key LIMIT ?",
            (sink, now_us, limit),
        )
        return [Waiting(key, json.loads(body), attempts) for key, body, attempts in rows]

    def delivered(self, sink: str, keys: Iterable[str], now_us: int) -> None:
        """The sink has taken them; their contents go."""
        self._db.executemany(
            "UPDATE alerts SET state = 'done', body = NULL, at_us = ? WHERE sink = ? AND key = ?",
            [(now_us, sink, key) for key in keys],
        )

    def failed(self, sink: str, key: str, error: str, again_us: int | None) -> None:
        """To be tried again then; None: never, it stays as a dead letter with its content."""
        state = DEAD if again_us is None else WAITS
        self._db.execute(
            "UPDATE alerts SET state = ?, at_us = ifnull(?, at_us), attempts = attempts + 1, error = ? WHERE sink = ? AND key = ?",
            (state, again_us, error, sink, key),
        )

    def revive(self, sink: str, now_us: int) -> int:
        """Dead letters of a sink are tried again; how many."""
        return self._db.execute(
            "UPDATE alerts SET state = 'waits', at_us = ?, attempts = 0 WHERE sink = ? AND state = 'dead'",
            (now_us, sink),
        ).rowcount

    def counts(self) -> dict[tuple[str, str], int]:
        """(sink, state) -> number of alerts."""
        rows = self._db.execute("SELECT sink, state, count(*) FROM alerts GROUP BY sink, state")
        return {(sink, state): number for sink, state, number in rows}

    def forget(self, now_us: int) -> None:
        """Delivered alerts of long ago."""
        self._db.execute("DELETE FROM alerts WHERE state = 'done' AND at_us < ?", (now_us - KEPT_US,))


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
