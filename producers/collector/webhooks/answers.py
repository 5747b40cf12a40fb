"""The events of a response: one for each question that webhooks.yaml names, and the questions that it does not.

The id of an event is made of the survey, the question and the response, so that a response that is sent again, or has grown, is the same
answers: the same payload is a duplicate, another one a version of which the latest counts.

Why: docs/decisions/0196.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from touchline.producers.collector.webhooks.model import Question, Survey, Webhook
from touchline.producers.collector.webhooks.responses import SurveyResponse, says_something
from touchline.producers.collector.webhooks.values import comment_of, property_of, score_of, text_of
from touchline.schemas.events import ANSWER
from touchline.schemas.identifiers import IdentifierRejected, NobodyNamed, normalise

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


class Mapped(NamedTuple):
    """What became of a response."""

    events: list[dict[str, Any]]
    """In the form that a producer takes, but for their source."""
    unmapped: list[str]
    """Questions that were answered and that nobody mapped, by the name that the tool gives them."""


def events_of(response: SurveyResponse, webhook: Webhook) -> Mapped:
    """The answers in a response. Of a survey that is not in the file all questions are unmapped."""
    name, survey = _survey_of(response, webhook)
    known = {*webhook.ignore, *webhook.identifiers.values(), *webhook.properties.values()}
    if survey is None:
        return Mapped([], _others(response, known))
    if webhook.consent is not None:
        known.add(webhook.consent.id)
    known |= {place for place in _places_of(survey) if place is not None}
    events = []
    for question, asked in survey.questions.items():
        if said := _said(response, asked):
            events.append(_shared(response, webhook) | _asked(response, name, survey, question, asked) | said)
    return Mapped(events, _others(response, known))


def _survey_of(response: SurveyResponse, webhook: Webhook) -> tuple[str, Survey | None]:
    sent = None if response.survey_id is None else text_of(response.survey_id)
    surveys = webhook.surveys.items()
    by_id = next(((name, one) for name, one in surveys if one.tool_id is not None and one.tool_id == sent), None)
    return by_id or next(((name, one) for name, one in surveys if one.tool_id is None), ("", None))


def _places_of(survey: Survey) -> Iterator[str | None]:
    yield survey.event
    for question in survey.questions.values():
        yield question.score
        yield question.comment


def _others(response: SurveyResponse, known: set[str]) -> list[str]:
    return [given.names[0] for given in response.answers if known.isdisjoint(given.names)]


def _said(response: SurveyResponse, asked: Question) -> dict[str, Any]:
    score = response.value_at(asked.score)
    comment = None if asked.comment is None else response.value_at(asked.comment)
    said: dict[str, Any] = {}
    if says_something(score):
        said["score"] = score_of(score, asked.values)
    if says_something(comment) and (text := comment_of(comment)) is not None:
        said["comment"] = text
    return said


def _asked(response: SurveyResponse, name: str, survey: Survey, question: str, asked: Question) -> dict[str, Any]:
    about = {"touchpoint": asked.about or survey.about}
    if survey.event is not None and says_something(event_id := response.value_at(survey.event)):
        about |= {"source": survey.event_source or "", "event_id": text_of(event_id)}
    # Without an id of its own it is refused, with the reason.
    is_known = says_something(response.id) and not isinstance(response.id, list | dict)
    fields = {
        "id": f"{name}/{question}/{text_of(response.id)}" if is_known else response.id,
        "about": about,
        "survey": name,
        "question": question,
        "kpi": asked.kpi,
        "scope": asked.scope or survey.scope,
        "scale_min": asked.scale[0],
        "scale_max": asked.scale[1],
    }
    return fields if asked.variant is None else {**fields, "variant": asked.variant}


def _shared(response: SurveyResponse, webhook: Webhook) -> dict[str, Any]:
    """What all answers of a response have in common."""
    fields: dict[str, Any] = {
        "type": ANSWER,
        "time": response.time,
        "disposition": "complete" if response.is_complete else "partial",
    }
    if response.revision:
        fields["revision"] = response.revision
    if isinstance(response.language, str) and _LANGUAGE.fullmatch(response.language):
        fields["language"] = response.language
    if identifiers := list(_identifiers(response, webhook)):
        fields["identifiers"] = identifiers
    found = {name: response.value_at(place) for name, place in webhook.properties.items()}
    if properties := {name: property_of(value) for name, value in found.items() if says_something(value)}:
        fields["properties"] = properties
    consent = webhook.consent
    if consent is not None and says_something(grant := response.value_at(consent.id)):
        fields["consent"] = {"id": text_of(grant), "purposes": list(consent.purposes)}
    return fields


def _identifiers(response: SurveyResponse, webhook: Webhook) -> Iterator[dict[str, str]]:
    """What people typed into the survey and cannot be read is left out: the answer counts without it."""
    for kind, place in webhook.identifiers.items():
        value = response.value_at(place)
        if not says_something(value):
            continue
        identifier = {"type": kind, "value": text_of(value)}
        if response.answer_to(place) is None or _is_readable(**identifier):
            yield identifier


def _is_readable(type: str, value: str) -> bool:
    try:
        normalise(type, value)
    except NobodyNamed:
        return True
    except IdentifierRejected:
        return False
    return True
