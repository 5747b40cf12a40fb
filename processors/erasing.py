"""What becomes of the records of somebody who is to be erased, in the partition where they lie, and of those that come afterwards.

Whoever holds the identifier leaves its events out at once (processors/turns.py). Here their fates follow, those of versions that do not
count too, so that what waits or was set aside does not come back. An event that is to be anonymised counts on under a hidden id, as
nobody's.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType

from touchline.processors.claims import Decided
from touchline.processors.homes import Homes, holding
from touchline.processors.ledger.columns import LINK
from touchline.processors.ledger.ledger import ClaimedFact, KnownEvent, LinkRow, WriterFenced
from touchline.processors.news import News
from touchline.processors.state.erasures import ANONYMISE, Erasures, how_of
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.partition import Key, Partition
from touchline.processors.steps.resolve import Placed, key_of
from touchline.processors.steps.validate import Validated
from touchline.processors.values.records import Erased, Fact
from touchline.schemas.reasons import Fate

_NOTHING = MappingProxyType[str, str]({})
_TIME, _ONE, _OTHER = map(LINK.index, ("event_time", "identifier", "linked_identifier"))


def erase(partition: Partition, news: News, erasures: Erasures, homes: Homes) -> Decided:
    """What the requests of the news ask of this partition's records. Raises LedgerUnavailable, and WriterFenced where another writer has
    been here."""
    identifiers = sorted({one.identifier for one in news.erasures})
    ended = [
        (event, how)
        for event in partition.ledger.versions_of(partition.number, identifiers)
        if (how := how_of(erasures.spans_of(event.identifier), event.event_time)) is not None
    ]
    decided = end(partition, ended, news, erasures, homes)
    return decided._replace(links=_links(partition, identifiers, decided.lost, erasures))


def end(
    partition: Partition, ended: Iterable[tuple[KnownEvent, str]], news: News, erasures: Erasures, homes: Homes
) -> Decided:
    """The end of these records of the partition, each in the way that stands beside it. Of those to be anonymised the stored ones count on
    as nobody's; versions that do not count are erased. Raises as `erase` does."""
    decided = Decided([], [], set(), set(), cut := [], claimed=(claimed := []))
    for event, how in ended:
        if how == ANONYMISE and event.fate == Fate.STORED:
            cut.append(event)
        elif event.fate != Fate.ERASED:
            decided.moved.append((event, Fate.ERASED))
    if cut:
        facts = {
            one.row_id: one
            for one in partition.ledger.received_facts(partition.number, sorted({(e.source, e.event_id) for e in cut}))
        }
        if not all(event.row_id in facts for event in cut):
            # Only this stream's writer moves its records: it is another one by now.
            raise WriterFenced(partition.stream.name)
        held = holding(partition, {event.identifier for event in cut} - {""}, news.until, homes).held
        for event in cut:
            row_id, offset, fact = facts[event.row_id]
            as_nobodys = ClaimedFact(row_id, offset, anonymised(fact, erasures))
            if not event.identifier or event.identifier in held:
                decided.settled.append((event, as_nobodys))
            else:
                claimed.append((event, as_nobodys))
        # Claims are heard of by those who have met the id: another partition may have the same event of the same sender's fault.
        known = [key_of((0, one.fact)) for _, one in (*claimed, *decided.settled)]
        if not partition.ids.has_room(len(known)):
            partition.ids.restore(partition.ledger, partition.mark, lambda: False, room=len(known))
        partition.ids.meet(known)
    for event in decided.lost:
        key = (event.source, event.event_id)
        if key in partition.watched:  # who waits for it must hear that it gave way
            decided.releases.add(key)
    return decided


def _links(
    partition: Partition, identifiers: Sequence[str], lost: Sequence[KnownEvent], erasures: Erasures
) -> list[LinkRow]:
    """Links with one of the identifiers that other persons' events say: those of lost events go with these."""
    of_lost = {(event.source, event.event_id, event.offset) for event in lost}
    source, event_id = LINK.index("source"), LINK.index("event_id")
    found: dict[int, LinkRow] = {}
    for row in partition.ledger.links_naming(partition.number, identifiers):
        ends = (str(row.values[_ONE]), str(row.values[_OTHER]))
        is_covered = any(erasures.covers(end, int(str(row.values[_TIME]))) for end in ends)
        if is_covered and (row.values[source], row.values[event_id], row.offset) not in of_lost:
            found[row.row_id] = row
    return list(found.values())


def leave_out_erased(validated: Validated, erasures: Erasures) -> list[Key]:
    """Of a batch what was erased before it came: the tables do not depend on which was first. Of somebody who was anonymised nothing is
    kept either. Events later than any request cost nothing here; of the others each identifier is asked for once. Returns the (source,
    hidden id) pairs under which they are known from now on."""
    outcomes, until_us = validated.outcomes, erasures.until_us
    late = [
        (place, fact)
        for place, fact in enumerate(outcomes if until_us >= 0 else ())
        if type(fact) is Fact and fact.identifier and fact.event_time <= until_us
    ]
    named = {fact.identifier for _, fact in late}
    named.update(one.linked_identifier for one in validated.links if one.fact.event_time <= until_us)
    spans = {one: found for one in named if (found := erasures.spans_of(one))}
    known: list[Key] = []
    if not spans:  # nearly always
        return known
    for place, fact in late:
        if how_of(spans.get(fact.identifier, ()), fact.event_time) is not None:
            hidden = erasures.hidden_id(fact.source, fact.event_id)
            outcomes[place] = Erased(fact.source, hidden, fact.revision, fact.payload_hash, fact.completeness)
            known.append((fact.source, hidden))
    validated.links[:] = [
        one
        for one in validated.links
        if all(
            how_of(spans.get(end, ()), one.fact.event_time) is None
            for end in (one.fact.identifier, one.linked_identifier)
        )
    ]
    return known


def suspects_by_hidden_id(
    ids: PartitionIds, facts: Sequence[Placed], suspects: set[Key], erasures: Erasures
) -> dict[Key, Key]:
    """By the hidden id under which erased versions may be kept, the events of a batch that may have such; they are among the suspects from
    now on. Only what is late or revised can have any."""
    if erasures.hides_nothing:
        return {}
    late = {key_of(one) for one in facts if one[1].revision or erasures.may_hide(one[1].source, one[1].event_time)}
    keys = erasures.hidden_keys(late | suspects)
    hidden = [*keys]
    suspects.update(keys[hidden[place]] for place in ids.known_among(hidden))
    return {named: key for named, key in keys.items() if key in suspects}


def anonymised(fact: Fact, erasures: Erasures) -> Fact:
    """The same event as nobody's: without anything that tells whose it was, under its hidden id."""
    about = fact.about_event_id and erasures.hidden_id(fact.about_source, fact.about_event_id)
    return fact._replace(
        event_id=erasures.hidden_id(fact.source, fact.event_id),
        identifier="",
        identifier_type="",
        person="",
        consent_id="",
        order_id="",
        about_event_id=about,
        properties=_NOTHING,
        comment="",
        cipher_key_id="",
    )
