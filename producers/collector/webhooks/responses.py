"""A response of a survey tool in words that all of them share, and the path to what stands in it.

Each tool's file makes these of a body; `answers.py` makes events of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from touchline.producers.collector.vendors.clock import read_us
from touchline.schemas.times import US_PER_SECOND, format_time

_MS_FROM: int = 10**11
"""A number from there on is milliseconds: as seconds it lies beyond the year 5000, and below it milliseconds lie before 1974."""
_TENTHS_US: int = US_PER_SECOND // 10
REVISION_MAX: int = 2**32 - 1


class Given(NamedTuple):
    """An answer to one question, by all names that the tool has for it."""

    names: Sequence[str]
    value: Any


class SurveyResponse(NamedTuple):
    """One response. What was not sent is None; values are as the tool wrote them."""

    id: object
    time: object
    answers: Sequence[Given]
    """Those that say something."""
    fields: Any
    """The response as it came, where paths begin."""
    survey_id: object = None
    is_complete: bool = True
    revision: int = 0
    language: object = None

    def answer_to(self, question: str) -> Given | None:
        """By any of its names."""
        return next((given for given in self.answers if question in given.names), None)

    def value_at(self, place: str) -> Any:
        """What stands at a place: the answer to a question of that name, else what the path leads to; None where there is nothing."""
        given = self.answer_to(place)
        return at_path(self.fields, place) if given is None else given.value


def at_path(fields: Any, path: str) -> Any:
    """What a path of names, joined by dots, leads to; numbers are places in lists, from 0. None where it leads nowhere."""
    for name in path.split("."):
        if isinstance(fields, dict):
            fields = fields.get(name)
        elif isinstance(fields, list) and name.isdecimal() and int(name) < len(fields):
            fields = fields[int(name)]
        else:
            return None
    return fields


def object_at(fields: Any, name: str) -> Mapping[str, Any]:
    """The object of that name, empty where there is none."""
    value = fields.get(name) if isinstance(fields, dict) else None
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def says_something(value: object) -> bool:
    """Whether a value is an answer: tools write nothing, or empty texts and lists, for questions that were passed over."""
    return value is not None and value != "" and value != [] and value != {}


def time_of(value: object) -> object:
    """A time as events have it: text as it stands, numbers as seconds or milliseconds since 1970. What is neither stays, and is refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    time_us = read_us(value if abs(value) >= _MS_FROM else value * 1_000)
    return value if time_us is None else format_time(time_us)


def revision_since(begun: object, changed: object) -> int:
    """Of a response that grows: tenths of a second from its beginning to its last change, so that its first version has revision 0 and the
    latest one counts."""
    begun_us, changed_us = read_us(begun), read_us(changed)
    if begun_us is None or changed_us is None:
        return 0
    return min(max((changed_us - begun_us) // _TENTHS_US, 0), REVISION_MAX)
