"""Write keys of browsers. Whoever sees the page can read such a key, so it sends what its line names and nothing else.

    shop-tag.6f1f...e2 web-shop browser:web_page,newsletter
    shop-app.11c0...9a web-shop browser:web_page,newsletter identifiers:login

Its events have ids of their own, `<key id>/<id>`, so that no page can revise what a server sent. The touchpoints that follow `browser:`
are of the line's one source. A page names its visitor by the id that the tag made (`anonymous`); what else it may name follows
`identifiers:`, since with that anybody could say that two people are one. `may:order` lets pages say what was bought and for how much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from touchline.errors import WrongUsage
from touchline.producers.errors import EventRejected
from touchline.schemas.events import IDENTIFY, TOUCHPOINT
from touchline.schemas.identifiers import is_identifier_type
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection

_TOUCHPOINTS: Final = "browser:"
_IDENTIFIERS: Final = "identifiers:"
_MAY_ORDER: Final = "may:order"
_OWN: Final = frozenset(("anonymous",))
_FORM: Final = "write `<id>.<secret> <source> browser:<touchpoint>,<touchpoint>`, and `identifiers:<type>` where pages may name others"


class BrowserTerms(NamedTuple):
    """What may come by one key of browsers."""

    touchpoints: frozenset[str]
    identifiers: frozenset[str]
    """Types."""
    may_order: bool = False
    """Orders and amounts: anybody can make them up."""

    def fault_in(self, event: Mapping[str, Any]) -> EventRejected | None:
        """Why the event may not come by this key. What is no event at all is left to the contract to tell."""
        kind = event.get("type")
        is_identify = kind == IDENTIFY and self.identifiers > _OWN and event.get("action", "") != "unlink"
        if isinstance(kind, str) and kind != TOUCHPOINT and not is_identify:
            return _fault("type", "a kind of event that a browser key may not send", "send it from a server")
        touchpoint = event.get("touchpoint")
        if isinstance(touchpoint, str) and touchpoint not in self.touchpoints:
            return _fault(
                "touchpoint",
                "a touchpoint that this browser key may not send",
                "name it behind browser: in this key's line, or correct it",
            )
        if event.get("revision") or (not self.may_order and (event.get("order") or event.get("amount"))):
            return _fault(
                "revision" if event.get("revision") else "order",
                "what a browser key may not say",
                "send it from a server, or write may:order in this key's line where pages may say what was bought",
            )
        named = event.get("identifiers")
        types = [one.get("type") for one in named if isinstance(one, dict)] if isinstance(named, list) else []
        if event.get("persons") or not self.identifiers.issuperset(one for one in types if isinstance(one, str)):
            return _fault(
                "identifiers",
                "an identifier that this browser key may not name",
                "name its type behind identifiers: in this key's line, or link the two from a server",
            )
        return None


def terms_in(words: Sequence[str], place: str) -> tuple[list[str], BrowserTerms | None]:
    """The words of a line without those about browsers, and what these say. Raises WrongUsage with the place."""
    rest = [word for word in words if not word.startswith((_TOUCHPOINTS, _IDENTIFIERS)) and word != _MAY_ORDER]
    if len(rest) == len(words):
        return rest, None
    touchpoints, identifiers = (_named(words, mark) for mark in (_TOUCHPOINTS, _IDENTIFIERS))
    if len(rest) != 2 or rest[1] == "*":
        raise WrongUsage(f"{place} is of a browser key and does not name one source", _FORM)
    if not touchpoints or not all(map(is_identifier_type, identifiers)):
        raise WrongUsage(f"{place} is of a browser key and malformed", _FORM)
    return rest, BrowserTerms(touchpoints, identifiers | _OWN, _MAY_ORDER in words)


def _named(words: Sequence[str], mark: str) -> frozenset[str]:
    return frozenset(
        name for word in words if word.startswith(mark) for name in word.removeprefix(mark).split(",") if name
    )


def _fault(field: str, shape: str, hint: str) -> EventRejected:
    return EventRejected(Rejection(Reason.WRONG_TYPE, field), shape, hint)
