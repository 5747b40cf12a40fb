"""Time-outs of many short waits by one timer: most waits are over at once, and a timer for each costs more than the rest of the request."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """For one event loop."""

    def __init__(self) -> None:
        self._open: dict[_Within, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._looks_s = 0.0

    def within(self, seconds: float) -> _Within:
        """A `with` block that ends as that of asyncio.timeout does: TimeoutError where it takes longer."""
        return _Within(self, seconds)

    def _add(self, one: _Within, deadline_s: float, loop: asyncio.AbstractEventLoop) -> None:
        self._open[one] = deadline_s
        if self._timer is None or deadline_s < self._looks_s:
            self._look_at(deadline_s, loop)

    def _remove(self, one: _Within) -> None:
        self._open.pop(one, None)

    def _look_at(self, moment_s: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._looks_s = moment_s
        self._timer = loop.call_at(moment_s, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now_s = loop.time()
        late = [one for one, deadline_s in self._open.items() if deadline_s <= now_s]
        for one in late:
            del self._open[one]
            one.end()
        if self._open:
            self._look_at(min(self._open.values()), loop)


class _Within:
    __slots__ = ("_cancelling", "_deadlines", "_is_late", "_seconds", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._is_late = False

    def __enter__(self) -> Self:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._deadlines._add(self, loop.time() + self._seconds, loop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadlines._remove(self)
        # Somebody else may have cancelled the task as well; then it ends for that.
        if self._is_late and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def end(self) -> None:
        """It takes too long."""
        self._is_late = True
        self._task.cancel()
