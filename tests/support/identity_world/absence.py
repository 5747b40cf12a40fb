"""How long an event is absent from the tables while its person merges or its version changes partition, with nothing failing: in ticks of
each partition, which come about once a second."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from tests.support.identity_world.server import Client
from tests.support.identity_world.worker import INCARNATION, TOPIC
from tests.support.identity_world.world import World
from touchline.processors.ledger.ledger import Ledger
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.values.protocol import Acknowledge, Assigned
from touchline.processors.values.records import ReceivedBatch

QUIET_ROUNDS = 3


def absences(seed: int, folder: Path) -> list[float]:
    """For each event that came back after it was gone, the ticks between. One worker has all partitions, and looks at one after another."""
    world = World(seed, folder)
    for worker in world.workers:
        worker.kill()
    server, reader, log = world.server, world.reader, world.plan.log

    def advance() -> None:
        for flight in list(server.flights):
            server.advance(flight)

    loop = StoreLoop(
        world.pipeline(),
        cast(Ledger, Client(server, lambda: None, advance)),
        state_dir=folder / "regular",
        id_bytes_max=1 << 18,
        writer="w",
        incarnation_of=lambda topic: INCARNATION,
        should_stop=lambda: False,
        now_ms=lambda: 1,
    )
    loop.on_assigned(range(len(log)), 1)
    offsets = [0] * len(log)
    quiet = 0
    while quiet < QUIET_ROUNDS:
        before = server.version
        for partition, records in enumerate(log):
            start = offsets[partition]
            batch = records[start : start + world.random.randint(0, 2)]
            if batch:
                answer = loop.store(ReceivedBatch(TOPIC, partition, 1, batch, start))
                assert isinstance(answer, Acknowledge)
                offsets[partition] = answer.next_offset
            loop.tick(Assigned(TOPIC, partition, 1))
            reader.clock += 1 / len(log)
        is_read = offsets == [len(records) for records in log]
        quiet = quiet + 1 if is_read and server.version == before else 0
    loop.close()
    return reader.absences
