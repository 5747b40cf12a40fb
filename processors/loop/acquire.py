"""Take a partition over: fence, wait, read the mark, and bring what is known of it up to that mark.

Why: docs/decisions/0060, 0061.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import NamedTuple

from touchline.identity.watchlist import WatchList
from touchline.log import log_event
from touchline.processors.ledger.ledger import Ledger, Mark, Stream
from touchline.processors.loop.restore import restore
from touchline.processors.pipeline import Pipeline
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.partition import Partition
from touchline.processors.state.tails import Tails
from touchline.processors.values.protocol import Assigned
from touchline.processors.values.records import Reached
from touchline.processors.walk import reached_at_first


class Place(NamedTuple):
    """Where a worker keeps its state, how many bytes the ids of a partition may have, and under what name it writes."""

    state_dir: Path
    id_bytes_max: int
    writer: str


class Acquirer:
    """Makes partitions this worker's. The ids of those that it had outlive ownership: what an insert that failed left in them is no harm,
    and they are long to read."""

    def __init__(
        self,
        pipeline: Pipeline,
        ledger: Ledger,
        place: Place,
        incarnation_of: Callable[[str], str],
        should_stop: Callable[[], bool],
    ) -> None:
        self._pipeline = pipeline
        self._ledger = ledger
        self._place = place
        self._incarnation_of = incarnation_of
        self._should_stop = should_stop
        self._takes = count(1)
        self.ids: dict[int, PartitionIds] = {}

    def acquire(self, assigned: Assigned, look_around: Callable[[], None], *, force: bool) -> tuple[Partition, int]:
        """The partition as the ledger has it, and how many persons are to be read again. Raises FenceHeld, LedgerUnavailable, StateLost."""
        topic, number, generation = assigned
        stream = Stream(topic, self._incarnation_of(topic), number)
        # A name for each time: an insert of our own that was given up, and arrives after this, meets a fence too.
        writer = f"{self._place.writer}#{next(self._takes)}"
        mark = self._ledger.acquire(stream, generation, writer, force=force)
        # The mark may speak of a change of the maps or an erasure of which this worker has not heard.
        look_around()
        reached = self._reached(stream) if mark.insert_number else reached_at_first(self._pipeline.map_change)
        ids = self._restored_ids(stream, mark)
        tails = Tails(self._place.state_dir / folder_name(stream), self._pipeline.layout)
        try:
            restored = restore(tails, self._ledger, stream, mark, reached, self._pipeline)
        except BaseException:
            tails.close()
            raise
        at = {"partition": number, "generation": generation, "insert_number": mark.insert_number}
        log_event(logging.INFO, "acquired", **at, restored_persons=restored)
        has_naming_answers = self._ledger.has_naming_answers(number)
        watched = WatchList(self._ledger.standing_claims())
        ledger = self._ledger
        partition = Partition(
            stream, generation, writer, ledger, mark, tails, ids, reached, reached, has_naming_answers, watched
        )
        return partition, restored

    def release(self, partition: int) -> None:
        """Another worker goes on with it."""
        ids = self.ids.pop(partition, None)
        if ids is not None:
            ids.save()

    def _reached(self, stream: Stream) -> Reached:
        """What the newest mark says. Where the ledger lost inserts of another stream that were read, those that take their place are to
        be read."""
        positions = self._ledger.positions()
        progress = self._ledger.progress_of(stream)
        cursors = {name: min(read, positions.get(name, 0)) for name, read in progress.cursors.items()}
        return Reached(cursors, progress.map_change, progress.walked_to, progress.erasure)

    def _restored_ids(self, stream: Stream, mark: Mark) -> PartitionIds:
        ids = self.ids.get(stream.partition)
        if ids is None or ids.stream != stream:
            path = self._place.state_dir / f"{folder_name(stream)}.ids"
            ids = self.ids[stream.partition] = PartitionIds(path, stream, self._place.id_bytes_max)
        ids.restore(self._ledger, mark, self._should_stop)
        return ids


def folder_name(stream: Stream) -> str:
    """Of the folder with the tails of its persons."""
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', stream.topic)}-{stream.partition}"
