"""The two ways to an insert. This is the only place where steps are chained.

A batch:  receive → decode → validate → resolve person → settle → attach stage → take from occasions → diff → assemble → ONE insert
A tick:   news → versions that wait → whom it touches → who belongs together → attach stage → take from occasions → diff → assemble →
ONE insert

Why a tick holds no record: docs/decisions/0181, 0185, 0187.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from touchline.journey.compile import CompiledMap
from touchline.metrics.laps import Laps
from touchline.processors.claims import Decided, decide, fate_of_beaten
from touchline.processors.erasing import erase, leave_out_erased, let_wait, seem_known_beside, suspects_by_hidden_id
from touchline.processors.expiring import expire
from touchline.processors.following import follow_batch
from touchline.processors.homes import Homes
from touchline.processors.ledger.columns import CLAIM as CLAIM_COLUMNS, LINK
from touchline.processors.ledger.ledger import ClaimedFact, KnownEvent, LinkRow, Mark
from touchline.processors.ledger.rows import Block, Insert, build_insert
from touchline.processors.news import News
from touchline.processors.occasions import take_from_occasions
from touchline.processors.persons import Rules, publish
from touchline.processors.state.erasures import Erasures
from touchline.processors.state.partition import Partition
from touchline.processors.state.tails import Layout
from touchline.processors.steps.assemble import (
    Fated,
    assemble_attached,
    assemble_difference,
    assemble_fates,
    assemble_mark,
    claim_again,
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
from touchline.processors.steps.decode import decode_quickly
from touchline.processors.steps.diff import diff
from touchline.processors.steps.kept import EVER_US, note_change
from touchline.processors.steps.occasion import names_occasion
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.receive import receive
from touchline.processors.steps.resolve import Placed, Resolved, key_of, resolve
from touchline.processors.steps.settle import CLAIM, Here, Settled, settle
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.unread import known_tails
from touchline.processors.values.person import APART, BEFORE_ALL_US, PersonTail, tail_key
from touchline.processors.values.records import (
    Fact,
    Invalid,
    NewRecords,
    Reached,
    ReceivedBatch,
    RecordOutcome,
    withdraws,
)
from touchline.processors.walk import has_passed
from touchline.schemas.events import CONSENT
from touchline.schemas.reasons import Fate, Reason
from touchline.schemas.retention import Term, may_be_hidden_before

CACHED_RECORDS = 64
"""Records that are decoded and validated together: so many that their objects are still in the processor's cache for the next step."""

