"""The loop with many sockets: few in a turn, and none is left out."""

from __future__ import annotations

import asyncio
import socket

from touchline.service.fair_loop import TOGETHER, fair_loop

SOCKETS = 3 * TOGETHER


async def turns_until_all_are_read() -> list[int]:
    """How many sockets had been read after each turn of the loop in which some were."""
    loop = asyncio.get_running_loop()
    pairs = [socket.socketpair() for _ in range(SOCKETS)]
    read: list[int] = []
    turns: list[int] = []

    def take(number: int) -> None:
        read.append(number)
        loop.remove_reader(pairs[number][0])

    try:
        for number, (ours, theirs) in enumerate(pairs):
            ours.setblocking(False)
            theirs.send(b"x")
            loop.add_reader(ours, take, number)
        while len(read) < SOCKETS:
            await asyncio.sleep(0)
            turns.append(len(read))
    finally:
        for pair in pairs:
            for one in pair:
                one.close()
    assert sorted(read) == list(range(SOCKETS))
    return turns


def test_a_turn_serves_a_bounded_number_of_sockets_and_all_have_their_turn() -> None:
    with asyncio.Runner(loop_factory=fair_loop) as runner:
        turns = runner.run(turns_until_all_are_read())
    assert max(after - before for before, after in zip([0, *turns], turns, strict=False)) <= TOGETHER


def test_timers_come_in_time_with_many_idle_sockets() -> None:
    async def waited() -> float:
        loop = asyncio.get_running_loop()
        pairs = [socket.socketpair() for _ in range(TOGETHER)]
        for ours, _ in pairs:
            loop.add_reader(ours, lambda: None)
        began_s = loop.time()
        await asyncio.sleep(0.02)
        taken_s = loop.time() - began_s
        for ours, theirs in pairs:
            loop.remove_reader(ours)
            ours.close()
            theirs.close()
        return taken_s

    with asyncio.Runner(loop_factory=fair_loop) as runner:
        assert runner.run(waited()) >= 0.02
