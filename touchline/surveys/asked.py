"""What is known of asks: how far each came, and what they count for.

A person's asks are answer events of any tool. Of several versions of one the most complete counts, as in the ledger; so what is said here
does not depend on the order in which they are read, nor on how often.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from touchline.schemas.answer import BY_COMPLETENESS

Level = Literal["invited", "shown", "answered"]
RANK: Final[dict[str, int]] = {disposition: number for number, disposition in enumerate(BY_COMPLETENESS)}
_ANSWERED: Final = frozenset(("partial", "complete"))
_SHOWN: Final = _ANSWERED | {"shown", "started", "dismissed", "refused"}
REACHED: Final[dict[Level, frozenset[str]]] = {
    "invited": _SHOWN | {"invited", "delivered", "expired"},
    "shown": _SHOWN,
    "answered": _ANSWERED,
}
"""Dispositions by which an ask has reached a level. One that bounced has reached nobody, one that expired was not shown, as known."""
OPEN: Final = frozenset(("sampled", "invited", "delivered", "shown", "started"))
"""Dispositions from which an ask may still go on."""


class Asked(NamedTuple):
    """One ask of a person as it stands. Times are microseconds since 1970.

    `time_us` is that of the disposition. `expires_us` is 0 where none is known: such an ask is not open. `reached` and `reached_us` say of
    an expired one how far it came before, and when."""

    source: str
    ask_id: str
    survey: str
    question: str
    kpi: str
    touchpoint: str
    about_source: str
    about_event_id: str
    disposition: str
    time_us: int
    expires_us: int = 0
    reached: str = ""
    reached_us: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the ask's event."""
        return self.source, self.ask_id

    @property
    def is_asked(self) -> bool:
        """Whether it was decided that the person is asked."""
        return RANK.get(self.disposition, 0) >= RANK["sampled"]

    def reached_at_us(self, level: Level) -> int | None:
        """When it had reached a level; None where it has not, as far as is known. Where it went further the later time stands."""
        disposition, time_us = self.disposition, self.time_us
        if disposition == "expired" and self.reached:
            disposition, time_us = self.reached, self.reached_us or self.time_us
        return time_us if disposition in REACHED[level] else None

    def is_open(self, now_us: int) -> bool:
        """Whether it may still go on."""
        return self.disposition in OPEN and now_us < self.expires_us


def standing(asks: Iterable[Asked]) -> list[Asked]:
    """Each ask once, as its most complete version says."""
    best: dict[tuple[str, str], Asked] = {}
    for one in asks:
        held = best.get(one.key)
        if held is None or _order(one) > _order(held):
            best[one.key] = one
    return list(best.values())


def _order(one: Asked) -> tuple[int, int, tuple[object, ...]]:
    return (RANK.get(one.disposition, 0), one.time_us, tuple(one))
