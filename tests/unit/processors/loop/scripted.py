"""A ledger whose inserts end as a script says, and may arrive long after their worker gave them up."""

from __future__ import annotations

from typing import Literal

from touchline.processors.ledger.ledger import LedgerUnavailable, Mark, Stream, WriterFenced
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import rows_of
from touchline.processors.ledger.rows import Insert

End = Literal["stored", "unheard", "lost", "delayed", "running"]
FAULTY_ENDS: tuple[End, ...] = ("unheard", "lost", "delayed", "delayed", "running")


class ScriptedLedger(MemoryLedger):
    """Each insert ends as the next of `ends` says: stored; stored, but the answer is lost (`unheard`); not stored (`lost`); still
    in the network when the worker gives up (`delayed`); or past the fence and running on the server then (`running`)."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[End] = []
        self.network: list[Insert] = []
        self.running: list[Insert] = []
        self.refused_late = 0
        self.kills_running = False
        self.is_connection_broken = False

    def insert(self, insert: Insert) -> None:
        self._check_connection()
        end = self.ends.pop(0) if self.ends else "stored"
        if end == "lost":
            raise LedgerUnavailable(end)
        if end == "delayed":
            self.network.append(insert)
            raise LedgerUnavailable(end)
        self.check_fence(insert)
        if end == "running":
            self.running.append(insert)
            raise LedgerUnavailable(end)
        self.rows += rows_of(insert)
        if end == "unheard":
            raise LedgerUnavailable(end)

    def acquire(self, stream: Stream, generation: int, writer: str, *, force: bool = False) -> Mark:
        """Takes the fence, then waits for what runs, as the real one does: it ends or is killed."""
        self._check_connection()
        super().acquire(stream, generation, writer, force=force)
        for insert in list(self.running):
            self.finish(insert, is_killed=self.kills_running)
        return super().acquire(stream, generation, writer, force=force)

    def _check_connection(self) -> None:
        """What is asked next over a broken connection fails; after that there is another one."""
        if self.is_connection_broken:
            self.is_connection_broken = False
            raise LedgerUnavailable("connection broke")

    def arrive(self, insert: Insert) -> None:
        """An insert out of the network reaches the server, which looks at the fence now."""
        self.network.remove(insert)
        try:
            self.check_fence(insert)
        except WriterFenced:
            self.refused_late += 1
        else:
            self.running.append(insert)

    def finish(self, insert: Insert, *, is_killed: bool = False) -> None:
        """An insert that runs is stored, or killed."""
        self.running.remove(insert)
        if not is_killed:
            self.rows += rows_of(insert)
