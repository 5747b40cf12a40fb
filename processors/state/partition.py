"""A partition as the worker that owns it holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from touchline.processors.ledger.ledger import Ledger, Mark, Stream
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.tails import Stamp, Tails
from touchline.processors.values.person import PersonTail
from touchline.processors.values.records import Cursors


@dataclass(slots=True)
class Partition:
    """Who writes the stream and under which generation, how far the ledger has come, and what is known at that mark: tails of the
    persons, ids of the events. All this is looked up and never changed while an insert is prepared; `reflect` alone moves it on."""

    stream: Stream
    generation: int
    writer: str
    ledger: Ledger
    mark: Mark
    tails: Tails
    ids: PartitionIds
    cursors: Cursors | None = None
    """By stream the insert up to which changes of events that answers name were followed; None while no answer here names one."""
    marked_cursors: Cursors | None = None
    """What the newest mark says of that. It may be behind: then a new owner reads again from there."""

    @property
    def number(self) -> int:
        """The partition's number within its topic."""
        return self.stream.partition

    @property
    def unmarked_inserts(self) -> int:
        """Inserts of all streams that were read since the newest mark."""
        return sum((self.cursors or {}).values()) - sum((self.marked_cursors or {}).values())

    def look_to(self, cursors: Cursors) -> None:
        """Whatever changed up to there is followed. The next mark says so."""
        self.cursors = cursors

    def reflect(
        self, mark: Mark, cursors: Cursors | None, tails: Mapping[str, PersonTail], maps_fingerprint: str
    ) -> None:
        """The insert of this mark is durable, and these tails are as they are after it. Raises StateLost, lmdb.Error and OSError; the mark
        stands all the same."""
        self.mark = mark
        self.cursors = self.marked_cursors = cursors
        self.ids.reflect(mark)
        self.tails.put_many(tails, Stamp(self.stream.name, *mark, maps_fingerprint))
