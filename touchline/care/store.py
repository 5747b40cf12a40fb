"""What `touchline care` keeps for itself: how far it has read, whom it will look at again, events that are not yet posted, and the alerts
that each sink has not taken yet.

One SQLite file. What a look came to is one transaction, so that whoever is told of a case finds it in the ledger, and the other way round.
Losing the file costs time and the alerts that waited in it, never a second case: which cases stand is read from the ledger.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final, NamedTuple, Self

from touchline.care.telling import Alert
from touchline.errors import WrongUsage
from touchline.schemas.times import format_time

BUSY_SECONDS: Final = 10.0
POSTED_AT_ONCE: Final = 1_000
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
CREATE TABLE IF NOT EXISTS gone (name TEXT PRIMARY KEY, at_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS steps (name TEXT PRIMARY KEY, at_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, event TEXT NOT NULL);
"""
STORE_FILE: Final = "care.sqlite"
WAITS: Final = "waits"
DONE: Final = "done"
DEAD: Final = "dead"


class Kept(NamedTuple):
    """What a look came to: alerts with their sinks, events to post, when to look at whom again (None: never), how far it has read, and of
    cases whose reason is gone from when on they lapse (None: it is back, or they have)."""

    alerts: Sequence[tuple[str, Alert]]
    events: Sequence[dict[str, Any]]
    moments: Mapping[str, int | None]
    cursor: Mapping[str, int]
    gone: Mapping[str, int | None] = MappingProxyType({})


class Waiting(NamedTuple):
    """An alert that a sink has not taken yet."""

    key: str
    body: dict[str, Any]
    attempts: int


class Dead(NamedTuple):
    """An alert that a sink has not taken in all its attempts."""

    sink: str
    key: str
    since: str
    attempts: int
    error: str


