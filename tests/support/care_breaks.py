"""Steps of `touchline care` that keep it exact, each removed: schedules must find that."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from tests.support.care_world import KillableStore, Process
from touchline.care.desk import CareDesk
from touchline.care.reader import Event
from touchline.care.store import Kept
from touchline.care.telling import Alert


class CursorFirst(KillableStore):
    """How far it has read is kept before what came of it."""

    def keep(self, look: Kept, now_us: int) -> int:
        super().keep(Kept((), (), {}, look.cursor), now_us)
        return super().keep(look._replace(cursor={}), now_us)


class AlertsLast(KillableStore):
    """Alerts are kept once their events are posted."""

    held: tuple[tuple[str, Alert], ...] = ()

    def keep(self, look: Kept, now_us: int) -> int:
        self.held = (*self.held, *look.alerts)
        return super().keep(look._replace(alerts=()), now_us)

    def posted(self, up_to: int) -> None:
        super().posted(up_to)
        held, self.held = self.held, ()
        super().keep(Kept(held, (), {}, {}), 0)


class ForgottenBeforePosted(KillableStore):
    """Events are forgotten when they are read, not when they are safe."""

    def unposted(self) -> list[tuple[int, dict[str, Any]]]:
        waiting = super().unposted()
        if waiting:
            super().posted(waiting[-1][0])
        return waiting


class TakenBeforeSent(KillableStore):
    """An alert counts as delivered when a sink fails, too."""

    def failed(self, sink: str, key: str, error: str, again_us: int | None, now_us: int) -> None:
        super().delivered(sink, [key], now_us)


class NoLaterLook(KillableStore):
    """Nobody is looked at again when a term is over."""

    def keep(self, look: Kept, now_us: int) -> int:
        return super().keep(look._replace(moments={}), now_us)


class DeafDesk(CareDesk):
    """What another process said and was stored late is not learnt."""

    def _strange(self, of_cases: frozenset[str]) -> set[str]:
        return set()


class NoReasonsDesk(CareDesk):
    """Of an event that is gone nobody asks which cases it was the reason of."""

    def _said_of(self, persons: Any, reasons: Collection[Event], now_us: int) -> Any:
        return super()._said_of(persons, (), now_us)


class SilentDesk(CareDesk):
    """With a new folder nobody is told again."""

    def _to_tell_again(self, cases: Iterable[str], now_us: int) -> set[str]:
        return set()


class NoNumbersDesk(CareDesk):
    """The second time that a case lapses is told under the id of the first."""

    def _changed(self, name: str, change: Any, now_us: int) -> Any:
        decided = super()._changed(name, change, now_us)
        return decided._replace(after=decided.after._replace(changes=0))


def _process(name: str, desk: type[CareDesk] = CareDesk, store: type[KillableStore] = KillableStore) -> type[Process]:
    return type(name, (Process,), {"desk_type": desk, "store_type": store})


STORES: Final = (CursorFirst, AlertsLast, ForgottenBeforePosted, TakenBeforeSent, NoLaterLook)
DESKS: Final = (DeafDesk, NoReasonsDesk, NoNumbersDesk, SilentDesk)
BREAKS: Final[dict[str, type[Process]]] = {
    **{one.__name__: _process(one.__name__, store=one) for one in STORES},
    **{one.__name__: _process(one.__name__, desk=one) for one in DESKS},
}
"""What is removed -> the process without it."""
