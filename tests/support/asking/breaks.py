"""Safety steps of the decisions that can be removed, one at a time: what finds nothing then proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from touchline.surveys import decide
from touchline.surveys.asked import Asked

_state_of: Final = decide.state_of
_is_of: Final = decide._is_of


def _first_version(asks: Iterable[Asked]) -> list[Asked]:
    """Of several versions of an ask the one that is read first."""
    found: dict[tuple[str, str], Asked] = {}
    for one in asks:
        found.setdefault(one.key, one)
    return list(found.values())


BREAKS: Final[Mapping[str, tuple[object, str, Callable[..., Any]]]] = {
    "open asks": (Asked, "is_open", lambda *_: False),
    "fatigue": (decide, "spared_until", lambda *_: 0),
    "most complete version": (decide, "standing", _first_version),
    "each ask once": (decide, "standing", list),
    "withdrawal": (decide, "state_of", lambda *said: "granted" if _state_of(*said) != "unknown" else "unknown"),
    "consent unknown": (
        decide,
        "state_of",
        lambda *said: "withdrawn" if _state_of(*said) == "withdrawn" else "granted",
    ),
    "scope of a rule": (decide, "_is_of", lambda rule, *said: rule.scope == "global" and _is_of(rule, *said)),
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
