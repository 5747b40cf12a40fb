"""The ask behind a receipt's link: about an event, of whoever holds the receipt.

It is written when the link is made, so the link need name nothing but the ask.

Why: docs/decisions/0208.
"""

from __future__ import annotations

from typing import Final

from touchline.surveys.asks import Ask
from touchline.surveys.decide import ask_id
from touchline.surveys.questions import Question

RECEIPT_SURVEY: Final = "receipt_link"
"""`survey` of answers by a receipt: no policy chose who is asked."""
SURVEY_VERSION: Final = 1


def receipt_ask(
    secret: bytes,
    question: Question,
    language: str,
    touchpoint: str,
    source: str,
    event_id: str,
    now_us: int,
    expires_us: int,
) -> Ask:
    """The ask of a question about an event; the same event gives the same ask."""
    return Ask(
        id=ask_id(secret, RECEIPT_SURVEY, question.id, source, event_id),
        question=question.id,
        version=question.version,
        language=language,
        kpi=question.kpi,
        variant=question.variant,
        scope=question.scope,
        scale_min=question.scale.min,
        scale_max=question.scale.max,
        persons=(),
        touchpoint=touchpoint,
        about_source=source,
        about_event_id=event_id,
        policy=RECEIPT_SURVEY,
        policy_version=SURVEY_VERSION,
        probability=1.0,
        asked_us=now_us,
        expires_us=expires_us,
    )
