"""Webhooks of any tool, by the paths that webhooks.yaml says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from touchline.producers.collector.vendors.clock import read_us
from touchline.producers.collector.webhooks.model import AnswerList, Response
from touchline.producers.collector.webhooks.responses import (
    REVISION_MAX,
    Given,
    SurveyResponse,
    at_path,
    says_something,
    time_of,
)
from touchline.producers.collector.webhooks.values import text_of
from touchline.schemas.times import US_PER_SECOND


def responses_in(body: Any, where: Response) -> Sequence[SurveyResponse] | None:
    """The responses in a body, which is an object, or an array of several; None where it is neither."""
    members = body if isinstance(body, list) else [body]
    return (
        [_response_of(member, where) for member in members] if all(isinstance(one, dict) for one in members) else None
    )


def _response_of(member: Any, where: Response) -> SurveyResponse:
    is_complete = where.complete is None or text_of(at_path(member, where.complete)) == where.complete_is
    return SurveyResponse(
        id=at_path(member, where.id),
        time=time_of(at_path(member, where.time)),
        answers=[] if where.answers is None else list(_answers(member, where.answers)),
        fields=member,
        survey_id=None if where.survey is None else at_path(member, where.survey),
        is_complete=is_complete,
        revision=0 if where.revision is None else _revision(at_path(member, where.revision)),
    )


def _answers(member: Any, where: AnswerList) -> Iterator[Given]:
    found = at_path(member, where.at)
    if isinstance(found, dict):
        yield from (
            Given((name, f"{where.at}.{name}"), value) for name, value in found.items() if says_something(value)
        )
    for one in found if isinstance(found, list) else ():
        name, value = at_path(one, where.name), at_path(one, where.value)
        if name is not None and says_something(value):
            yield Given((text_of(name),), value)


def _revision(value: object) -> int:
    """A whole number as it stands; a time in seconds since 1970, as in mappings of files."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= REVISION_MAX:
        return value
    changed_us = read_us(value)
    return 0 if changed_us is None else changed_us // US_PER_SECOND
