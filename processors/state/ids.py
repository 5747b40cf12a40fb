"""The ids of one partition as a worker keeps them: in memory, and in a file from which a restarted worker goes on.

The ids are stamped with the insert up to which they are complete; they may hold more (of an insert that failed), never less. So an old
file is caught up from its stamp; one that cannot be used costs a reading of the ledger, nothing else.

Why: docs/decisions/0061.
"""

from __future__ import annotations

import logging
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import orjson

from touchline.log import log_event
from touchline.processors.ledger.ledger import Ledger, LedgerUnavailable, Mark, Stream
from touchline.processors.state.seen import Bitmap, Fingerprints, SeenIds, room_for
from touchline.processors.values.event_hash import hashes_of

SAVE_EVERY_IDS = 1_000_000
"""Most ids to read from the ledger again after a kill: about half a second."""
_FORMAT = f"ids 1 {sys.byteorder}"
_KINDS: dict[str, type[SeenIds]] = {"fingerprints": Fingerprints, "bitmap": Bitmap}


class PartitionIds:
    """Ids of a stream's partition, those of earlier incarnations of the topic included. `mark` is None while they are incomplete."""

    def __init__(self, path: Path, stream: Stream, bytes_max: int) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self.stream = stream
        self.mark: Mark | None = None
        self._seen: SeenIds = room_for(0, bytes_max)
        self._load()
        self._saved: Mark | None = self.mark
        self._saved_count = self._seen.count

    @property
    def count(self) -> int:
        """Ids that are known."""
        return self._seen.count

    @property
    def memory_bytes(self) -> int:
        """Size of the set of ids."""
        return self._seen.contents().nbytes

    def meet(self, keys: Sequence[tuple[str, str]]) -> list[int]:
        """Positions of the (source, id) pairs that seem known. All are known from now on. Make room before."""
        return self._seen.meet(hashes_of(keys))

    def known_among(self, keys: Sequence[tuple[str, str]]) -> list[int]:
        """Positions of the (source, id) pairs that seem known. The others stay unknown."""
        return self._seen.known_among(hashes_of(keys))

    def has_room(self, ids: int) -> bool:
        """Whether this many more ids fit."""
        return self._seen.has_room(ids)

    def reflect(self, mark: Mark) -> None:
        """The ids are complete up to this mark."""
        self.mark = mark
        if self._seen.count - self._saved_count >= SAVE_EVERY_IDS:
            self.save()

    def restore(self, ledger: Ledger, mark: Mark, should_stop: Callable[[], bool], room: int = 0) -> None:
        """Make the ids complete up to the mark, with room for `room` more: nothing to do, catch up, or read all again in a larger
        set. The events of all claims that any partition ever made are known then, too: what comes here of them later must be looked up.
        Raises LedgerUnavailable, also when the worker is asked to stop meanwhile."""
        claims = [*ledger.claim_hashes()]
        if self.mark is not None and self.mark != mark and not self._is_of(ledger, mark):
            self.mark = None
        is_known = self.mark is not None and self._catch_up(ledger, mark, should_stop)
        if is_known and self._meet_all(claims) and self._seen.has_room(room):
            return
        self.mark = None
        self._seen = room_for(0, self._bytes_max)  # the old set goes before the new one comes
        lengths = [*map(len, claims)]
        # Room for a chunk of claims more, so that the same claims fit when they are met the next time.
        self._seen = room_for(ledger.count_ids(self.stream) + sum(lengths) + max(room, *lengths, 0), self._bytes_max)
        self._saved_count = 0
        if not (self._read(ledger, None, should_stop) and self._meet_all(claims)):
            raise LedgerUnavailable("more ids than the ledger counted")
        self.mark = mark
        log_event(logging.INFO, "ids_read", partition=self.stream.partition, ids=self._seen.count)

    def _meet_all(self, chunks: Iterable[Sequence[int]]) -> bool:
        """False if there is no room for all."""
        for hashes in chunks:
            if not self._seen.has_room(len(hashes)):
                return False
            self._seen.meet(hashes)
        return True

    def _is_of(self, ledger: Ledger, mark: Mark) -> bool:
        """Whether the ledger knows the insert of our stamp as we do: after a restored backup it may be another."""
        assert self.mark is not None
        if self.mark.insert_number > mark.insert_number:
            return False
        return ledger.offset_of_insert(self.stream, self.mark.insert_number) == self.mark.last_offset

    def _catch_up(self, ledger: Ledger, mark: Mark, should_stop: Callable[[], bool]) -> bool:
        assert self.mark is not None
        if self.mark != mark and not self._read(ledger, self.mark.insert_number, should_stop):
            return False
        self.mark = mark
        return True

    def _read(self, ledger: Ledger, since: int | None, should_stop: Callable[[], bool]) -> bool:
        """False if there is no room for all."""
        for hashes in ledger.id_hashes_since(self.stream, since):
            if should_stop():
                raise LedgerUnavailable("the worker stops")
            if not self._seen.has_room(len(hashes)):
                return False
            self._seen.meet(hashes)
        return True

    def save(self) -> None:
        """Write the file anew; a full disk leaves the old one, which is as good."""
        if self.mark is None or self.mark == self._saved:
            return
        contents = self._seen.contents()
        kind = "bitmap" if isinstance(self._seen, Bitmap) else "fingerprints"
        head = orjson.dumps([_FORMAT, self.stream.name, *self.mark, kind, self._seen.count]) + b"\n"
        checksum = zlib.crc32(contents, zlib.crc32(head))
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                file.write(checksum.to_bytes(4, "big") + head)
                file.write(contents)
            fresh.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            log_event(logging.WARNING, "ids_not_saved", partition=self.stream.partition, error=type(error).__name__)
            return
        self._saved, self._saved_count = self.mark, self._seen.count

    def _load(self) -> None:
        """Take what the file holds if it is whole and this stream's."""
        try:
            with self._path.open("rb") as file:
                checksum, head = int.from_bytes(file.read(4), "big"), file.readline()
                contents = file.read(self._bytes_max + 1)
        except OSError:
            return
        if zlib.crc32(contents, zlib.crc32(head)) != checksum or len(contents) > self._bytes_max:
            return
        form, stream, number, offset, kind, count = orjson.loads(head)
        if (form, stream) == (_FORMAT, self.stream.name):
            self._seen, self.mark = _KINDS[kind].of(count, contents), Mark(number, offset)
