"""Typeform's webhooks.

{"event_type": "form_response", "form_response": {"form_id": ..., "token": ..., "submitted_at": ..., "hidden": {...},
 "answers": [{"type": "number", "number": 9, "field": {"id": ..., "ref": ...}}, ...]}}

`hidden` is absent where there are no hidden fields, and a question that was not answered is no member of `answers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from touchline.producers.collector.webhooks.responses import Given, SurveyResponse, object_at, says_something

COMPLETE: Final = "form_response"


def responses_in(body: Any) -> Sequence[SurveyResponse] | None:
    """The response in a body; None where it has none."""
    response = object_at(body, "form_response")
    if not response:
        return None
    return [
        SurveyResponse(
            id=response.get("token"),
            time=response.get("submitted_at") or response.get("landed_at"),
            answers=list(_answers(response.get("answers"))),
            fields=response,
            survey_id=response.get("form_id"),
            is_complete=body.get("event_type") == COMPLETE,
        )
    ]


def _answers(members: Any) -> Iterator[Given]:
    for member in members if isinstance(members, list) else ():
        field = object_at(member, "field")
        names = tuple(name for name in (field.get("ref"), field.get("id")) if isinstance(name, str))
        if names and says_something(value := _value_of(member)):
            yield Given(names, value)


def _value_of(answer: dict[str, Any]) -> Any:
    """The member that has the name of the answer's type; of choices their labels, or what was written beside them."""
    kind = answer.get("type")
    value = answer.get(kind) if isinstance(kind, str) else None
    if not isinstance(value, dict):
        return value
    if kind == "choices":
        labels = value.get("labels")
        return [*(labels if isinstance(labels, list) else []), *filter(None, [value.get("other")])]
    return value.get("label") or value.get("other") or value
