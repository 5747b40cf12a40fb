"""A partition as the worker that owns it holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from touchline.identity.holder import Handoff
from touchline.identity.remembered import Remembered
from touchline.identity.watchlist import WatchList
from touchline.processors.ledger.ledger import Ledger, Mark, Stream
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.outlived import Outlived
from touchline.processors.state.swept import Swept
from touchline.processors.state.tails import Stamp, Tails
from touchline.processors.state.together import KeptTogether
from touchline.processors.values.person import PersonTail
from touchline.processors.values.records import Cursors, Reached
from touchline.schemas.identifiers import DEVICE_TYPES, MERGE_NOBODY

Key = tuple[str, str]
"""(source, event id)"""


class Given(NamedTuple):
    """The newest handoffs of the identifiers that were asked for, as they are known with these cursors and up to this own insert."""

    until: Cursors
    insert_number: int
    asked: set[str]
    newest: dict[str, Handoff[str]]


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
    reached: Reached
    """How far all streams were read and followed, the own one included, and how far the walk for a change of maps has come."""
    marked: Reached
    """What the newest mark says of that. It may be behind: then a new owner reads again from there."""
    has_naming_answers: bool
    """Whether an answer here names the event that it is about; occasions need not be followed before."""
    watched: WatchList
    """Events with a claim of which something lies here."""
    pieces: int = 1
    """In how many times smaller pieces the news must be followed, since all at once did not fit into an insert."""
    remembered: Remembered = field(default_factory=lambda: Remembered(DEVICE_TYPES, MERGE_NOBODY))
    """What was judged of who belongs together since the partition was acquired."""
    given: Given | None = None
    """What was looked up of handoffs last."""
    together: KeptTogether = field(default_factory=KeptTogether)
    """States on the way through the events of those who belong together."""
    swept: Swept = field(default_factory=Swept)
    """How far it was swept for events whose term is over."""
    outlived: Outlived = field(default_factory=Outlived)
    """How far its tails were looked through for persons of whom that left nothing."""

    @property
    def number(self) -> int:
        """The partition's number within its topic."""
        return self.stream.partition

    def forget(self) -> None:
        """What is remembered beside the tails, of whomever: it is judged and looked up anew."""
        self.remembered = Remembered(DEVICE_TYPES, MERGE_NOBODY)
        self.together = KeptTogether()
        self.given = None

    @property
    def unmarked_inserts(self) -> int:
        """Inserts of all streams that were read since the newest mark."""
        return sum(self.reached.cursors.values()) - sum(self.marked.cursors.values())

    def fits(self, positions: Cursors) -> bool:
        """Whether the ledger, whose newest inserts are these, is what this partition knows: its own newest insert is the last one that was
        made here, and nothing that was read is gone. Otherwise it was restored, or somebody else writes the stream."""
        newest = positions.get(self.stream.name)
        is_own = self.mark.last_offset < 0 if newest is None else newest == self.mark.insert_number
        return is_own and all(read <= positions.get(name, 0) for name, read in self.reached.cursors.items())

    def look_to(self, reached: Reached) -> None:
        """Whatever changed up to there is followed, and came to nothing. The next mark says so."""
        self.reached = reached

    def reflect(self, mark: Mark, reached: Reached, tails: Mapping[str, PersonTail]) -> None:
        """The insert of this mark is durable, and these tails are as they are after it. Raises StateLost, lmdb.Error and OSError; the mark
        stands all the same."""
        self.mark = mark
        self.reached = self.marked = reached
        self.ids.reflect(mark)
        self.tails.put_many(tails, Stamp.at(self.stream.name, mark, reached))
