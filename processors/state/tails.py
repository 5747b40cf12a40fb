"""What the fast path must know of a person: where the last event stands and how the journeys go on from there.

A cache: memory over one LMDB file per partition, stamped in the same transaction with the insert it reflects. It is trusted only if the
stamp equals the ledger's mark; then an absent person is a new person. Deleting the file costs time, nothing else.

Why: docs/decisions/0061.
"""

from __future__ import annotations

import marshal
import secrets
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import lmdb

from touchline.journey.values import Tail, dump_tail, load_tail
from touchline.processors.ledger.ledger import Mark
from touchline.processors.state.disk import reserve
from touchline.processors.values.person import KeptState, PersonTail
from touchline.processors.values.records import Reached

MAP_BYTES = 1 << 36
"""Address space, not disk: LMDB's file grows with what is stored."""
MEMORY_PERSONS_MAX = 200_000
_STAMP = b"\x00stamp"
_OWNER = b"\x00owner"
_LAYOUTS = b"\x00layouts"
_FORGOTTEN = b"\x00forgotten"
_OWN = b"\x00"
"""How the keys begin that are nobody's."""
_FIRST = b"\x01"
"""Behind these."""
_COPIED_AT_ONCE = 10_000
_DATA = "data.mdb"
_LOCK = "lock.mdb"
_LOCK_BYTES = 1 << 14
"""More than LMDB takes for its 126 readers."""
Layout = tuple[str, ...]
"""The versions of maps whose tails a person has, in the order of the tails."""


class StateLost(Exception):
    """The file is another worker's by now, or cannot be read: acquire the partition and open it again."""


class Stamp(NamedTuple):
    """What the state reflects: a stream up to an insert and its last offset (after a restored backup another insert may bear the
    number), in a certain form of the file."""

    stream: str
    insert_number: int
    last_offset: int
    form: str
    cursors: tuple[tuple[str, int], ...] = ()
    """How far all streams were read with that insert."""
    walked: tuple[int, str] = (0, "")
    """For which change of the maps its stream had walked by then, and how far: tails of what another worker walked since lack maps."""

    def is_of(self, other: Stamp) -> bool:
        """Whether both reflect the same insert in the same form."""
        return (self[:4], self.walked) == (other[:4], other.walked)

    @classmethod
    def at(cls, stream: str, mark: Mark, reached: Reached) -> Stamp:
        """The stamp of a state that reflects everything up to this mark."""
        walked = (reached.map_change, reached.walked_to)
        return cls(stream, *mark, FORM, tuple(sorted(reached.cursors.items())), walked)


