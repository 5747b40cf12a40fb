"""What may be asked of comments, and what comes back."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from touchline.errors import WrongUsage
from touchline.wording import counted

BY_VALUE: Final = (
    *("touchpoint", "stage", "channel", "place", "brand", "persona", "segment", "survey", "question", "kpi", "scope"),
    *("source", "is_online", "is_simulated"),
)
"""Columns of which some values may be asked for; an empty text is what is not known."""
LIMIT_MAX: Final = 10_000
"""Comments of one reading, at most: a reading is written down before it is shown, so it is in memory as a whole."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Cursor(NamedTuple):
    """The last comment of a page: the next page begins behind it. Stays right while new comments come."""

    answered_us: int
    source: str
    event_id: str

    def to_text(self) -> str:
        """As commands and the page hand it round."""
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> Cursor:
        """Raises WrongUsage."""
        try:
            answered_us, source, event_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            found = cls(int(answered_us), str(source), str(event_id))
            moment_of(found.answered_us)
        except (ValueError, TypeError, OverflowError):
            raise WrongUsage("that is no place in the list of comments", "give `next` of the page before") from None
        return found


class Selection(NamedTuple):
    """Which comments: all conditions hold. Times are when the answer was given (UTC), `since` included, `until` excluded; scores include
    both ends. `language` takes its regions along (de: de-CH, too). `persons` are person keys; None: of anybody, and of nobody known.
    `words` are looked for after decryption, whatever their case: each must stand in the text. The newest come first."""

    since: datetime | None = None
    until: datetime | None = None
    values: Mapping[str, tuple[str, ...]] = {}
    score_from: float | None = None
    score_to: float | None = None
    language: str | None = None
    persons: tuple[str, ...] | None = None
    words: tuple[str, ...] = ()
    limit: int = 50
    after: Cursor | None = None

    def check(self) -> None:
        """Raises WrongUsage for what selects nothing by mistake."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise WrongUsage("the time range is turned around", "give a `since` that is before `until`")
        if self.score_from is not None and self.score_to is not None and self.score_from > self.score_to:
            raise WrongUsage("the range of scores is turned around", "give the lower score first")
        if not 1 <= self.limit <= LIMIT_MAX:
            raise WrongUsage(
                f"a reading holds 1 to {LIMIT_MAX:,} comments", f"read page by page: {LIMIT_MAX:,} each, then `next`"
            )
        if any(not word.strip() for word in self.words):
            raise WrongUsage("a word to look for is empty", "give what must stand in the text")

    def accepts(self, text: str) -> bool:
        """Whether all words stand in it."""
        plain = folded(text)
        return all(folded(word) in plain for word in self.words)

    def as_filters(self) -> dict[str, str]:
        """What was asked for, as it is written down: no word that was looked for, and no person."""
        times = {"since": self.since, "until": self.until}
        scores = {"score_from": self.score_from, "score_to": self.score_to}
        return {
            **{name: f"{time:%Y-%m-%dT%H:%M:%SZ}" for name, time in times.items() if time is not None},
            **{name: ", ".join(some) for name, some in self.values.items()},
            **{name: f"{score:g}" for name, score in scores.items() if score is not None},
            **({"language": self.language} if self.language else {}),
            **({"person": counted(len(self.persons), "person")} if self.persons is not None else {}),
            **({"contains": counted(len(self.words), "word")} if self.words else {}),
            "limit": str(self.limit),
            **({"after": f"{moment_of(self.after.answered_us):%Y-%m-%dT%H:%M:%SZ}"} if self.after else {}),
        }


class Comment(NamedTuple):
    """A comment and what its answer says. `text` is None where the key at hand is not the one that it is encrypted with."""

    answered_at: datetime
    about_time: datetime
    source: str
    event_id: str
    person: str | None
    touchpoint: str
    stage: str | None
    channel: str | None
    place: str | None
    survey: str | None
    question: str | None
    kpi: str | None
    scope: str | None
    scale_min: int
    scale_max: int
    score: float | None
    language: str | None
    is_simulated: bool
    cipher_key_id: str
    text: str | None


class Found(NamedTuple):
    """A page of comments: `opened` were decrypted for it; `next` is where the list goes on, None at its end."""

    comments: Sequence[Comment]
    opened: int
    next: Cursor | None


def folded(text: str) -> str:
    """As words are compared: without case, and with one form for each letter."""
    return unicodedata.normalize("NFKC", text).casefold()


def us_of(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(us: int) -> datetime:
    """The same back."""
    return _EPOCH + timedelta(microseconds=us)
