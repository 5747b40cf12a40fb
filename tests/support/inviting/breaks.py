"""Safety steps of the invitations that can be removed, one at a time: what finds nothing then proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from tests.support.inviting import world
from touchline.surveys import invitations
from touchline.surveys.invitations import Hold
from touchline.surveys.server.inviting import finding, inviter, sending
from touchline.surveys.server.inviting.finding import Finder
from touchline.surveys.server.inviting.sending import Outgoing

_held_back: Final = invitations.held_back
_spans: Final = invitations.due_spans
_answer_write: Final = inviter.Inviter._end


def _without(hold: Hold) -> Callable[..., Hold | None]:
    def held_back(*said: Any) -> Hold | None:
        found = _held_back(*said)
        return None if found is hold else found

    return held_back


def _all_untried(ask: Any, asking: Any, events: Any, person: Any, now_us: int, _untried: Any) -> Hold | None:
    return _held_back(ask, asking, events, person, now_us, {one.ask_id for one in person.asks})


async def _ends_as_it_stands(self: Any, stored: Any, reason: Any) -> None:
    patched = stored._replace(ask=stored.ask._replace(way=""))
    await _answer_write(self, patched, reason)


async def _ends_nothing(_self: Any) -> None:
    return None


BREAKS: Final[Mapping[str, tuple[object, str, Any]]] = {
    "consent at sending": (sending, "held_back", _without(Hold.CONSENT)),
    "rules at sending": (sending, "held_back", _without(Hold.FATIGUE)),
    "event at sending": (sending, "held_back", _without(Hold.EVENT_GONE)),
    "what may have gone out counts": (sending, "held_back", _all_untried),
    "asks of the process before": (Outgoing, "learn", lambda *_: None),
    "late events": (finding, "due_spans", lambda askings, since, now: _spans(askings, since, now) if since else []),
    "looking again": (Finder, "_look_again", lambda *_: None),
    "pages": (world, "PAGE_TAKEN_FOR", 1_000_000),
    "doubt when it ends": (inviter.Inviter, "_end", _ends_as_it_stands),
    "who was not eligible": (inviter, "is_eligible", lambda *_: True),
    "asks that are over": (inviter.Inviter, "_end_those_over", _ends_nothing),
    "once a sink": (Outgoing, "_may_try", lambda _self, one, name, _now: not one.ways[name].is_busy),
}
"""Name -> what is patched, and by what."""


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Without this step; all steps where the name is empty."""
    if not name:
        yield
        return
    target, attribute, instead = BREAKS[name]
    with patch.object(target, attribute, instead):
        yield
