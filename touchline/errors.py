"""What a command says when it cannot go on: the fact, the remedy and the exit status that scripts rely on."""

from __future__ import annotations

from typing import ClassVar


class TouchlineError(Exception):
    """A failure that is not a bug: `what` is the fact, `hint` the remedy. Neither holds personal values or secrets."""

    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class WrongUsage(TouchlineError):
    """Wrong arguments or configuration."""

    exit_status = 2


class EngineUnreachable(TouchlineError):
    """Kafka or ClickHouse does not answer."""

    exit_status = 3


class NotClean(TouchlineError):
    """A check ran and found the data not as promised (reconcile, check, quarantine limit)."""

    exit_status = 4
