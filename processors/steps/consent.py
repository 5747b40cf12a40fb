"""Which events of a person may count, by what the person said about consent: a pure function of the person's facts, in any order.

A withdrawal holds for the whole person, under whatever identifier it was said, from its effective time on; what was legal before stays.

Why: docs/decisions/0190.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from touchline.processors.steps.resolve import Placed
from touchline.processors.values.records import Fact, withdraws
from touchline.schemas.events import CONSENT

PurposesOf = Mapping[str, frozenset[str]]
"""Of each source under consent the purposes of which a grant must hold at least one."""
_Moment = tuple[int, bool]
"""(effective time in µs, whether withdrawn): sorted so, the withdrawal wins at the same time."""


def permitted(
    placed: Sequence[Placed], purposes_of: PurposesOf, of_grants: Callable[[Fact], States] | None = None
) -> Sequence[Placed]:
    """The events of one person that may count, with all that was said about consent; in the order given.

    An event of a source under consent may while, of one purpose that it names and the source declares, neither the person's state nor that
    of the consent id it names is withdrawn. Of both the newest statement with an effective time at or before the event decides. What nobody
    ever withdrew is granted by the event itself, which came with its grant (schemas/permission.py). `of_grants` gives the states of consent
    ids for an event; else they are those that the person said.
    """
    if of_grants is None and not any(withdraws(fact) for _, fact in placed):
        return placed
    states = States([fact for _, fact in placed])
    return [
        (position, fact)
        for position, fact in placed
        if fact.event_type == CONSENT
        or fact.source not in purposes_of
        or states.permit(fact, purposes_of[fact.source], states if of_grants is None else of_grants(fact))
    ]


class States:
    """What a person said, by purpose, and by consent id and purpose: the moments from which on a consent is granted or withdrawn."""

    def __init__(self, facts: Collection[Fact]) -> None:
        """`facts` are all of the person: statements and events tell which purposes a consent id stands for."""
        named: dict[str, set[str]] = defaultdict(set)
        for fact in facts:
            if fact.consent_id and not withdraws(fact):
                named[fact.consent_id] |= purposes_in(fact.purposes)
        self._of_person: dict[str, list[_Moment]] = defaultdict(list)
        self._of_grant: dict[tuple[str, str], list[_Moment]] = defaultdict(list)
        for fact in facts:
            if fact.event_type != CONSENT:
                continue
            moment = (fact.about_time, withdraws(fact))
            for purpose in purposes_in(fact.purposes) or named[fact.consent_id]:
                self._of_person[purpose].append(moment)
                self._of_grant[fact.consent_id, purpose].append(moment)
        for moments in (*self._of_person.values(), *self._of_grant.values()):
            moments.sort()

    def permit(self, event: Fact, declared: frozenset[str], of_grants: States) -> bool:
        """Whether an event of the person, whose source declares these purposes, may count beside those states of consent ids."""
        at_us = event.event_time
        # Of an event that was kept under another declaration, those that are declared now are asked.
        return any(
            not _is_withdrawn(self._of_person.get(purpose, ()), at_us)
            and not _is_withdrawn(of_grants._of_grant.get((event.consent_id, purpose), ()), at_us)
            for purpose in purposes_in(event.purposes) & declared or declared
        )


def purposes_in(joined: str) -> frozenset[str]:
    """The purposes in a text that joins them by commas, as facts have them. One with a comma in its name is several, everywhere."""
    return frozenset(joined.split(",")) if joined else frozenset()


def _is_withdrawn(moments: Sequence[_Moment], at_us: int) -> bool:
    place = bisect_right(moments, (at_us, True))
    return place > 0 and moments[place - 1][1]
