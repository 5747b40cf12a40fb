"""What a partition reads between its batches: what all partitions said since it looked last, the own one included.

Cursors say how far each stream was read. They stand in the mark of every insert, so whoever takes the partition over reads on from
there. They are read before anything that is looked up because of them, so no change falls between the two.

Why: docs/decisions/0185, 0187.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from touchline.processors.ledger.ledger import ErasureRequest, FeedRow, KnownEvent, Progress
from touchline.processors.poll import Poll
from touchline.processors.state.erasures import Erasures
from touchline.processors.state.partition import Partition
from touchline.processors.values.records import Cursors, NamingAnswer, Reached
from touchline.processors.walk import END, STEPS_PER_TICK, Step, has_walked, next_step
from touchline.schemas.retention import WhenExpired

INSERTS_AT_ONCE = 25
"""Of each stream, that are read in one go: one insert holds up to `batch_rows` events."""
GOES_PER_TICK = 40
"""So that batches need not wait long for a partition that was without a worker."""
ERASED_AT_ONCE = 200
"""Identifiers that are erased in one insert."""
RESTATED_AT_ONCE = 2_000
"""Answers that are restated in one insert."""
UNMARKED_INSERTS = 2_000
"""Inserts of all streams after which a mark alone says that they were read, so that a new owner need not read them again."""


class News(NamedTuple):
    """What one insert without records is made of. `until` is how far the streams are read with it; `progress` was read after that, and
    before all that is looked up; it is empty where nothing waits. `restated` are stored answers whose occasion may have changed.
    `must_mark`: there is an insert even if nothing comes of it but its mark. `walk` is a piece of the walk for a change of the maps.
    `found` are events (source, id) that a sweep found stored in two partitions. `erasures` are requests to erase, up to `erasure`.
    `expired` are records whose term is over, with the way in which they end."""

    until: Cursors
    rows: Sequence[FeedRow]
    progress: dict[str, Progress]
    restated: Sequence[NamingAnswer] = ()
    must_mark: bool = False
    walk: Step | None = None
    found: Sequence[tuple[str, str]] = ()
    erasures: Sequence[ErasureRequest] = ()
    erasure: int = 0
    expired: Sequence[tuple[KnownEvent, WhenExpired]] = ()

    def reached(self, before: Reached) -> Reached:
        """How far the partition is when it has followed them."""
        erasure = max(before.erasure, self.erasure)
        if self.walk is None:
            return before._replace(cursors=self.until, erasure=erasure)
        return Reached(self.until, self.walk.change, self.walk.walked_to, erasure)


NAMING_KINDS = frozenset(("link", "unlink", "handoff", "away"))
"""Kinds of rows that are about identifiers."""
Sweep = Callable[[Cursors], Sequence[tuple[str, str]]]


def _no_sweep(_: Cursors) -> Sequence[tuple[str, str]]:
    return ()


def _nothing_expired() -> Iterator[News]:
    return iter(())


def news_of(
    partition: Partition,
    poll: Poll,
    map_change: int,
    erasures: Erasures,
    *,
    has_others: bool,
    must_mark: bool,
    sweep: Sweep = _no_sweep,
    expired: Callable[[], Iterator[News]] = _nothing_expired,
) -> Iterator[News]:
    """The news of a partition, piece by piece; each must be followed before the next one is asked for. Where the topic has other
    partitions, which wait until all have read what they say, or maps have changed, which readers see when all have walked, the first piece
    of work ever leaves a mark. `sweep` finds events that are
    stored in two partitions, up to some positions; `expired` the next records whose term is over. Raises LedgerUnavailable."""
    positions, asked = poll.positions, poll.erasure
    yield from _requests(partition, erasures)
    for _ in range(GOES_PER_TICK):
        before = partition.reached.cursors
        at_once = max(1, INSERTS_AT_ONCE // partition.pieces)
        # The poll may be older than the mark of a partition that was taken over since: nothing is read less than before.
        until = dict(before)
        for name, newest in positions.items():
            until[name] = max(before.get(name, 0), min(newest, before.get(name, 0) + at_once))
        if until == before and not partition.watched:
            break
        rows = [row for row in poll.feed(before, until) if names_something(row)] if until != before else []
        # That a claim or a release was read must be seen by all: they wait for it.
        is_waited_for = any(row.kind in ("claim", "release") and row.sign > 0 for row in rows)
        restated = (
            partition.ledger.answers_naming(partition.number, before, until) if partition.has_naming_answers else []
        )
        for start in range(0, len(restated), RESTATED_AT_ONCE):
            # The cursors move when all of them are followed.
            yield News(before, (), {}, restated[start : start + RESTATED_AT_ONCE])
        # Only who waits compares marks; claims and looks may be what this partition begins to wait for.
        is_waiting = bool(partition.watched) or any(row.kind in ("claim", "look") for row in rows)
        yield News(until, rows, poll.progress() if is_waiting else {}, (), is_waited_for)
        if until == before:
            break
    yield from _all_read(partition, positions, asked, erasures)
    for _ in range(STEPS_PER_TICK):
        if has_walked(partition, map_change):
            break
        step = next_step(partition, map_change, partition.pieces)
        yield News(partition.reached.cursors, (), {}, step.alone, step.walked_to == END, step)
    found = sweep(positions)
    if found:
        yield News(partition.reached.cursors, (), {}, found=found)
    yield from expired()
    is_unmarked = (has_others or map_change > 0) and not partition.mark.insert_number
    if must_mark or is_unmarked or partition.unmarked_inserts > UNMARKED_INSERTS:
        yield News(partition.reached.cursors, (), {}, (), True)


def names_something(row: FeedRow) -> bool:
    """Whether the row still says what it said: those about somebody who was erased are blank in the end."""
    return bool(row.identifier) or row.kind not in NAMING_KINDS


def _requests(partition: Partition, erasures: Erasures) -> Iterator[News]:
    """Requests to erase that this partition has not followed. Each piece leaves a mark: `touchline erase` waits for all of them."""
    waiting = erasures.after(partition.reached.erasure)
    at_once = max(1, ERASED_AT_ONCE // partition.pieces)
    for start in range(0, len(waiting), at_once):
        piece = waiting[start : start + at_once]
        yield News(partition.reached.cursors, (), {}, (), True, erasures=piece, erasure=piece[-1].number)


def _all_read(partition: Partition, positions: Cursors, asked: int, erasures: Erasures) -> Iterator[News]:
    """That all was read which was there when the newest request was: what names the erased is blanked then."""
    reached = partition.reached
    is_behind = any(reached.cursors.get(name, 0) < newest for name, newest in positions.items())
    if reached.erasure < asked and not is_behind:
        yield News(reached.cursors, (), {}, (), erasures.must_tell(reached.erasure), erasure=asked)
