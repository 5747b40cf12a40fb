"""A partition as the worker that owns it holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from touchline.processors.ledger.ledger import Ledger, Mark, Stream
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.tails import Stamp, Tails
from touchline.processors.values.person import PersonTail


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

    @property
    def number(self) -> int:
        """The partition's number within its topic."""
        return self.stream.partition

    def reflect(self, mark: Mark, tails: Mapping[str, PersonTail], maps_fingerprint: str) -> None:
        """The insert of this mark is durable, and these tails are as they are after it. Raises StateLost, lmdb.Error and OSError; the mark
        stands all the same."""
        self.mark = mark
        self.ids.reflect(mark)
        self.tails.put_many(tails, Stamp(self.stream.name, *mark, maps_fingerprint))
