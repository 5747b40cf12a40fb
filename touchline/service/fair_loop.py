"""An event loop that stays quick with thousands of connections."""

from __future__ import annotations

import asyncio
import math
import selectors
import sys
from typing import Final

TOGETHER: Final = 128


def fair_loop() -> asyncio.AbstractEventLoop:
    """A loop that serves at most TOGETHER sockets in one turn. asyncio's own serves all that are ready before it does anything else: with
    10,000 connections that all send, a turn takes seconds, and what another thread has to tell waits for several of them. What is not read
    yet waits in the system, where it costs this process nothing, and the system hands sockets out in turn."""
    return asyncio.SelectorEventLoop(_FewTogether()) if sys.platform == "linux" else asyncio.new_event_loop()


if sys.platform == "linux":
    import select

    class _FewTogether(selectors.EpollSelector):
        """The standard one asks for as many as are registered, and has no way to ask for fewer."""

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            sockets = self.get_map()
            if len(sockets) <= TOGETHER:
                return super().select(timeout)
            # epoll waits for whole milliseconds; rounded down, a timer would be looked at again and again until its time has come.
            seconds = -1.0 if timeout is None else math.ceil(max(timeout, 0.0) * 1e3) / 1e3
            ready = []
            for number, bits in self._selector.poll(seconds, TOGETHER):  # type: ignore[attr-defined]  # has no public name
                key = sockets.get(number)
                if key is not None:
                    writes = selectors.EVENT_WRITE if bits & ~select.EPOLLIN else 0
                    reads = selectors.EVENT_READ if bits & ~select.EPOLLOUT else 0
                    ready.append((key, (reads | writes) & key.events))
            return ready
