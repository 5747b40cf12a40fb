"""How far a partition has read what the others say."""

from __future__ import annotations

from typing import Any

from tests.support.identity_world.removals.patching import Break, around
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop import ticking
from touchline.processors.pipeline import Pipeline


def cursors_in_memory(progress_of: Any, self: Any, stream: Any) -> Any:
    return progress_of(self, stream)._replace(cursors=self.positions())


def cursors_early(insert: Any, self: Any, partition: Any, blocks: Any, reached: Any, *others: Any) -> Any:
    """A batch says that all was followed which a tick has yet to read."""
    if others[-1].new.records:
        reached = reached._replace(cursors={**reached.cursors, **partition.ledger.positions()})
    return insert(self, partition, blocks, reached, *others)


def no_ack(news_of: Any, partition: Any, *arguments: Any, **options: Any) -> Any:
    for piece in news_of(partition, *arguments, **options):
        yield piece._replace(must_mark=False)


BREAKS: dict[str, Break] = {
    "cursors_in_memory": Break("cursors are durable", around(MemoryLedger, "progress_of", cursors_in_memory)),
    "cursors_early": Break(
        "cursors are written with what follows from what was read", around(Pipeline, "_insert", cursors_early)
    ),
    "no_ack": Break("that a claim was read stands in a mark", around(ticking, "news_of", no_ack)),
}
