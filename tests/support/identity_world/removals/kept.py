"""From which states on the way a journey may go on."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from tests.support.identity_world.removals.patching import Break, Removal, all_of, instead
from touchline.processors import persons, pipeline, turns
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.state.together import KeptTogether
from touchline.processors.steps import kept, settle


def all_states() -> Removal:
    """The newest state, whatever has changed before it."""

    def every(states: Any, _: int) -> Any:
        return tuple(states)

    return all_of(patch.object(kept, "before", every), patch.object(turns, "before", every))


def newest_change() -> Removal:
    """Of several changes of an identifier the latest counts."""

    def note(changed_us: Any, identifier: str, time_us: int) -> None:
        changed_us[identifier] = max(time_us, changed_us.get(identifier, time_us))

    return all_of(*(patch.object(module, "note_change", note) for module in (persons, pipeline, settle)))


def remembered_apart(self: Any, component: Any, judged: Any) -> Any:
    """What was kept stays, whatever its identifiers are judged with in between."""
    found = {self._of.get(key) for key in component}
    one = found.pop()
    return one.states if one is not None and not found and one.judged == judged else ()


BREAKS: dict[str, Break] = {
    "unheard_words": Break(
        "who goes on from a state looks for words that were not read yet",
        instead(MemoryLedger, "away_beyond", lambda *_: {}),
        focus="moved_over",
    ),
    "all_states": Break("a state holds until something before it changes", all_states),
    "newest_change": Break("the earliest change counts", newest_change),
    "judged_alike": Break(
        "a state holds while everybody belongs together as before", instead(turns, "judged_as", lambda *_: ())
    ),
    "remembered_apart": Break(
        "states are forgotten when their identifiers are judged otherwise",
        instead(KeptTogether, "take", remembered_apart),
        focus="rejoined",
    ),
}
