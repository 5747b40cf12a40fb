"""What the map's file says of a stage or touchpoint: what people do, feel, want, ask, expect and meet, and what is done about it."""

from __future__ import annotations

from touchline.dashboards.server.snapshot.kpis import badge
from touchline.dashboards.server.snapshot.words import PageWords
from touchline.markup import Child, Markup, tag
from touchline.schemas.journey.facts import FACT_KINDS, Emotion, Expectation, Facts, Initiative, Remark
from touchline.schemas.journey.model import JourneyMap

_SIGNS = {"positive": "+", "neutral": "○", "negative": "−"}


def facts_of(words: PageWords, part: Facts, journey_map: JourneyMap) -> Markup | None:
    """A list by kind; None where the file says nothing."""
    personas = {persona.id: persona.name for persona in journey_map.personas}
    told = [
        [
            tag("dt", words.say(f"notes.{kind}")),
            [tag("dd", _fact(words, fact, personas)) for fact in getattr(part, kind)],
        ]
        for kind in FACT_KINDS
        if getattr(part, kind)
    ]
    return tag("dl", told, class_="notes") if told else None


def _fact(words: PageWords, fact: Remark | Emotion | Expectation | Initiative, personas: dict[str, str]) -> list[Child]:
    if isinstance(fact, Emotion):
        said: list[Child] = [tag("span", f"{_SIGNS[fact.valence]} {fact.emotion}", class_=fact.valence)]
    else:
        said = [fact.text]
    if isinstance(fact, Expectation) and fact.target is not None:
        target = fact.target
        for key, bound in (("target.at_least", target.at_least), ("target.at_most", target.at_most)):
            if bound is not None:
                said += [" ", badge(words.say(key, value=words.quantity(bound, target.unit), unit="").strip())]
    if isinstance(fact, Initiative):
        said += [tag("span", f" ({fact.owner})", class_="muted")] if fact.owner else []
    elif fact.persona:
        said += [" ", badge(personas.get(fact.persona, fact.persona))]
    return said
