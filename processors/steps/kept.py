"""States on the way through a person's events, so that a late one is followed from the nearest of them and not from the beginning.

A state is kept about every EVERY events. The further back, the fewer are kept: the gap that an event falls into is no longer than what
lies behind it, so whoever comes d events late is followed over some 2 d + 2 EVERY events, and n events need about 2 log2(n / EVERY) states.

A state says how journeys stood after all events up to a time. It holds until one of these changes: so who goes on from a state must know
the earliest time at which anything has changed.

Why: docs/decisions/0192.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Mapping, MutableMapping, Sequence

from touchline.journey.values import Tail, dump_tail, load_tail
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.person import KeptState, PersonTail, last_moment

EVERY = 32
"""Events between two states. To follow fewer takes less time than to look them up."""
EVER_US = -1
"""Before the time of any event: all may have changed."""
NEVER_US = 1 << 63
"""After the time of any event: nothing has changed."""


def note_change(changed_us: MutableMapping[str, int], identifier: str, time_us: int) -> None:
    """Something of the identifier has changed at that time; the earliest one counts."""
    changed_us[identifier] = min(time_us, changed_us.get(identifier, time_us))


def is_due(count_before: int, count: int) -> bool:
    """Whether the state after `count_before` events is kept, now that there are `count`."""
    return count_before > 0 and count_before // EVERY != count // EVERY


def thinned(kept: Sequence[KeptState], event_count: int) -> tuple[KeptState, ...]:
    """Those of the states that are kept, now that there are so many events: one goes if the gap it leaves is no longer than what lies
    behind that gap."""
    left: list[KeptState] = []
    for state in kept:
        behind = event_count - state.event_count
        while left and state.event_count - (left[-2].event_count if len(left) > 1 else 0) <= behind:
            left.pop()
        left.append(state)
    return tuple(left)


def before(kept: Sequence[KeptState], changed_us: int) -> tuple[KeptState, ...]:
    """The states that hold although something has changed at that time; the last one is the nearest."""
    return tuple(state for state in kept if state.last_us < changed_us)


def going_on(tail: PersonTail | None, changed_us: int) -> PersonTail | None:
    """The person at the nearest state before a change; None for the beginning."""
    kept = () if tail is None else before(tail.kept, changed_us)
    if not kept:
        return None
    return PersonTail(kept[-1].last_us, unpacked(kept[-1].packed)[""], kept[-1].event_count, kept)


def pieces(placed: Sequence[Placed]) -> Iterator[Sequence[Placed]]:
    """Events in order of time, cut about every EVERY of them: whatever stands behind a cut certainly happened later."""
    start, last_us = 0, EVER_US
    for place, (_, fact) in enumerate(placed):
        if place - start >= EVERY and fact.event_time > last_us:
            yield placed[start:place]
            start = place
        last_us = max(last_us, last_moment(fact))
    if placed:
        yield placed[start:]


def packed(tails: Mapping[str, Sequence[Tail | None]]) -> bytes:
    """The map tails of some persons, closed up. Only this process, or one of the same form (state/tails.py), opens them."""
    return marshal.dumps(
        {key: [one if one is None else dump_tail(one) for one in of_maps] for key, of_maps in tails.items()}
    )


def unpacked(raw: bytes) -> dict[str, tuple[Tail | None, ...]]:
    """What `packed` took."""
    loaded = marshal.loads(raw)
    return {key: tuple(one if one is None else load_tail(one) for one in of_maps) for key, of_maps in loaded.items()}
