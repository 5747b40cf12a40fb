"""How far a partition has been swept for events whose term is over: in memory alone, whoever takes the partition over begins anew.

A pass goes through the rows in the order of their ids, which is that of the inserts. On a new day what was swept before is gone through
again for what has come of age since; rows behind that, which no pass has seen, for all that is past its term.

Why: docs/decisions/0193.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from touchline.schemas.retention import Cutoff

REST_MS: Final = 300_000
"""Between two looks for what came late; on a new day there is one at once."""


class Stretch(NamedTuple):
    """Rows to look at next: those with ids above `after` and up to `until`, as to these cutoffs."""

    cutoffs: Sequence[Cutoff]
    after: int
    until: int


class Swept:
    """The place of a sweep. `aim` it at the cutoffs of now, ask what is `next`, and say what was `done`."""

    def __init__(self) -> None:
        self._cutoffs: tuple[Cutoff, ...] = ()
        self._seen = 0
        """Up to this row id nothing is left that was past its term when the sweep came by."""
        self._again: tuple[tuple[Cutoff, ...], int] | None = None
        """What has come of age since, and how far that was looked for among those rows."""
        self.rested_ms = 0
        """When nothing was left last; 0 for never."""
        self._rests = False

    def aim(self, cutoffs: tuple[Cutoff, ...]) -> None:
        """These hold now. Later ones of the same terms go on; others begin anew."""
        if cutoffs == self._cutoffs:
            return
        before = self._again[0] if self._again is not None else None
        if not self._follow(cutoffs):
            self._seen, self._again = 0, None
        elif self._seen:
            come_of_age = tuple(
                one._replace(from_us=old.before_us if before is None else before[place].from_us)
                for place, (one, old) in enumerate(zip(cutoffs, self._cutoffs, strict=True))
            )
            self._again = (come_of_age, 0)
        self._cutoffs, self._rests = cutoffs, False

    def _follow(self, cutoffs: Sequence[Cutoff]) -> bool:
        return len(cutoffs) == len(self._cutoffs) and all(
            one._replace(before_us=old.before_us) == old and one.before_us >= old.before_us
            for one, old in zip(cutoffs, self._cutoffs, strict=True)
        )

    def rest(self, now_ms: int) -> None:
        """Nothing is left at the moment."""
        self.rested_ms, self._rests = now_ms, True

    def rests(self, now_ms: int) -> bool:
        """Whether it is too early to ask again."""
        return self._rests and now_ms < self.rested_ms + REST_MS

    def next(self, newest: int) -> Stretch | None:
        """What to look at, where `newest` is the largest row id that there is; None: nothing is left."""
        if self._again is not None:
            return Stretch(*self._again, self._seen)
        return Stretch(self._cutoffs, self._seen, newest) if self._cutoffs and self._seen < newest else None

    def done(self, reached: int) -> None:
        """All of the stretch up to this row id is followed."""
        if self._again is None:
            self._seen = max(self._seen, reached)
        elif reached >= self._seen:
            self._again = None
        else:
            self._again = (self._again[0], reached)