class CareStore:
    """One process at a time runs on it, which its lock file sees to; commands look at it beside that process."""

    def __init__(self, folder: Path, is_beside: bool = False) -> None:
        """Raises WrongUsage when the folder cannot be used, or another process runs on it."""
        self._lock: IO[str] | None = None
        try:
            if not is_beside:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock = (folder / "lock").open("a")
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._db = sqlite3.connect(folder / STORE_FILE, isolation_level=None, timeout=BUSY_SECONDS)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.executescript(_TABLES)
        except BlockingIOError as error:
            self._unlock()
            raise WrongUsage(
                f"another `touchline care` runs on {folder}", "end it, or give this one its own care_dir"
            ) from error
        except (OSError, sqlite3.DatabaseError) as error:
            self._unlock()
            raise WrongUsage(
                f"cannot use {folder}: {error}", "see whether care_dir is there, and who may write to it"
            ) from error

    @classmethod
    def to_look_at_beside(cls, folder: Path) -> Self:
        """Whatever runs on it. Raises WrongUsage where nothing ever ran."""
        if not (folder / STORE_FILE).exists():
            raise WrongUsage(f"no `touchline care` has run on {folder}", "check care_dir")
        return cls(folder, is_beside=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the file free."""
        self._db.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def cursor(self) -> dict[str, int]:
        """Stream -> number of the last insert that was dealt with."""
        return dict(self._db.execute("SELECT stream, insert_number FROM cursors"))

    def to_look_at(self, now_us: int, limit: int) -> list[str]:
        """Persons whose moment has come."""
        rows = self._db.execute("SELECT person FROM looks WHERE at_us <= ? ORDER BY at_us LIMIT ?", (now_us, limit))
        return [person for (person,) in rows]

    def gone(self) -> dict[str, int]:
        """Case whose reason is gone -> from when on it lapses."""
        return dict(self._db.execute("SELECT name, at_us FROM gone"))

    def last_step(self, name: str) -> int | None:
        """When a work that is done in steps was done last; None with a new file."""
        return next((at_us for (at_us,) in self._db.execute("SELECT at_us FROM steps WHERE name = ?", (name,))), None)

    def keep_step(self, name: str, at_us: int) -> None:
        """The work is done for this step."""
        self._db.execute("INSERT OR REPLACE INTO steps VALUES (?, ?)", (name, at_us))

    def keep(self, look: Kept, now_us: int) -> int:
        """All that a look came to, or nothing of it: on the disk when this returns. How many alerts are new; those that a sink has or
        had are left out."""
        with _Transaction(self._db):
            before = self._db.total_changes
            self._db.executemany(
                "INSERT OR IGNORE INTO alerts VALUES (?, ?, 'waits', ?, 0, ?, '')",
                [(sink, one.key, now_us, json.dumps(one.body)) for sink, one in look.alerts],
            )
            told = self._db.total_changes - before
            self._withhold(look.alerts)
            self._db.executemany("INSERT INTO events (event) VALUES (?)", [(json.dumps(one),) for one in look.events])
            self._db.executemany("DELETE FROM looks WHERE person = ?", [(person,) for person in look.moments])
            wanted = [(person, at_us) for person, at_us in look.moments.items() if at_us is not None]
            self._db.executemany("INSERT INTO looks VALUES (?, ?)", wanted)
            self._db.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?)", list(look.cursor.items()))
            self._db.executemany("DELETE FROM gone WHERE name = ?", [(name,) for name in look.gone])
            missed = [(name, at_us) for name, at_us in look.gone.items() if at_us is not None]
            self._db.executemany("INSERT INTO gone VALUES (?, ?)", missed)
        return told

    def _withhold(self, alerts: Iterable[tuple[str, Alert]]) -> None:
        """Of cases that lapse, since a consent was withdrawn or somebody erased, what no sink has taken yet says no more whose they are."""
        lapsed = [(sink, f"{one.body['case']}/opened") for sink, one in alerts if one.body.get("state") == "lapsed"]
        self._db.executemany(
            "UPDATE alerts SET body = json_remove(body, '$.person', '$.reason', '$.before') "
            "WHERE sink = ? AND key = ? AND body IS NOT NULL",
            lapsed,
        )

    def unposted(self) -> list[tuple[int, dict[str, Any]]]:
        """Number and event, in the order in which they were kept."""
        rows = self._db.execute("SELECT number, event FROM events ORDER BY number LIMIT ?", (POSTED_AT_ONCE,))
        return [(number, json.loads(event)) for number, event in rows]

    def posted(self, up_to: int) -> None:
        """Events up to that number are safe elsewhere."""
        self._db.execute("DELETE FROM events WHERE number <= ?", (up_to,))

    def waiting(self, sink: str, now_us: int, limit: int) -> list[Waiting]:
        """Alerts that are due for this sink, the oldest first."""
        rows = self._db.execute(
            "SELECT key, body, attempts FROM alerts WHERE sink = ? AND state = 'waits' AND at_us <= ? ORDER BY at_us, key LIMIT ?",
            (sink, now_us, limit),
        )
        return [Waiting(key, json.loads(body), attempts) for key, body, attempts in rows]

    def delivered(self, sink: str, keys: Iterable[str], now_us: int) -> None:
        """The sink has taken them; their contents go."""
        with _Transaction(self._db):
            self._db.executemany(
                "UPDATE alerts SET state = 'done', body = NULL, at_us = ? WHERE sink = ? AND key = ?",
                [(now_us, sink, key) for key in keys],
            )

    def failed(self, sink: str, key: str, error: str, again_us: int | None, now_us: int) -> None:
        """To be tried again then; None: never, it stays as a dead letter with its content."""
        state = DEAD if again_us is None else WAITS
        self._db.execute(
            "UPDATE alerts SET state = ?, at_us = ?, attempts = attempts + 1, error = ? WHERE sink = ? AND key = ?",
            (state, now_us if again_us is None else again_us, error, sink, key),
        )

    def revive(self, sink: str, now_us: int) -> int:
        """Dead letters of a sink are tried again; how many."""
        return self._db.execute(
            "UPDATE alerts SET state = 'waits', at_us = ?, attempts = 0 WHERE sink = ? AND state = 'dead'",
            (now_us, sink),
        ).rowcount

    def dead(self) -> list[Dead]:
        """Dead letters, by sink and age."""
        rows = self._db.execute(
            "SELECT sink, key, at_us, attempts, error FROM alerts WHERE state = 'dead' ORDER BY sink, at_us, key"
        )
        return [Dead(sink, key, format_time(at_us), attempts, error) for sink, key, at_us, attempts, error in rows]

    def counts(self) -> dict[tuple[str, str], int]:
        """(sink, state) -> number of alerts."""
        rows = self._db.execute("SELECT sink, state, count(*) FROM alerts GROUP BY sink, state")
        return {(sink, state): number for sink, state, number in rows}

    def forget(self, now_us: int) -> None:
        """Delivered alerts of long ago."""
        self._db.execute("DELETE FROM alerts WHERE state = 'done' AND at_us < ?", (now_us - KEPT_US,))

    def bodies(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Sink, key and content of all alerts that have one: those that wait, and dead letters."""
        rows = self._db.execute("SELECT sink, key, body FROM alerts WHERE body IS NOT NULL")
        return [(sink, key, json.loads(body)) for sink, key, body in rows]

    def all_unposted(self) -> list[dict[str, Any]]:
        """Events that are not safe elsewhere yet."""
        return [json.loads(event) for (event,) in self._db.execute("SELECT event FROM events")]

    def waited_for(self, persons: Iterable[str]) -> set[str]:
        """Of these those of whom a moment is waited for."""
        found = (self._db.execute("SELECT person FROM looks WHERE person = ?", (one,)).fetchone() for one in persons)
        return {row[0] for row in found if row is not None}

    def drop(self, alerts: Iterable[tuple[str, str]]) -> None:
        """Sink and key of alerts that nobody is to be told any more; one that a sink is being told at this moment goes all the same."""
        with _Transaction(self._db):
            self._db.executemany("DELETE FROM alerts WHERE sink = ? AND key = ?", alerts)

    def drop_looks(self, persons: Iterable[str]) -> None:
        """Nobody waits for their moments."""
        with _Transaction(self._db):
            self._db.executemany("DELETE FROM looks WHERE person = ?", [(one,) for one in persons])

    def sweep(self, is_thorough: bool = False) -> None:
        """Bytes of what was deleted leave the journal; thorough, also the free pages that a release before this one has left. Where
        another process reads at this moment the next time does it."""
        if is_thorough:
            self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
