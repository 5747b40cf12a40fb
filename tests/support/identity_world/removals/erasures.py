"""What an erasure takes away, whenever its events come."""

from __future__ import annotations

from typing import Any

from tests.support.identity_world.removals.patching import Break, around, instead
from touchline.processors import erasing, pipeline
from touchline.processors.claims import Decided
from touchline.processors.erasing import LeftOut
from touchline.processors.loop.acquire import Acquirer
from touchline.processors.poll import Poll
from touchline.processors.steps.settle import CLAIM
from touchline.schemas.reasons import Fate


def _only_counting(original: Any, *arguments: Any) -> Any:
    decided = original(*arguments)
    return decided._replace(moved=[one for one in decided.moved if one[0].fate == "stored"])


def _untold(original: Any, *arguments: Any) -> Any:
    return original(*arguments)._replace(releases=set())


def _all_come(*_: Any) -> LeftOut:
    return LeftOut([], {})


def _unjudged(original: Any, *arguments: Any) -> LeftOut:
    left_out: LeftOut = original(*arguments)
    return left_out._replace(judged={})


def _claims_too(original: Any, partition: Any, ended: Any, *arguments: Any) -> Decided:
    ended = list(ended)
    decided: Decided = original(partition, ended, *arguments)
    decided.moved.extend((event, Fate.ERASED) for event, _ in ended if event.reason == CLAIM)
    return decided


def _blind(original: Any, acquirer: Any, assigned: Any, look_around: Any, **options: Any) -> Any:
    return original(acquirer, assigned, lambda: None, **options)


def _look_last(_: Any, poll: Any, partition: int, look: Any) -> bool:
    """How far streams are read is settled before it is asked what is to be blanked."""
    is_new = poll._positions is None or partition in poll._served
    if is_new:
        poll.forget()
        poll._positions = poll._ledger.positions()
        poll.erasure = look()
    poll._served.add(partition)
    return is_new


BREAKS: dict[str, Break] = {
    "erased_stays": Break(
        "records that are there are erased",
        instead(pipeline, "erase", lambda *_: Decided([], [], set(), set())),
        focus="erase",
    ),
    "erased_waits": Break(
        "versions that do not count are erased, too", around(pipeline, "erase", _only_counting), focus="erase"
    ),
    "erased_comes": Break(
        "records that come afterwards are erased", instead(pipeline, "leave_out_erased", _all_come), focus="erase"
    ),
    "erased_unjudged": Break(
        "what was erased before it came is judged beside the other versions",
        around(pipeline, "leave_out_erased", _unjudged),
        focus="erase",
    ),
    "erased_claim": Break(
        "a claim of the erased waits until others have given way", around(erasing, "end", _claims_too), focus="outdone"
    ),
    "erased_beaten": Break(
        "a claim of the erased that is beaten is erased",
        instead(pipeline, "fate_of_beaten", lambda _, fate, *__: fate),
        focus="outdone",
    ),
    "erased_untold": Break(
        "who waits for an erased version is told", around(pipeline, "erase", _untold), focus="erased"
    ),
    "erased_link": Break(
        "what others say of the erased is retracted", instead(erasing, "_links", lambda *_: []), focus="erase"
    ),
    "erased_unread": Break(
        "whoever blanks waits until all have read what was retracted",
        around(Poll, "begins", _look_last),
        focus="unread",
    ),
    "erased_unheard": Break(
        "requests are known before a partition's records are stored", around(Acquirer, "acquire", _blind), focus="erase"
    ),
}
