"""Formbricks' webhooks: three triggers (responseCreated, responseUpdated, responseFinished) that send the same response as it grows.

{"event": "responseUpdated", "webhookId": ..., "data": {"id": ..., "surveyId": ..., "createdAt": ..., "updatedAt": ..., "finished": false,
 "data": {"<question id>": 9, "<hidden field>": "..."}, "contact": {"id": ..., "userId": ...}, "contactAttributes": {...}, ...}}

`contact` and `contactAttributes` are null where nobody is known.

The trigger is not looked at: what the response says of itself is the same whichever sent it, so the same state sent by two is a duplicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from touchline.producers.collector.webhooks.responses import (
    Given,
    SurveyResponse,
    object_at,
    revision_since,
    says_something,
)

TEST: Final = "testEndpoint"
"""Sent by its button that tries an address; there is no response in it."""


def responses_in(body: Any) -> Sequence[SurveyResponse] | None:
    """The responses in a body, which is an object, or an array as some of its documentation has it; None where it has none."""
    members = body if isinstance(body, list) else [body]
    found = [object_at(member, "data") for member in members if not _is_test(member)]
    return [_response_of(data) for data in found] if all(found) else None


def _is_test(member: Any) -> bool:
    return isinstance(member, dict) and member.get("event") == TEST and "data" not in member


def _response_of(data: Any) -> SurveyResponse:
    return SurveyResponse(
        id=data.get("id"),
        time=data.get("createdAt"),
        answers=[
            Given((name, f"data.{name}"), value)
            for name, value in object_at(data, "data").items()
            if says_something(value)
        ],
        fields=data,
        survey_id=data.get("surveyId"),
        is_complete=data.get("finished") is True,
        revision=revision_since(data.get("createdAt"), data.get("updatedAt")),
        language=data.get("language"),
    )
