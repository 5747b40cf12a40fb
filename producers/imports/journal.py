"""What imports on this machine have done: how far each file was read, which refused rows are in the quarantine, which files are finished.

One SQLite file. It saves work, and keeps a refused row from standing in the quarantine once for each import. Nothing else hangs on it.

Why: docs/decisions/0100.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Collection, Iterable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from touchline.errors import WrongUsage
from touchline.producers.imports.contested import Contested

_BUSY_SECONDS: Final = 30.0
_CHUNK_BYTES: Final = 1 << 20
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS progress (work BLOB PRIMARY KEY, rows INTEGER NOT NULL, rejected INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS contested (work BLOB PRIMARY KEY, counts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused (hash BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS finished (
    work BLOB PRIMARY KEY, name TEXT NOT NULL, accepted INTEGER NOT NULL, rejected INTEGER NOT NULL, at_seconds INTEGER NOT NULL);
"""


class Progress(NamedTuple):
    """How far an import came that was interrupted: rows that are done, and those of them that were refused."""

    rows: int
    rejected: int


class ImportJournal:
    """Open for one import; processes may share the file. `target` names the topic: what went to another one does not count here."""

    def __init__(self, path: Path, target: str) -> None:
        """Opens or makes the file. Raises WrongUsage where that fails."""
        self._target = target.encode()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # hashes of rows are nobody else's business
            # Each statement is its own transaction, but for those within `with self._file`.
            self._file = sqlite3.connect(path, timeout=_BUSY_SECONDS)
            self._file.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise WrongUsage(
                f"the journal of imports {path} cannot be used ({why})",
                "set local_dir to a folder that you may write to; a journal that is damaged can be deleted: what is sent again counts once",
            ) from None

    def work(self, *parts: bytes) -> bytes:
        """The key of a piece of work: what is imported, how, and where to."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self._target, *parts):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()

    def progress(self, work: bytes) -> Progress:
        """How far an interrupted run came; (0, 0) where there was none."""
        row = self._file.execute("SELECT rows, rejected FROM progress WHERE work = ?", (work,)).fetchone()
        return Progress(0, 0) if row is None else Progress(*row)

    def advance(
        self, work: bytes, progress: Progress, refused: Iterable[bytes] = (), contested: Contested | None = None
    ) -> None:
        """All rows so far are safe, these refused ones are in the quarantine, and so much of them is contested."""
        with self._file:
            if contested:
                counts = json.dumps(asdict(contested))
                self._file.execute("INSERT OR REPLACE INTO contested VALUES (?, ?)", (work, counts))
            self._file.execute("INSERT OR REPLACE INTO progress VALUES (?, ?, ?)", (work, *progress))
            self._file.executemany("INSERT OR IGNORE INTO refused VALUES (?)", ((self.work(one),) for one in refused))

    def contested(self, work: bytes) -> Contested:
        """What an interrupted run found of the rows that are done."""
        row = self._file.execute("SELECT counts FROM contested WHERE work = ?", (work,)).fetchone()
        return Contested() if row is None else Contested(**json.loads(row[0]))

    def known_refused(self, hashes: Collection[bytes]) -> set[bytes]:
        """Those of the hashes whose rows are in the quarantine already."""
        ask = "SELECT 1 FROM refused WHERE hash = ?"
        return {one for one in hashes if self._file.execute(ask, (self.work(one),)).fetchone()}

    def end(self, work: bytes) -> None:
        """The work is done: whoever does it again starts from the beginning."""
        with self._file:
            self._forget(work)

    def finish(self, work: bytes, name: str, accepted: int, rejected: int) -> None:
        """The work is done and need not be done again."""
        with self._file:
            self._forget(work)
            entry = (work, name, accepted, rejected, int(time.time()))
            self._file.execute("INSERT OR REPLACE INTO finished VALUES (?, ?, ?, ?, ?)", entry)

    def _forget(self, work: bytes) -> None:
        self._file.execute("DELETE FROM progress WHERE work = ?", (work,))
        self._file.execute("DELETE FROM contested WHERE work = ?", (work,))

    def is_finished(self, work: bytes) -> bool:
        """Whether `finish` was called for it."""
        return self._file.execute("SELECT 1 FROM finished WHERE work = ?", (work,)).fetchone() is not None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def content_hash(path: Path) -> bytes:
    """Of the bytes of a file. Raises WrongUsage where it cannot be read."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise WrongUsage(f"{path} cannot be read ({error.strerror})", "give the path of a file") from None
    return digest.digest()
