"""Ids whose contents contradict each other: in what is imported, and between it and what the ledger holds.

Two contents of one id and revision leave a mixture behind that no file had. Nobody but the sender knows which one is right, so the
import says it before it ends. What a rule decides (a revision, a more complete answer) is not contested.

Why: docs/decisions/0100.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol, Self

from pydantic_core import from_json

from touchline.producers.record import PreparedRecord
from touchline.schemas.events import ANSWER
from touchline.schemas.versions import completeness_of

_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;
CREATE TABLE sent (version INTEGER PRIMARY KEY, content INTEGER NOT NULL);
CREATE TABLE repeated (id INTEGER PRIMARY KEY);
CREATE TABLE known (id INTEGER PRIMARY KEY, outcome TEXT NOT NULL);
"""
_ABSENT: Final[dict[str, Any]] = {"received_at": None, "persons": (), "properties": {}, "disposition": "complete"}
_RECEIVED: Final = b'"received_at":"'
_RECEIVED_LAST: Final = len('"received_at":"2026-01-31T09:30:00.000Z"}')
_MEMORY_VERSIONS: Final = 200_000
"""About 30 MB; more of them lie in the temporary file."""


class Outcome(StrEnum):
    """What counts of a known id that came with other contents."""

    AS_SENT = "as_sent"
    AS_STORED = "as_stored"
    OUTDATED = "outdated"
    """What is stored counts, for its revision is higher."""


class Finding(NamedTuple):
    """A known id that came with other contents. `revision` is the highest one that is stored."""

    source: str
    event_id: str
    outcome: Outcome
    revision: int


class Known(Protocol):
    """What was known of ids before."""

    def expect(self, keys: Sequence[tuple[str, str]]) -> None:
        """Begin to look up these (source, id), which are compared next; returns at once."""

    def may_know(self, record: PreparedRecord) -> bool:
        """Whether its id is known, or nobody can say yet."""

    def compare(self, records: Sequence[PreparedRecord]) -> Iterable[Finding]:
        """Those of the records whose id is known with other contents, one finding a record."""


@dataclass(frozen=True)
class Contested:
    """How many ids: known ones that came with other contents, by what counts of them now, and those of which the import itself holds
    several contents. `stored_revision` is the highest one of those known ids."""

    as_sent: int = 0
    as_stored: int = 0
    outdated: int = 0
    in_import: int = 0
    stored_revision: int = 0

    @property
    def known(self) -> int:
        """Known ids that came with other contents."""
        return self.as_sent + self.as_stored + self.outdated

    def __bool__(self) -> bool:
        return bool(self.known or self.in_import)

    def __add__(self, other: Contested) -> Contested:
        counts = {one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        return Contested(**counts | {"stored_revision": max(self.stored_revision, other.stored_revision)})


class ContestedIds:
    """Looks at all records of an import, of one file or several, and counts each id once a file. What it remembers of a record, two hashes,
    lies in a temporary file as soon as there are more than `memory_versions`: a table in memory costs a third of one in a file."""

    def __init__(self, known: Known | None = None, memory_versions: int = _MEMORY_VERSIONS) -> None:
        self._known = known
        self._memory_versions = memory_versions
        self._sent: dict[int, int] | None = {}
        """Hash of the content by that of source, id and rank; None once they lie in the file."""
        self._unsorted: list[tuple[int, int, int]] = []
        self._repeats: list[tuple[int]] = []
        """Hashes of source and id."""
        self._held: list[PreparedRecord] = []
        self._file = sqlite3.connect("")
        self._file.executescript(_SCHEMA)
        self.total = Contested()

    def begin_file(self) -> None:
        """What follows is another file: a known id that it holds, too, is told of it, too."""
        with self._file:
            self._file.execute("DELETE FROM known")

    def expect(self, keys: Iterable[tuple[str, str]]) -> None:
        """These (source, id) are about to be sent, as far as they are not refused: what is known of them is looked up in the meantime."""
        if self._known is not None:
            self._known.expect(list(keys))

    def see(self, records: Iterable[PreparedRecord]) -> None:
        """These go out. Of a record two hashes are kept, and the record itself only while its id may be known: what stays alive costs more
        than what is computed. Those that the pipeline will suppress are no versions of their events."""
        for one in records:
            if one.is_suppressed:
                continue
            version, content = hash((one.source, one.event_id, _rank(one))), _content(one.value)
            if self._sent is None:
                self._unsorted.append((version, content, hash((one.source, one.event_id))))
            elif self._sent.setdefault(version, content) != content:
                self._repeats.append((hash((one.source, one.event_id)),))
            if self._known is not None and self._known.may_know(one):
                self._held.append(one)

    def settle(self) -> Contested:
        """What those seen since the last time add."""
        held, self._held = self._held, []
        with self._file:
            found = Contested(in_import=self._count_repeats())
            for finding in self._known.compare(held) if self._known is not None else ():
                found += self._counted(finding)
        self.total += found
        return found

    def _count_repeats(self) -> int:
        if self._sent is None:
            self._sort()
        elif len(self._sent) > self._memory_versions:
            self._file.executemany("INSERT INTO sent VALUES (?, ?)", self._sent.items())
            self._sent = None
        repeats, self._repeats = self._repeats, []
        return self._file.executemany("INSERT OR IGNORE INTO repeated VALUES (?)", repeats).rowcount if repeats else 0

    def _sort(self) -> None:
        """Into those of which the file holds another content, and those that it now holds."""
        rows, self._unsorted = self._unsorted, []
        added = self._file.executemany("INSERT OR IGNORE INTO sent VALUES (?, ?)", [row[:2] for row in rows]).rowcount
        for version, content, key in rows if added < len(rows) else ():
            ((first,),) = self._file.execute("SELECT content FROM sent WHERE version = ?", (version,))
            if first != content:
                self._repeats.append((key,))

    def _counted(self, finding: Finding) -> Contested:
        """Of several records of an id the one that counts says what becomes of it."""
        key, outcome = hash((finding.source, finding.event_id)), finding.outcome
        before = self._file.execute("SELECT outcome FROM known WHERE id = ?", (key,)).fetchone()
        if before is not None and (outcome is not Outcome.AS_SENT or before[0] == outcome):
            return Contested()
        self._file.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (key, outcome))
        counts = {outcome.value: 1} | ({before[0]: -1} if before is not None else {})
        return Contested(**counts, stored_revision=finding.revision)

    def close(self) -> None:
        """Forget everything."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _rank(record: PreparedRecord) -> object:
    """What decides between versions of an event; of two that are equal in it no rule says which one counts."""
    if record.type != ANSWER and b'"revision":' not in record.value:
        return 0
    event = from_json(record.value)
    revision = event.get("revision") or 0
    return (revision, completeness_of(_ABSENT | event, 0), record.time) if record.type == ANSWER else revision


def _content(value: bytes) -> int:
    """Hash of a record without the time of receipt, which differs from one sending to the next."""
    if value[-_RECEIVED_LAST:].startswith(_RECEIVED):  # as the producer writes it where the sender does not
        return hash(value[:-_RECEIVED_LAST])
    before, found, after = value.rpartition(_RECEIVED)
    if not found:
        return hash(value)
    after = after[after.index(b'"') :]
    return hash(before) if after == b'"}' else hash((before, after))
