"""Whether a try that failed may be made again, and when: for all sinks the same. Pure.

Why: docs/decisions/0214.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

from touchline.schemas.times import US_PER_HOUR, US_PER_SECOND

FIRST_WAIT_US: Final = US_PER_SECOND
LONGEST_WAIT_US: Final = US_PER_HOUR
SPREAD: Final = 0.25
"""A wait is up to so much longer, by chance: what failed at one moment does not come back at one moment."""
_FINAL: Final = frozenset((400, 410, 413, 422))
Draw = Callable[[], float]
"""A number from 0 to 1, 1 not included; another one each time."""


class NotTaken(Exception):
    """The other side did not take something; the text has no address and no secret. `is_final`: no repetition will change that.
    `after_seconds`: what the other side asks for, at most an hour."""

    def __init__(self, words: str, is_final: bool = False, after_seconds: float | None = None) -> None:
        super().__init__(words)
        self.is_final = is_final
        self.after_seconds = after_seconds


def verdict(status: int, retry_after: str, now_s: float) -> NotTaken | None:
    """What an HTTP answer says; None: taken. 400, 410, 413 and 422 are about what was sent, which would be the same again. All others are
    about the receiver, its address or its keys (401, 403 and 404, too), which somebody may mend meanwhile."""
    if 200 <= status < 300:
        return None
    return NotTaken(f"it answered {status}", status in _FINAL, asked_seconds(retry_after, now_s))


def asked_seconds(retry_after: str, now_s: float) -> float | None:
    """What a Retry-After asks for: seconds, or the time until its date; 0 to an hour. None where it is neither."""
    longest_s = LONGEST_WAIT_US / US_PER_SECOND
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return min(longest_s, float(text))  # of hundreds of digits it is infinite
    try:
        until_s = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return min(longest_s, max(0.0, until_s - now_s))


def wait_us(failures: int, asked: float | None, draw: Draw) -> int:
    """How long to wait after so many failures, 1 or more: 1 s, doubled each time, at most an hour; what the other side asks for (seconds),
    where that is longer; and up to a quarter more."""
    own_us = min(LONGEST_WAIT_US, FIRST_WAIT_US << min(max(failures - 1, 0), 20))
    asked_us = 0 if asked is None else round(min(asked * US_PER_SECOND, LONGEST_WAIT_US))
    return round(max(own_us, asked_us) * (1 + SPREAD * draw()))