HUB_NEIGHBOURS = 50
"""An identifier with more neighbours is a junk value or a device of many: its links count for nothing."""
_TYPE = Fact._fields.index("event_type")
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
    personal_values: Mapping[str, int] = {}


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
        erasures: Erasures | None = None,
    ) -> None:
        self._validator = validator
        self.maps = tuple(maps)
        self.map_change = 0
        """Number of the change of maps that `maps` follows; 0 for those that the configuration names."""
        self._cipher = cipher
        self.homes = homes
        self._now_ms = now_ms
        self._hub_neighbours = hub_neighbours
        self.erasures = erasures or Erasures(None)

    def declare(self, validator: Validator) -> None:
        """Check by other declarations of the sources from the next batch on; any thread may call it."""
        self._validator = validator

    @property
    def terms(self) -> Sequence[Term]:
        """How long events are kept, of the sources that end them. None where there is no secret to hide them by."""
        return self._validator.terms if self.erasures.has_secret else ()

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
        self._look_at_the_day()
        validated = self._validate(new, laps)
        left_out = leave_out_erased(validated, self.erasures)
        tails = self._known(
            partition, {fact.identifier or tail_key(fact) for fact in validated.outcomes if type(fact) is Fact}
        )
        apart = _set_apart(validated.outcomes, tails)
        resolved = resolve(new.records, validated.outcomes, tails, lambda key: self.homes.of(key) == partition.number)
        laps.lap("resolve")
        offsets = [record.offset for record in new.records] if left_out.judged else []
        erased = [(offsets[place], fact) for place, fact in left_out.judged.items()]
        settled = self._settle(partition, resolved, tails, erased)
        partition.ids.meet(left_out.known)
        let_wait(validated.outcomes, left_out, offsets, settled.claims)
        laps.lap("settle")
        fated = assemble_fates(new, validated.outcomes, settled, self._cipher, partition.stream.name)
        laps.lap("assemble")
        tails.update(self._known(partition, settled.again.keys() - tails.keys()))
        followed = follow_batch(partition, resolved, settled, tails, self.maps)
        followed.tails.update(apart)
        wanted = take_from_occasions(partition, fated.stored, followed, self.maps, self.erasures)
        difference = diff(followed.published, wanted)
        laps.lap("attach")
        waiting = (*resolved.facts, *erased) if settled.claims else ()
        claimed = [placed for placed in waiting if placed[0] in settled.claims]
        looks = [(*key, "released") for key in settled.replaced if key in partition.watched]
        blocks = [
            *fated.blocks,
            *assemble_attached(fated.stored, self.maps, followed.attached, partition.number),
            *assemble_difference(difference),
            *assemble_links(validated.links, fated.stored),
            *assemble_retracted_links(
                _lost_links(partition, [event for event, _ in settled.moved if event.fate == Fate.STORED])
            ),
            assemble_claims(claimed, validated.links),
            *self._decided_claims(partition, settled.moved),
            *assemble_words(new.last_offset, away=settled.away, looks=looks),
        ]
        laps.lap("assemble")
        tally = Tally(
            new, fated, validated.unknown_fields.count, 0, laps, personal_values=validated.unknown_fields.masked
        )
        return self._insert(partition, blocks, partition.reached, followed.tails, tally)

    def tick(self, partition: Partition, news: News) -> Prepared | Quiet:
        """One insert of what follows from the news, or Quiet where there is nothing to say. Raises as `prepare` does."""
        laps = Laps()
        self._look_at_the_day()
        reached = news.reached(partition.reached)
        rules = Rules(self.maps, self._hub_neighbours, self._validator.purposes, self.erasures)
        decided = self._decide(partition, news, rules)
        published = publish(partition, news, decided, self.homes, rules)
        laps.lap("settle")
        fated = Fated.without_records()
        move_fates(decided.moved, fated)
        settle_claims(decided.settled, fated)
        claim_again(decided.claimed, fated)
        if any(names_occasion(claimed.fact) for _, claimed in decided.settled):
            partition.has_naming_answers = True
        wanted = take_from_occasions(
            partition, Fated.without_records().stored, published.followed, self.maps, self.erasures
        )
        difference = diff(published.followed.published, wanted)
        laps.lap("attach")
        new = NewRecords.none_after(partition.mark.last_offset)
        blocks = [
            *fated.blocks,
            *assemble_difference(difference),
            *assemble_retracted_links([*_lost_links(partition, decided.lost), *decided.links]),
            *self._decided_claims(partition, decided.moved, decided.settled),
            assemble_claims([(one.offset, one.fact) for _, one in decided.claimed], ()),
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

    def _look_at_the_day(self) -> None:
        """Whatever a term may have ended by now may be kept under a hidden id."""
        sources = {one.source for one in self.terms}
        self.erasures.end_terms(dict.fromkeys(sources, may_be_hidden_before(self._now_ms())) if sources else {})

    def _decide(self, partition: Partition, news: News, rules: Rules) -> Decided:
        if news.erasures:
            return erase(partition, news, self.erasures, self.homes)
        if news.expired:
            return expire(partition, news, rules, self.homes)
        return decide(partition, news, self.homes, self.erasures)

    def put_aside(self, partition: Partition, new: NewRecords) -> Prepared:
        """The same for records that no insert could hold otherwise: in quarantine as unstorable, without a look inside."""
        laps = Laps()
        outcomes = [Invalid(Reason.UNSTORABLE, "", "", record.value or b"") for record in new.records]
        fated = assemble_fates(new, outcomes, Settled.nothing(), self._cipher, partition.stream.name)
        return self._insert(partition, fated.blocks, partition.reached, {}, Tally(new, fated, 0, 0, laps))

    def _known(self, partition: Partition, keys: Iterable[str]) -> dict[str, PersonTail]:
        return known_tails(partition, keys, self.homes, self.maps, self.map_change)

    def _validate(self, new: NewRecords, laps: Laps) -> Validated:
        validated = Validated([], [], UnknownFields())
        validator = self._validator  # one for the whole batch
        for start in range(0, len(new.records), CACHED_RECORDS):
            records = new.records[start : start + CACHED_RECORDS]
            decoded = decode_quickly(records)
            laps.lap("decode")
            validator.validate(records, decoded, validated)
            laps.lap("validate")
        return validated

    def _settle(
        self, partition: Partition, resolved: Resolved, tails: Mapping[str, PersonTail], erased: Sequence[Placed]
    ) -> Settled:
        """Look up what bears an id that seems known, judge it, and name whom that and late events touch. What was erased before it came is
        judged beside the others."""
        facts = resolved.facts
        seem_known = partition.ids.meet([_pair_of(fact) for _, fact in facts])
        suspects = {key_of(facts[position]) for position in seem_known}
        if erased:
            suspects |= seem_known_beside(partition.ids, erased)
            facts = sorted([*facts, *erased], key=itemgetter(0))
        hidden = suspects_by_hidden_id(partition.ids, facts, suspects, self.erasures)
        known = partition.ledger.find_events(sorted(suspects | hidden.keys())) if suspects else []

        def is_plain(identifier: str) -> bool:
            if not identifier:
                return True
            tail = tails.get(identifier) or self._known(partition, [identifier]).get(identifier)
            return self.homes.of(identifier.encode()) == partition.number if tail is None else tail.is_plain

        settled = settle(
            facts, suspects, known, Here(partition.number, self.homes.partition_count == 1, is_plain), hidden
        )
        settled.moved[:] = [(event, fate_of_beaten(event, fate, self.erasures)) for event, fate in settled.moved]
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
        return assemble_decided_claims(mine, stored, self.erasures.covers)

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


def _set_apart(outcomes: Iterable[RecordOutcome], tails: dict[str, PersonTail]) -> dict[str, PersonTail]:
    """The tails, changed among `tails` too, of identifiers under which somebody withdraws a consent: from now on ticks follow them, which
    know the whole person."""
    # By place: a look-up by name takes twice as long, for each event.
    withdrawing = {one.identifier for one in outcomes if type(one) is Fact and one[_TYPE] == CONSENT and withdraws(one)}
    apart = {
        one: PersonTail(tails[one].last_us if one in tails else BEFORE_ALL_US, APART)
        for one in sorted(withdrawing - {""})
    }
    tails.update(apart)
    return apart


def _lost_links(partition: Partition, lost: Sequence[KnownEvent]) -> list[LinkRow]:
    """What these versions said of who belongs together, as long as they counted."""
    versions = {(event.source, event.event_id, event.offset) for event in lost}
    links = partition.ledger.links_of(partition.number, sorted({key[:2] for key in versions})) if versions else []
    return [link for link in links if (*link.values[_LINK_KEY], link.offset) in versions]
