"""What persons are asked after a touchpoint, how far each question comes, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from touchline.schemas.times import US_PER_HOUR, US_PER_SECOND
from touchline.simulate.chance import Chance
from touchline.simulate.effects import quality
from touchline.surveys.policy import SurveyQuestion

SAMPLED_SHARE: Final = 0.6
DISPOSITIONS: Final = (
    ("complete", 0.42),
    ("partial", 0.06),
    ("shown", 0.10),
    ("started", 0.04),
    ("dismissed", 0.08),
    ("refused", 0.03),
    ("expired", 0.07),
    ("delivered", 0.16),
    ("bounced", 0.04),
)
"""How far a question comes that was sent out, each with its chance."""
PARTIAL_HAS_SCORE: Final = 0.5
INVITED_FIRST: Final = 0.3
"""Of the questions sent out: the share that is reported twice, as invited and, in a higher revision, as they ended."""
_MEAN_RESPONSE_US = 6 * US_PER_HOUR
_LONGEST_RESPONSE_US = 96 * US_PER_HOUR


class SurveyReply(NamedTuple):
    """How one question ended. `invited_us` is None where only the end is reported; `quality` is the truth behind the score."""

    question: SurveyQuestion
    disposition: str
    time_us: int
    invited_us: int | None
    score: int | None
    quality: float


def replies(
    questions: Sequence[SurveyQuestion],
    chance: Chance,
    time_us: int,
    base: float,
    trait: float,
    shifts: float,
) -> Iterator[SurveyReply]:
    """The replies to the questions about one happening at `time_us`; also of those who were not sampled."""
    for question in questions:
        asked_us = time_us + question.delay_us + US_PER_SECOND * (60 + chance.below(600))
        if not chance.happens(SAMPLED_SHARE):
            yield SurveyReply(question, "not_sampled", asked_us, None, None, 0.0)
            continue
        invited_us = asked_us if chance.happens(INVITED_FIRST) else None
        yield reply(question, chance, asked_us, invited_us, quality(base, trait, shifts))


def reply(question: SurveyQuestion, chance: Chance, asked_us: int, invited_us: int | None, truth: float) -> SurveyReply:
    """The reply of one person who was asked."""
    disposition = chance.weighted(DISPOSITIONS)
    wait_us = min(chance.exponential(_MEAN_RESPONSE_US), _LONGEST_RESPONSE_US)
    has_score = disposition == "complete" or (disposition == "partial" and chance.happens(PARTIAL_HAS_SCORE))
    score = question.scale_min + chance.binomial(question.points, truth) if has_score else None
    return SurveyReply(question, disposition, asked_us + US_PER_SECOND + round(wait_us), invited_us, score, truth)
