"""What becomes of the records of somebody who is to be erased, in the partition where they lie, and of those that come afterwards.

Whoever holds the identifier leaves its events out at once (processors/turns.py). Here their fates follow, those of versions that do not
count too, so that what waits or was set aside does not come back. An event that is to be anonymised counts on under a hidden id, as
nobody's.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from touchline.processors.claims import Decided, meet_as_nobodys
from touchline.processors.homes import Homes, holding
from touchline.processors.ledger.columns import LINK
from touchline.processors.ledger.ledger import ClaimedFact, KnownEvent, LinkRow, WriterFenced
from touchline.processors.news import News
from touchline.processors.state.erasures import ANONYMISE, ERASE, Erasures, anonymised, how_of
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.partition import Key, Partition
from touchline.processors.steps.resolve import Placed, key_of
from touchline.processors.steps.settle import CLAIM
from touchline.processors.steps.validate import Validated
from touchline.processors.values.records import Erased, Fact, RecordOutcome
from touchline.schemas.reasons import Fate

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
    as nobody's; versions that do not count are erased. A claim may be the version that counts in the end, which no lesser one may do beside
    it: it waits as any other, and ends when its turn has come (claims.py). Raises as `erase` does."""
    decided = Decided([], [], set(), set(), cut := [], claimed=(claimed := []))
    for event, how in ended:
        if event.reason == CLAIM:
            continue
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
        meet_as_nobodys(partition, [one.fact for _, one in (*claimed, *decided.settled)])
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


class LeftOut(NamedTuple):
    """What was erased before it came. `known` are the (source, hidden id) pairs under which it is known from now on; `judged`, by place in
    the batch, those that no lesser version may count beside: without whose they were, under their former ids."""

    known: list[Key]
    judged: dict[int, Fact]


def leave_out_erased(validated: Validated, erasures: Erasures) -> LeftOut:
    """Of a batch what was erased before it came: the tables do not depend on which was first. Of somebody who was anonymised nothing is
    kept either. Events later than any request cost nothing here; of the others each identifier is asked for once."""
    outcomes, until_us = validated.outcomes, erasures.until_us
    late = [
        (place, fact)
        for place, fact in enumerate(outcomes if until_us >= 0 else ())
        if type(fact) is Fact and fact.identifier and fact.event_time <= until_us
    ]
    named = {fact.identifier for _, fact in late}
    named.update(one.linked_identifier for one in validated.links if one.fact.event_time <= until_us)
    spans = {one: found for one in named if (found := erasures.spans_of(one))}
    left_out = LeftOut([], {})
    if not spans:  # nearly always
        return left_out
    for place, fact in late:
        how = how_of(spans.get(fact.identifier, ()), fact.event_time)
        if how is not None:
            hidden = erasures.hidden_id(fact.source, fact.event_id)
            outcomes[place] = Erased(fact.source, hidden, fact.revision, fact.payload_hash, fact.completeness)
            left_out.known.append((fact.source, hidden))
        if how == ERASE:
            left_out.judged[place] = fact._replace(event_type="", event_time=0, identifier="", identifier_type="")
    validated.links[:] = [
        one
        for one in validated.links
        if all(
            how_of(spans.get(end, ()), one.fact.event_time) is None
            for end in (one.fact.identifier, one.linked_identifier)
        )
    ]
    return left_out


def let_wait(outcomes: list[RecordOutcome], left_out: LeftOut, offsets: Sequence[int], claims: Collection[int]) -> None:
    """Those of the erased that are claims, by their offsets, wait under their former ids, by which the others know them."""
    for place, fact in left_out.judged.items():
        erased = outcomes[place]
        if offsets[place] in claims and isinstance(erased, Erased):
            outcomes[place] = erased._replace(event_id=fact.event_id, reason=CLAIM)


def seem_known_beside(ids: PartitionIds, erased: Sequence[Placed]) -> set[Key]:
    """The events of those that were erased before they came that seem known by their former ids; those of the batch's other facts are known
    by now. They stay unknown under these."""
    keys = Counter(map(key_of, erased))
    named = [*keys]
    return {named[place] for place in ids.known_among(named)} | {key for key, count in keys.items() if count > 1}


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
