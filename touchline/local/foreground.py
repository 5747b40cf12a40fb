"""`touchline up --foreground`: stay beside the stack, start again what crashes, and give up on what keeps crashing."""

from __future__ import annotations

import time
from collections import deque

from touchline.errors import EngineUnreachable
from touchline.local.stack import LocalStack

LOOK_SECONDS = 0.5
MOST_RESTARTS = 5
RESTART_WINDOW_SECONDS = 60.0


def attend(stack: LocalStack) -> None:
    """Return when every part was ended on purpose (`touchline down` elsewhere).

    Raises:
        EngineUnreachable: parts keep ending (more than 5 restarts in a minute), or one does not become ready again.
    """
    restarts: deque[float] = deque(maxlen=MOST_RESTARTS)
    while any(part.identity is not None for part in stack.parts):
        time.sleep(LOOK_SECONDS)
        for name in stack.restart_crashed():
            if len(restarts) == MOST_RESTARTS and time.monotonic() - restarts[0] < RESTART_WINDOW_SECONDS:
                raise EngineUnreachable(f"{name} keeps ending", f"see `touchline logs {name}` and `touchline doctor`")
            restarts.append(time.monotonic())
