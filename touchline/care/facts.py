"""What rules look at: the facts of one person, in the order of the journey, and the consents that hold for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class CareFact(NamedTuple):
    """A touchpoint event or an answer as the default map attaches it. Its identity is (source, event_id); times in microseconds since
    1970."""

    time_us: int
    source: str
    event_id: str
    is_answer: bool
    touchpoint: str
    action: str
    properties: Mapping[str, str]
    stage_order: int
    stage: str
    cycle: int
    is_conversion: bool
    kpi: str = ""
    scope: str = ""
    score: float | None = None
    scale: tuple[int, int] = (0, 0)
    score_class: str = ""
    """good, neutral or bad by the KPI catalogue; empty where it has no formula for the answer, or the answer does not count."""
    place: str = ""
    brand: str = ""
    is_simulated: bool = False
    received_us: int = 0
    """When the sender's side received it."""


class Granted(NamedTuple):
    """A purpose was granted from `from_us` on and until before `until_us` (None: still)."""

    purpose: str
    from_us: int
    until_us: int | None


class PersonFacts(NamedTuple):
    """All that rules know of one person. `identifiers` are keys with their types."""

    facts: Sequence[CareFact]
    consents: Sequence[Granted]
    identifiers: Sequence[tuple[str, str]]

    def ordered(self) -> list[CareFact]:
        """By time, source and id, each fact once: whatever order and number they were read in."""
        once = {(one.source, one.event_id): one for one in self.facts}
        return sorted(once.values(), key=lambda one: (one.time_us, one.source, one.event_id))

    def may_be_contacted(self, purpose: str, when_us: int) -> bool:
        """Whether the purpose was granted then, and has not been taken back since."""
        of_purpose = [one for one in self.consents if one.purpose == purpose]
        held = any(one.from_us <= when_us and (one.until_us is None or when_us < one.until_us) for one in of_purpose)
        return held and any(one.until_us is None for one in of_purpose)
