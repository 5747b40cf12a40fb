"""The one insert of one or more partitions, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable

from touchline.metrics.laps import Laps
from touchline.processors.ledger.ledger import Ledger
from touchline.processors.ledger.rows import join_inserts
from touchline.processors.loop.blame import Blame
from touchline.processors.loop.metrics import StoreMeter
from touchline.processors.pipeline import Prepared
from touchline.processors.state.partition import Partition


class Inserts:
    """Sends what was prepared. Whatever it raises is ambiguous: ownership must be forgotten."""

    def __init__(
        self,
        ledger: Ledger,
        blame: Blame,
        meter: StoreMeter,
        now_ms: Callable[[], int],
        should_stop: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._blame = blame
        self._meter = meter
        self._now_ms = now_ms
        self._should_stop = should_stop

    def make_room(self, partition: Partition, id_count: int) -> None:
        """Before so many ids are met. Raises LedgerUnavailable where the set must be read anew and cannot be."""
        if not partition.ids.has_room(id_count):
            partition.ids.restore(partition.ledger, partition.mark, self._should_stop, room=id_count)

    def send(self, *made: tuple[Partition, Prepared]) -> None:
        """All of it in one insert; once that is durable, the states follow. Raises as Ledger.insert does, and TooManyRows."""
        insert = join_inserts([prepared.insert for _, prepared in made])
        laps = Laps()
        error: BaseException | None = None
        try:
            self._ledger.insert(insert)
        except BaseException as caught:
            error = caught
            raise
        finally:
            seconds = laps.lap("insert")
            self._meter.inserted(seconds, error)
        self._blame.stored()
        for partition, prepared in made:
            laps = prepared.tally.laps
            laps.add("insert", seconds / len(made))
            partition.reflect(prepared.mark, prepared.reached, prepared.tails)
            laps.lap("remember")
            self._meter.stored(prepared, self._now_ms())
            self._meter.holds(partition)
        self._meter.durable([prepared for _, prepared in made])