class Tails:
    """Tails of one partition's persons. Opening the file takes it over: whoever had it open cannot write any more (a worker that
    slept through the loss of its partition, on the same folder)."""

    def __init__(self, path: Path, layout: Layout = (), *, memory_persons_max: int = MEMORY_PERSONS_MAX) -> None:
        self._owner = secrets.token_bytes(16)
        self._path = path
        self._environment = _opened(path)
        try:
            with self._environment.begin(write=True) as transaction:
                transaction.put(_OWNER, self._owner)
        except BaseException:
            self._environment.close()
            raise
        self._layouts: list[Layout] = []
        self._layout = layout
        self._memory: dict[str, PersonTail] = {}
        self._memory_persons_max = memory_persons_max
        self._lookups = {"memory": 0, "disk": 0, "nowhere": 0}
        self._tried = 0

    def lay_out(self, layout: Layout) -> None:
        """Other maps stand: persons keep the tails of those that stand still, and have none (None) of the others until they are put
        anew."""
        if layout != self._layout:
            self._layout = layout
            self._memory.clear()

    @property
    def cached_count(self) -> int:
        """Persons in memory."""
        return len(self._memory)

    @property
    def disk_bytes(self) -> int:
        """Size of the file as far as it is used."""
        return int((self._environment.info()["last_pgno"] + 1) * self._environment.stat()["psize"])

    def take_lookups(self) -> dict[str, int]:
        """Where the persons that were looked up since the last call were found."""
        taken, self._lookups = self._lookups, dict.fromkeys(self._lookups, 0)
        return taken

    def close(self) -> None:
        """Release the file."""
        self._environment.close()

    def stamp(self) -> Stamp | None:
        """What the state reflects, or None for nothing."""
        with self._environment.begin() as transaction:
            raw = transaction.get(_STAMP)
        try:
            return None if raw is None else Stamp(*marshal.loads(raw))
        except _UNREADABLE:
            return None

    def get_many(self, keys: Iterable[str]) -> dict[str, PersonTail]:
        """The tails of those keys that have one. Raises StateLost where the file holds something else; it is empty then."""
        memory = self._memory
        found = {}
        unknown = []
        for key in keys:
            tail = memory.get(key)
            if tail is None:
                unknown.append(key)
            else:
                found[key] = tail
        in_memory = len(found)
        if unknown:
            try:
                with self._environment.begin(buffers=True) as transaction:
                    for key in unknown:
                        raw = transaction.get(key.encode())
                        if raw is not None:
                            found[key] = memory[key] = self._load(raw, transaction)
            except _UNREADABLE:
                self.clear()
                raise StateLost("the state file cannot be read") from None
        self._lookups["memory"] += in_memory
        self._lookups["disk"] += len(found) - in_memory
        self._lookups["nowhere"] += len(unknown) + in_memory - len(found)
        return found

    def put_many(self, tails: Mapping[str, PersonTail], stamp: Stamp | None) -> None:
        """Keep these tails and the stamp (None: the state is incomplete until a stamp comes), in one durable transaction.
        Raises StateLost where another worker has opened the file since."""
        with self._environment.begin(write=True) as transaction:
            self._check(transaction)
            number = self._number(transaction)
            transaction.cursor().putmulti((key.encode(), _dump(tail, number)) for key, tail in tails.items())
            if stamp is not None:
                transaction.put(_STAMP, marshal.dumps(tuple(stamp)))
        self._memory.update(tails)
        if len(self._memory) > self._memory_persons_max:
            # Oldest first: a dict keeps the order of first insertion, which is near enough for a cache.
            for key in list(self._memory)[: len(self._memory) - self._memory_persons_max // 2]:
                del self._memory[key]

    def clear(self) -> None:
        """Forget everything, the stamp included. Raises StateLost as above."""
        self._memory.clear()
        self._tried = 0
        with self._environment.begin(write=True) as transaction:
            self._check(transaction)
            transaction.drop(self._environment.open_db(), delete=False)
            transaction.put(_OWNER, self._owner)
        self._layouts = []

    def has_forgotten(self, count: int) -> bool:
        """Whether `forget` was given that count last, and the file was not emptied since. Where it failed, it is tried again when the file
        is opened the next time."""
        if self._tried == count:
            return True
        with self._environment.begin() as transaction:
            raw = transaction.get(_FORGOTTEN)
        return count == (0 if raw is None else marshal.loads(raw))

    def not_later(self, before_us: int, after: str, count: int) -> tuple[list[str], str]:
        """Of the next so many persons behind the key `after` those of whom nothing happened at or after `before_us`, and the last key of
        all of these; it is empty where there are no more. Raises StateLost where the file holds something else; it is empty then."""
        try:
            with self._environment.begin(buffers=True) as transaction:
                cursor = transaction.cursor()
                found: list[str] = []
                reached, looked = "", 0
                is_there = cursor.set_range(after.encode() if after else _FIRST)
                while is_there and looked < count:
                    key = bytes(cursor.key()).decode()
                    if key != after:
                        looked, reached = looked + 1, key
                        if marshal.loads(cursor.value())[0] < before_us:
                            found.append(key)
                    is_there = cursor.next()
                return found, reached if is_there else ""
        except _UNREADABLE:
            self.clear()
            raise StateLost("the state file cannot be read") from None

    def forget(self, chosen: Callable[[Sequence[str]], Collection[str]], count: int | None = None) -> int:
        """Take keys out for good: LMDB keeps the bytes of what was deleted or replaced, so all others are copied into a new file, which
        takes the place of this one in one step. Of some keys at once `chosen` names those to take out. Returns how many there were. The
        stamp stays, and without `count` what `has_forgotten` says.

        Raises StateLost where another worker has opened the file since, or where it cannot be read; OSError and lmdb.Error.
        """
        self._tried = self._tried if count is None else count
        draft = self._path.with_name(f"{self._path.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            taken = self._copy(draft, chosen, count)
            self._environment.close()
            (draft / _DATA).replace(self._path / _DATA)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self._environment = _opened(self._path)
        self._memory.clear()
        return taken

    def _copy(self, draft: Path, chosen: Callable[[Sequence[str]], Collection[str]], count: int | None) -> int:
        copy = _opened(draft)
        taken = 0
        try:
            with self._environment.begin() as transaction:
                self._check(transaction)
                entries = iter(transaction.cursor())
                while some := list(islice(entries, _COPIED_AT_ONCE)):
                    persons = [key.decode() for key, _ in some if not key.startswith(_OWN)]
                    out = {key.encode() for key in chosen(persons)}
                    with copy.begin(write=True) as copying:
                        copying.cursor().putmulti([one for one in some if one[0] not in out], append=True)
                    taken += len(out)
            if count is not None:
                with copy.begin(write=True) as copying:
                    copying.put(_FORGOTTEN, marshal.dumps(count))
            copy.sync(True)
        except _UNREADABLE:
            raise StateLost("the state file cannot be read") from None
        finally:
            copy.close()
        return taken

    def _number(self, transaction: lmdb.Transaction) -> int:
        """Number of the present layout in the file, which keeps all that it ever had."""
        if self._layout not in self._layouts:
            self._layouts = [*_layouts_of(transaction)]
            if self._layout not in self._layouts:
                self._layouts.append(self._layout)
                transaction.put(_LAYOUTS, marshal.dumps(self._layouts))
        return self._layouts.index(self._layout)

    def _load(self, raw: bytes | memoryview, transaction: lmdb.Transaction) -> PersonTail:
        last_us, number, maps, event_count, kept = marshal.loads(raw)
        tails = [one if one is None else load_tail(one) for one in maps]
        if number >= len(self._layouts):
            self._layouts = [*_layouts_of(transaction)]
        layout = self._layouts[number]
        if tails and layout != self._layout:
            known = dict(zip(layout, tails, strict=True))
            tails, kept = [known.get(one) for one in self._layout], ()  # states on the way are of the maps that stood
        return PersonTail(last_us, tuple(tails), event_count, tuple(KeptState(*one) for one in kept))

    def _check(self, transaction: lmdb.Transaction) -> None:
        if transaction.get(_OWNER) != self._owner:
            raise StateLost("another worker has opened the state file")


_BROKEN = (lmdb.InvalidError, lmdb.CorruptedError, lmdb.VersionMismatchError, lmdb.PageNotFoundError, lmdb.PanicError)
_UNREADABLE = (*_BROKEN, EOFError, IndexError, TypeError, ValueError)


def _opened(path: Path) -> lmdb.Environment:
    """The file, made anew where it is no LMDB file or shorter than it says (reading past its end would kill the process)."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        environment = _open(path)
        used = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
        if (path / _DATA).stat().st_size >= used:
            return environment
        environment.close()
    except _BROKEN:
        pass
    shutil.rmtree(path)
    path.mkdir()
    return _open(path)


def _open(path: Path) -> lmdb.Environment:
    reserve(path / _LOCK, _LOCK_BYTES)
    return lmdb.open(str(path), map_size=MAP_BYTES, max_dbs=0, readahead=False)


def _layouts_of(transaction: lmdb.Transaction) -> list[Layout]:
    raw = transaction.get(_LAYOUTS)
    return [] if raw is None else marshal.loads(raw)


# marshal: twice as quick as JSON here, and its integers have no bound (bit sets of stages). Only this process's own file is read,
# and FORM is a part of the stamp, so a state of another Python or release is dropped.
_FIELDS = " ".join((*PersonTail._fields, *Tail._fields))
FORM = f"marshal {marshal.version}, Python {sys.version_info[0]}.{sys.version_info[1]}, {_FIELDS}, layouts"


def _dump(tail: PersonTail, layout: int) -> bytes:
    maps = [one if one is None else dump_tail(one) for one in tail.maps]
    return marshal.dumps((tail.last_us, layout, maps, tail.event_count, [tuple(one) for one in tail.kept]))
