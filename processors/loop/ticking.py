"""What a tick of a partition does: it follows what all partitions have said, the maps that stand, requests to erase, and terms that end.

Why: docs/decisions/0181, 0185, 0187.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from touchline.processors.expiring import expired_news
from touchline.processors.ledger.ledger import Ledger, LedgerFellBack
from touchline.processors.ledger.rows import TooManyRows
from touchline.processors.loop.acquire import folder_name
from touchline.processors.loop.forget import LeftBehind, forget_erased, forget_outlived
from touchline.processors.loop.inserts import Inserts
from touchline.processors.loop.metrics import StoreMeter
from touchline.processors.loop.standing import StandingMaps
from touchline.processors.news import News, Sweep, news_of
from touchline.processors.pipeline import Pipeline, Quiet
from touchline.processors.poll import Poll
from touchline.processors.state.partition import Partition
from touchline.processors.sweep import Sweeper

SWEEP_EVERY_TICKS = 20
PIECES_MAX = 2_000
"""Smaller ones than this make no difference: one insert of one stream, one identifier."""


class Ticking:
    """Ticks of the partitions that a worker has. `sweeper` looks for what nobody looks up."""

    def __init__(
        self,
        pipeline: Pipeline,
        ledger: Ledger,
        inserts: Inserts,
        meter: StoreMeter,
        standing: StandingMaps | None,
        *,
        state_dir: Path,
        id_bytes_max: int,
        now_ms: Callable[[], int],
        sweep_every_ticks: int = SWEEP_EVERY_TICKS,
    ) -> None:
        self._pipeline = pipeline
        self._ledger = ledger
        self._inserts = inserts
        self._meter = meter
        self._standing = standing
        self._now_ms = now_ms
        self._poll = Poll(ledger)
        self._pieces: dict[int, int] = {}
        self._ticks = 0
        self._sweep_every_ticks = sweep_every_ticks
        self.sweeper = Sweeper(id_bytes_max)
        self._left_behind = LeftBehind(state_dir)

    def forget(self) -> None:
        """The next tick asks the ledger anew."""
        self._poll.forget()

    def begin_with(self, partition: Partition) -> None:
        """The partition was acquired: it goes on in pieces as small as its last tick asked for."""
        partition.pieces = self._pieces.pop(partition.number, 1)

    def look(self, owned: Mapping[int, Partition]) -> None:
        """What commands have written: requests to erase, and which maps stand."""
        self._look_at_erasures()
        self._look_at_maps(owned)

    def run(self, partition: Partition, owned: Mapping[int, Partition], *, must_mark: bool) -> bool:
        """Inserts of what all partitions said since the last time. False: one of them does not fit, and the partition must be acquired
        anew, where it goes on in smaller pieces. Raises LedgerUnavailable, WriterFenced, TooManyRows."""
        if self._poll.begins(partition.number, self._look_at_erasures):
            if not all(one.fits(self._poll.positions) for one in owned.values()):
                raise LedgerFellBack("the newest insert is another one")
            self._look_at_maps(owned)
        self._forget_erased(partition, owned)
        for news in self._news_of(partition, must_mark=must_mark):
            self._inserts.make_room(partition, sum(row.kind == "claim" for row in news.rows))
            try:
                outcome = self._pipeline.tick(partition, news)
            except TooManyRows:
                if partition.pieces > PIECES_MAX:
                    raise
                self._pieces[partition.number] = 4 * partition.pieces
                return False
            if isinstance(outcome, Quiet):
                partition.tails.put_many(outcome.tails, None)
                partition.look_to(outcome.reached)
                continue
            self._inserts.send((partition, outcome))
            # What was given away here is taken up in this round of ticks, not in the next.
            self._poll.forget()
            self._meter.restated(outcome)
            self.sweeper.told(news.found)
            self._meter.swept(len(news.found))
            if news.expired:
                self._meter.expired(outcome)
        partition.pieces = max(1, partition.pieces // 2)
        self._meter.rests(partition)
        if self._standing is not None:
            self._standing.switch_when_walked(partition)
        return True

    def _news_of(self, partition: Partition, *, must_mark: bool) -> Iterator[News]:
        return news_of(
            partition,
            self._poll,
            self._pipeline.map_change,
            self._pipeline.erasures,
            has_others=self._pipeline.homes.partition_count > 1,
            must_mark=must_mark,
            sweep=self._sweep_of(partition),
            expired=lambda: expired_news(partition, self._pipeline.terms, self._now_ms()),
        )

    def _look_at_erasures(self) -> int:
        erasures = self._pipeline.erasures
        erasures.look(self._ledger)
        return erasures.newest

    def _look_at_maps(self, owned: Mapping[int, Partition]) -> None:
        if self._standing is not None:
            self._standing.look(owned.values())

    def _forget_erased(self, partition: Partition, owned: Mapping[int, Partition]) -> None:
        erasures = self._pipeline.erasures
        forget_erased(partition, erasures)
        forget_outlived(partition, self._pipeline.terms, self._now_ms())
        self._left_behind.clean_next({folder_name(one.stream) for one in owned.values()}, erasures, self._ledger)
        self._meter.erasures(erasures.open_count)

    def _sweep_of(self, partition: Partition) -> Sweep:
        """Now and then the owner of partition 0 looks for what nobody looks up."""
        if partition.number or self._pipeline.homes.partition_count == 1:
            return lambda _: ()
        self._ticks += 1
        if self._ticks % self._sweep_every_ticks:
            return lambda _: ()
        return lambda positions: self.sweeper.step(partition.ledger, positions)
