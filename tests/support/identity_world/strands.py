"""Code that is stopped between any two of its steps: each strand runs in a thread of its own, one at a time.

A thread runs only between `go` and its next `pause`, so a schedule is decided by whoever calls `go`, and by nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Killed(BaseException):
    """The process of the strand ends here, without a word."""


class Strand:
    """`body` is called with the strand, and calls `pause` wherever it may be stopped."""

    def __init__(self, body: Callable[[Strand], None]) -> None:
        self._body = body
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._is_killed = False
        self.is_over = False
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._go.acquire()
        try:
            if not self._is_killed:
                self._body(self)
        except Killed:
            pass
        except BaseException as error:  # raised again by whoever runs the strand
            self.failure = error
        self.is_over = True
        self._back.release()

    def go(self) -> None:
        """Run up to the next pause or the end. Raises what the body raised."""
        if self.is_over:
            return
        self._go.release()
        self._back.acquire()
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure

    def pause(self) -> None:
        """Let others run. Called by the body; does not come back to a strand that was killed."""
        if self._is_killed:
            raise Killed
        self._back.release()
        self._go.acquire()
        if self._is_killed:
            raise Killed

    def kill(self) -> None:
        """The body never goes on behind its pause."""
        self._is_killed = True
        self.go()
