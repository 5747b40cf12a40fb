"""The two ways to an insert. This is the only place where steps are chained.

A batch:  receive → decode → validate → resolve person → settle → attach stage → take from occasions → diff → assemble → ONE insert
A tick:   news → versions that wait → whom it touches → who belongs together → attach stage → take from occasions → diff → assemble →
ONE insert

Why a tick holds no record: docs/decisions/0181, 0185, 0187.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from touchline.journey.compile import CompiledMap
from touchline.metrics.laps import Laps
from touchline.processors.claims import decide
from touchline.processors.following import follow_batch
from touchline.processors.homes import Homes
from touchline.processors.ledger.columns import CLAIM as CLAIM_COLUMNS, LINK
from touchline.processors.ledger.ledger import ClaimedFact, KnownEvent, LinkRow, Mark
from touchline.processors.ledger.rows import Block, Insert, build_insert
from touchline.processors.news import News
from touchline.processors.occasions import take_from_occasions
from touchline.processors.persons import publish
from touchline.processors.state.partition import Partition
from touchline.processors.state.tails import Layout
from touchline.processors.steps.assemble import (
    Fated,
    assemble_attached,
    assemble_difference,
    assemble_fates,
    assemble_mark,
    move_fates,
    settle_claims,
)
from touchline.processors.steps.assemble_words import (
    assemble_claims,
    assemble_decided_claims,
    assemble_links,
    assemble_retracted_links,
    assemble_words,
)
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode
from touchline.processors.steps.diff import diff
from touchline.processors.steps.follow import follow
from touchline.processors.steps.kept import EVER_US, note_change
from touchline.processors.steps.occasion import names_occasion
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.receive import receive
from touchline.processors.steps.resolve import Placed, Resolved, key_of, resolve
from touchline.processors.steps.settle import CLAIM, Here, Settled, settle
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.person import PersonTail, tail_key
from touchline.processors.values.records import Fact, Invalid, NewRecords, Reached, ReceivedBatch
from touchline.processors.walk import has_passed
from touchline.schemas.reasons import Fate, Reason

CACHED_RECORDS = 64
"""Records that are decoded and validated together: so many that their objects are still in the processor's cache for the next step."""

HUB_NEIGHBOURS = 50
"""An identifier with more neighbours is a junk value or a device of many: its links count for nothing."""
_pair_of: Any = itemgetter(slice(Fact._fields.index("source"), Fact._fields.index("event_id") + 1))
_LINK_KEY = slice(LINK.index("source"), LINK.index("event_id") + 1)
_CLAIM_KEY = slice(CLAIM_COLUMNS.index("source"), CLAIM_COLUMNS.index("event_id") + 1)


class Tally(NamedTuple):
    """For metrics: what an insert holds, and how long each step took."""

    new: NewRecords
    fated: Fated
    unknown_field_count: int
    restated_count: int
    laps: Laps
    handed_over_count: int = 0


class Prepared(NamedTuple):
    """One insert, and what holds once it is durable: the mark, how far was read, and the tails that it changes."""

    insert: Insert
    mark: Mark
    reached: Reached
    tails: Mapping[str, PersonTail]
    tally: Tally


class Quiet(NamedTuple):
    """A tick with nothing to say: how far was read, and the tails as they are then."""

    reached: Reached
    tails: Mapping[str, PersonTail]


