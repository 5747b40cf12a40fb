"""Ends records whose term is over, some at a time: a step of a tick, without a request and without a state that must be kept.

What is past its term is found among the rows that stand, so an event that comes late is first judged among its versions as any other and
ends with the next sweep. So the tables after a sweep are those of one sweep at the end, whatever came first.

Why: docs/decisions/0193.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from touchline.identity.links import Identifier
from touchline.identity.neighbourhood import components_around
from touchline.identity.persons import persons_of
from touchline.processors.claims import Decided
from touchline.processors.erasing import end
from touchline.processors.homes import Homes
from touchline.processors.ledger.ledger import KnownEvent
from touchline.processors.ledger.rows import row_id_base
from touchline.processors.linking import Consents
from touchline.processors.news import News
from touchline.processors.persons import Rules
from touchline.processors.relations import Relations
from touchline.processors.state.erasures import ERASE
from touchline.processors.state.partition import Partition
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.records import position_of
from touchline.schemas.identifiers import DEVICE_TYPES, MERGE_NOBODY
from touchline.schemas.reasons import Fate
from touchline.schemas.retention import Term, cutoffs_on

AT_ONCE: Final = 2_000
"""Records that end in one insert; one insert a tick, so that batches need not wait long."""


def expired_news(partition: Partition, terms: Sequence[Term], now_ms: int) -> Iterator[News]:
    """The next records whose term is over, if any; they must be followed before the next ones are asked for. Raises LedgerUnavailable."""
    swept = partition.swept
    swept.aim(cutoffs_on(terms, now_ms))
    if swept.rests(now_ms):
        return
    stretch = swept.next(row_id_base(partition.number, partition.mark.insert_number + 1) - 1)
    if stretch is None:
        swept.rest(now_ms)
        return
    found = partition.ledger.expired(partition.number, *stretch, max(1, AT_ONCE // partition.pieces))
    if found.events:
        yield News(partition.reached.cursors, (), {}, expired=found.events)
    swept.done(found.reached)


def expire(partition: Partition, news: News, rules: Rules, homes: Homes) -> Decided:
    """The end of the records whose term is over by the news. Raises as `end` does."""
    may_be_withheld = [
        event
        for event, how in news.expired
        if how != ERASE and event.fate == Fate.STORED and event.identifier and event.source in rules.purposes_of
    ]
    withheld = _withheld(partition, may_be_withheld, rules) if may_be_withheld else ()
    ended = [(event, ERASE if event.row_id in withheld else how) for event, how in news.expired]
    return end(partition, ended, news, rules.erasures, homes)


def _withheld(partition: Partition, events: Sequence[KnownEvent], rules: Rules) -> set[int]:
    """The row ids of those of these stored events that may not count, since their consent was withdrawn: as nobody's they would count
    again. Judged anew, since who publishes a person may not have heard of the event yet."""
    relations = Relations(partition.ledger, rules.erasures)
    judged = components_around(
        (),
        relations.identifiers(event.identifier for event in events),
        rules.neighbours_max,
        relations.look_up,
        relations.published_with,
        MERGE_NOBODY,
    )
    persons = persons_of(judged.component_of, judged.links, DEVICE_TYPES)
    known = {one.key: one for one in judged.component_of}
    facts = partition.ledger.facts_of(sorted(known))
    consents = Consents([*known.values()], judged, persons, relations, facts, rules.purposes_of)
    of_person: dict[Identifier, list[Placed]] = defaultdict(list)
    for placed in facts:
        fact = placed[1]
        of_person[consents.persons.person_at(known[fact.identifier], fact.event_time)].append(placed)
    counting = {
        (position, fact.source, fact.event_id)
        for placed in of_person.values()
        for position, fact in consents.permitted(placed)
    }
    return {
        event.row_id
        for event in events
        if (position_of(partition.number, event.offset), event.source, event.event_id) not in counting
    }
