"""Which versions of maps stand: read from the ledger with each tick, never from a worker's files.

Why: docs/decisions/0186.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from touchline.journey.compile import CompiledMap
from touchline.log import log_event
from touchline.processors.ledger.ledger import Ledger, MapVersion
from touchline.processors.pipeline import Pipeline
from touchline.processors.state.partition import Partition
from touchline.processors.walk import END, has_walked


class MapSource(Protocol):
    """Contents of maps, and what readers are shown of them."""

    def load(self, keys: Collection[MapVersion]) -> Mapping[MapVersion, CompiledMap]:
        """The contents of these versions. Raises LedgerUnavailable where they cannot be read."""

    def switch_readers(self, change: int) -> None:
        """All partitions have walked for this change: readers see every version that stands. May be called more than once. Raises
        LedgerUnavailable."""


class StandingMaps:
    """Keeps the pipeline and the tails of a worker at the versions that stand."""

    def __init__(self, pipeline: Pipeline, ledger: Ledger, maps: MapSource) -> None:
        self._pipeline = pipeline
        self._ledger = ledger
        self._maps = maps
        self._switched_for = 0

    def look(self, owned: Iterable[Partition]) -> None:
        """Go on under other versions where others stand by now. Raises LedgerUnavailable."""
        standing = self._ledger.standing_maps()
        pipeline = self._pipeline
        if standing.change <= pipeline.map_change:
            return
        known = {(one.map, one.version): one for one in pipeline.maps}
        missing = [key for key in standing.maps if key not in known]
        known |= self._maps.load(missing) if missing else {}
        pipeline.attach_under(standing.change, [known[key] for key in standing.maps])
        for partition in owned:
            partition.tails.lay_out(pipeline.layout)
        names = " ".join(f"{name}:{version}" for name, version in standing.maps)
        log_event(logging.INFO, "maps_changed", change=standing.change, maps=names)

    def switch_when_walked(self, partition: Partition) -> None:
        """Readers are switched when the newest marks of all partitions say that they have walked. Raises LedgerUnavailable."""
        change = self._pipeline.map_change
        if not change or self._switched_for == change or not has_walked(partition, change):
            return
        progress = self._ledger.progress()
        streams = [
            partition.stream._replace(partition=number).name for number in range(self._pipeline.homes.partition_count)
        ]
        if all(
            name in progress and (progress[name].map_change, progress[name].walked_to) == (change, END)
            for name in streams
        ):
            self._maps.switch_readers(change)
            self._switched_for = change