class Pipeline:
    """Steps with what they need to know; no state of its own. Reads the ledger only for what the fast path may not decide."""

    def __init__(
        self,
        validator: Validator,
        maps: Sequence[CompiledMap],
        cipher: Cipher,
        homes: Homes,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        hub_neighbours: int = HUB_NEIGHBOURS,
    ) -> None:
        self._validator = validator
        self.maps = tuple(maps)
        self.map_change = 0
        """Number of the change of maps that `maps` follows; 0 for those that the configuration names."""
        self._cipher = cipher
        self.homes = homes
        self._now_ms = now_ms
        self._hub_neighbours = hub_neighbours

    def declare(self, validator: Validator) -> None:
        """Check by other declarations of the sources from the next batch on; any thread may call it."""
        self._validator = validator

    @property
    def layout(self) -> Layout:
        """The versions of maps that stand, by name, version and content, in the order of `maps`."""
        return tuple(f"{one.map}@{one.version}@{one.content_hash}" for one in self.maps)

    def attach_under(self, change: int, maps: Sequence[CompiledMap]) -> None:
        """These versions of maps stand, by this change of them."""
        self.map_change = change
        self.maps = tuple(maps)

    def receive(self, partition: Partition, batch: ReceivedBatch) -> NewRecords:
        """First step: what the mark does not cover yet. Apart from the others, since the store loop may take fewer records at once."""
        return receive(batch, partition.mark.last_offset)

    def prepare(self, partition: Partition, new: NewRecords) -> Prepared:
        """All other steps of a batch: one insert of signed rows and the mark. The ids must have room for the records. Raises
        LedgerUnavailable when the ledger must be read and cannot be, TooManyRows."""
        laps = Laps()
        validated = self._validate(new, laps)
        tails = partition.tails.get_many(
            {fact.identifier or tail_key(fact) for fact in validated.outcomes if type(fact) is Fact}
        )
        resolved = resolve(new.records, validated.outcomes, tails, lambda key: self.homes.of(key) == partition.number)
        laps.lap("resolve")
        settled = self._settle(partition, resolved, tails)
        laps.lap("settle")
        fated = assemble_fates(new, validated.outcomes, settled, self._cipher, partition.stream.name)
        laps.lap("assemble")
        tails.update(partition.tails.get_many(settled.again.keys() - tails.keys()))
        followed = follow_batch(partition, resolved, settled, tails, self.maps)
        wanted = take_from_occasions(partition, fated.stored, followed, self.maps)
        difference = diff(followed.published, wanted)
        laps.lap("attach")
        claimed = [placed for placed in resolved.facts if placed[0] in settled.claims] if settled.claims else []
        looks = [(*key, "released") for key in settled.replaced if key in partition.watched]
        blocks = [
            *fated.blocks,
            *assemble_attached(fated.stored, self.maps, followed.attached, partition.number),
            *assemble_difference(difference),
            *assemble_links(validated.links, fated.stored),
            *assemble_retracted_links(self._lost_links(partition, settled.moved)),
            assemble_claims(claimed, validated.links),
            *self._decided_claims(partition, settled.moved),
            *assemble_words(new.last_offset, away=settled.away, looks=looks),
        ]
        laps.lap("assemble")
        tally = Tally(new, fated, validated.unknown_fields.count, 0, laps)
        return self._insert(partition, blocks, partition.reached, followed.tails, tally)

    def tick(self, partition: Partition, news: News) -> Prepared | Quiet:
        """One insert of what follows from the news, or Quiet where there is nothing to say. Raises as `prepare` does."""
        laps = Laps()
        reached = news.reached(partition.reached)
        decided = decide(partition, news, self.homes)
        published = publish(partition, news, decided, self.homes, self.maps, self._hub_neighbours)
        laps.lap("settle")
        fated = Fated.without_records()
        move_fates(decided.moved, fated)
        settle_claims(decided.settled, fated)
        if any(names_occasion(claimed.fact) for _, claimed in decided.settled):
            partition.has_naming_answers = True
        wanted = take_from_occasions(partition, Fated.without_records().stored, published.followed, self.maps)
        difference = diff(published.followed.published, wanted)
        laps.lap("attach")
        new = NewRecords.none_after(partition.mark.last_offset)
        blocks = [
            *fated.blocks,
            *assemble_difference(difference),
            *assemble_retracted_links(self._lost_links(partition, decided.moved)),
            *self._decided_claims(partition, decided.moved, decided.settled),
            *assemble_words(
                new.last_offset,
                away=published.away,
                handoffs=[(one.identifier, one.to, one.number) for one in published.handoffs],
                releases=decided.releases,
                looks=decided.looks,
            ),
        ]
        laps.lap("assemble")
        if not news.must_mark and not any(block.rows for block in blocks):
            return Quiet(reached, published.followed.tails)
        tally = Tally(new, fated, 0, len(difference.asserted), laps, len(published.handoffs))
        return self._insert(partition, blocks, reached, published.followed.tails, tally)

    def put_aside(self, partition: Partition, new: NewRecords) -> Prepared:
        """The same for records that no insert could hold otherwise: in quarantine as unstorable, without a look inside."""
        laps = Laps()
        outcomes = [Invalid(Reason.UNSTORABLE, "", "", record.value or b"") for record in new.records]
        fated = assemble_fates(new, outcomes, Settled.nothing(), self._cipher, partition.stream.name)
        return self._insert(partition, fated.blocks, partition.reached, {}, Tally(new, fated, 0, 0, laps))

    def tails_of(self, facts: Iterable[Placed]) -> dict[str, PersonTail]:
        """Tails of all persons among these facts, which must be complete for each person: to restore what a worker does not know."""
        by_person: dict[str, list[Placed]] = defaultdict(list)
        for placed in facts:
            by_person[placed[1].identifier].append(placed)
        return {identifier: follow(placed, None, self.maps)[2] for identifier, placed in by_person.items()}

    def _validate(self, new: NewRecords, laps: Laps) -> Validated:
        validated = Validated([], [], UnknownFields())
        validator = self._validator  # one for the whole batch
        for start in range(0, len(new.records), CACHED_RECORDS):
            records = new.records[start : start + CACHED_RECORDS]
            decoded = decode(records)
            laps.lap("decode")
            validator.validate(records, decoded, validated)
            laps.lap("validate")
        return validated

    def _settle(self, partition: Partition, resolved: Resolved, tails: Mapping[str, PersonTail]) -> Settled:
        """Look up what bears an id that seems known, judge it, and name whom that and late events touch."""
        facts = resolved.facts
        seem_known = partition.ids.meet([_pair_of(fact) for _, fact in facts])
        suspects = {key_of(facts[position]) for position in seem_known}
        known = partition.ledger.find_events(sorted(suspects)) if suspects else []

        def is_plain(identifier: str) -> bool:
            if not identifier:
                return True
            tail = tails.get(identifier) or partition.tails.get_many([identifier]).get(identifier)
            return self.homes.of(identifier.encode()) == partition.number if tail is None else tail.is_plain

        settled = settle(facts, suspects, known, Here(partition.number, self.homes.partition_count == 1, is_plain))
        fates = settled.fates
        for offset, fact in resolved.late:
            if fact.identifier and offset not in fates:
                note_change(settled.again, fact.identifier, fact.event_time)
        for identifier in resolved.persons:
            tail = tails.get(identifier)
            if tail is not None and None in tail.maps and has_passed(partition, self.map_change, identifier):
                settled.again[identifier] = EVER_US
        for identifier, placed in resolved.apart.items():
            for offset, fact in placed:
                if offset not in fates:
                    note_change(settled.away, identifier, fact.event_time)
        return settled

    def _lost_links(self, partition: Partition, moved: Sequence[tuple[KnownEvent, Fate]]) -> list[LinkRow]:
        """What standing versions said of who belongs together, if they count no more."""
        lost = {(event.source, event.event_id, event.offset) for event, _ in moved if event.fate == Fate.STORED}
        links = partition.ledger.links_of(partition.number, sorted({key[:2] for key in lost})) if lost else []
        return [link for link in links if (*link.values[_LINK_KEY], link.offset) in lost]

    def _decided_claims(
        self,
        partition: Partition,
        moved: Sequence[tuple[KnownEvent, Fate]],
        settled: Sequence[tuple[KnownEvent, ClaimedFact]] = (),
    ) -> list[Block]:
        """The end of claims that are beaten or stored by now; the links of the latter."""
        stored = {(event.offset, event.source, event.event_id) for event, _ in settled}
        decided = {(event.offset, event.source, event.event_id) for event, _ in moved if event.reason == CLAIM} | stored
        if not decided:
            return []
        keys = sorted({key[1:] for key in decided})
        claims = partition.ledger.claims_of(partition.number, keys)
        mine = [one for one in claims if (one.offset, *one.values[_CLAIM_KEY]) in decided]
        return assemble_decided_claims(mine, stored)

    def _insert(
        self,
        partition: Partition,
        blocks: Sequence[Block],
        reached: Reached,
        tails: Mapping[str, PersonTail],
        tally: Tally,
    ) -> Prepared:
        """The next insert of the stream: these rows, and the mark last."""
        mark = Mark(partition.mark.insert_number + 1, tally.new.last_offset)
        mark_block = assemble_mark(
            tally.new, tally.fated.counts, tally.unknown_field_count, partition.writer, partition.generation, reached
        )
        insert = build_insert(
            partition.stream.name, partition.number, mark.insert_number, self._now_ms(), [*blocks, mark_block]
        )
        tally.laps.lap("encode")
        return Prepared(insert, mark, reached, tails, tally)
