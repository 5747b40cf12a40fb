"""Which versions of the maps stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.support.identity_world.removals.patching import Break, Removal, all_of, around, instead
from touchline.processors import news, pipeline
from touchline.processors.ledger.columns import ATTACHED
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop.acquire import Acquirer
from touchline.processors.loop.standing import StandingMaps
from touchline.processors.state.tails import Tails
from touchline.processors.walk import END, has_walked

_VERSION = ATTACHED.index("map_version")


def no_walk(next_step: Any, *asked: Any) -> Any:
    return next_step(*asked)._replace(walked_to=END, identifiers=[], alone=[])


def drop_leaves(next_step: Any, partition: Any, *asked: Any) -> Any:
    step = next_step(partition, *asked)
    is_drop = len(partition.ledger.standing_maps().maps) == 1
    return step._replace(walked_to=END, identifiers=[], alone=[]) if is_drop else step


def walk_in_memory(progress_of: Any, self: Any, stream: Any) -> Any:
    return progress_of(self, stream)._replace(map_change=self.standing_maps().change, walked_to="n0")


def all_walked_at_first(reached: Any, self: Any, stream: Any) -> Any:
    """Nothing is walked for a change that was there when the partition was acquired, whatever it has published."""
    return reached(self, stream)._replace(map_change=self._pipeline.map_change, walked_to=END)


def walk_goes_on(next_step: Any, partition: Any, change: int, *asked: Any) -> Any:
    """A walk under way is not begun anew with another change."""
    if partition.reached.walked_to in ("", END):
        return next_step(partition, change, *asked)
    return next_step(replace(partition, reached=partition.reached._replace(map_change=change)), change, *asked)


def change_unnumbered() -> Removal:
    """What stands, for the number of the change: it is the same again after a version was withdrawn and added once more."""

    def standing(standing_maps: Any, self: Any) -> Any:
        found = standing_maps(self)
        return found._replace(change={0: 0, 1: 1, 3: 2, 2: 3}[sum(version for _, version in found.maps)])

    def look(original: Any, self: Any, owned: Any) -> None:
        if self._ledger.standing_maps().change != self._pipeline.map_change:
            self._pipeline.map_change = -1
            original(self, owned)

    return all_of(around(MemoryLedger, "standing_maps", standing)(), around(StandingMaps, "look", look)())


def switch_early(_: Any, self: Any, partition: Any) -> None:
    change = self._pipeline.map_change
    if has_walked(partition, change):
        self._maps.switch_readers(change)


def old_not_restated(diff: Any, published: Any, wanted: Any) -> Any:
    wanted = list(wanted)
    shown = max([row.values[_VERSION] for row in published] + [row[1][_VERSION] for row in wanted], default=0)
    return diff(
        [row for row in published if row.values[_VERSION] == shown],
        [row for row in wanted if row[1][_VERSION] == shown],
    )


BREAKS: dict[str, Break] = {
    "no_walk": Break("a new map is applied to all that was stored", around(news, "next_step", no_walk)),
    "drop_leaves": Break("rows of a map that was dropped are retracted", around(news, "next_step", drop_leaves)),
    "walk_mem": Break(
        "how far a walk has come is durable", around(MemoryLedger, "progress_of", walk_in_memory), focus="walked"
    ),
    "all_walked_at_first": Break(
        "only a partition without an insert has nothing to walk", around(Acquirer, "_reached", all_walked_at_first)
    ),
    "walk_goes_on": Break(
        "each change of the maps is walked from the beginning",
        around(news, "next_step", walk_goes_on),
        focus="interrupted",
    ),
    "change_unnumbered": Break("changes of the maps are numbered", change_unnumbered, focus="withdrawn"),
    "switch_early": Break(
        "readers wait until all have walked", around(StandingMaps, "switch_when_walked", switch_early)
    ),
    "old_not_restated": Break("all versions that stand are restated", around(pipeline, "diff", old_not_restated)),
    "tails_not_laid_out": Break("tails follow the maps that stand", instead(Tails, "lay_out", lambda *_: None)),
}
