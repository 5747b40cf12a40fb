"""The first events that a reader sends land in a stage of the map that a fresh checkout runs, so that the page shows them."""

from __future__ import annotations

import re

import pytest

from tests.support.documents import ROOT
from tests.unit.journey.build import compiled, event
from touchline.journey.attach import attach
from touchline.settings import Settings

PLACES = ("README.md", "docs/quick-start.md", "touchline/cli/commands.py", "touchline/cli/emit.py")
_TOUCHPOINT = re.compile(r"""(?:--touchpoint |touchpoint=|, "touchpoint": )"?(\w+)"?""")
_ACTION = re.compile(r"""(?:--action |action=|"action": )"?(\w+)"?""")
_NAMES_NO_EVENT = {"None", "touchpoint", "and"}


def sent_in(text: str) -> list[tuple[str, str]]:
    """Touchpoint and action (empty: none) of each event in a text, answers left out; an action belongs to the touchpoint before it."""
    found = [one for one in _TOUCHPOINT.finditer(text) if one[1] not in _NAMES_NO_EVENT]
    ends = [one.start() for one in found[1:]] + [len(text)]
    pairs = []
    for one, end in zip(found, ends, strict=True):
        action = _ACTION.search(text, one.end(), min(end, one.end() + 60))
        pairs.append((one[1], action[1] if action else ""))
    return pairs


FIRST = sorted({(place, *pair) for place in PLACES for pair in sent_in((ROOT / place).read_text(encoding="utf-8"))})


def test_there_are_such_events() -> None:
    assert {place for place, _, _ in FIRST} == {*PLACES}


@pytest.mark.parametrize(("place", "touchpoint", "action"), FIRST)
def test_a_first_event_lands_in_a_stage(place: str, touchpoint: str, action: str) -> None:
    (default, *_) = Settings().maps
    (attached,), _ = attach([event(touchpoint, action, source="shell")], compiled(default))
    assert attached.stage, f"{place}: {touchpoint} {action}"
