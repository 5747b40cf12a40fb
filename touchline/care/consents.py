"""When a purpose was granted, by what was said of it, in any order and under whatever identifier. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from touchline.care.facts import Granted


class Statement(NamedTuple):
    """What one consent event says: purposes are granted from then on, or taken back."""

    from_us: int
    takes_back: bool
    purposes: tuple[str, ...]


def granted_times(statements: Iterable[Statement]) -> list[Granted]:
    """Of each purpose the times in which it was granted. Of statements that hold from one moment on a withdrawal counts."""
    by_purpose: defaultdict[str, dict[int, bool]] = defaultdict(dict)
    for one in statements:
        for purpose in one.purposes:
            moments = by_purpose[purpose]
            moments[one.from_us] = moments.get(one.from_us, False) or one.takes_back
    found = []
    for purpose, moments in sorted(by_purpose.items()):
        times = sorted(moments)
        ends = [*times[1:], None]
        found += [Granted(purpose, start, end) for start, end in zip(times, ends, strict=True) if not moments[start]]
    return found
