"""The way of a batch. This is the only place where steps are chained:

receive → decode → validate → resolve person → settle → attach stage → take from occasions → diff → assemble → ONE insert

Why work may hold no record at all: docs/decisions/0181, 0185.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from touchline.journey.compile import CompiledMap
from touchline.metrics.laps import Laps
from touchline.processors.ledger.columns import ATTACHED, LINK
from touchline.processors.ledger.ledger import LinkRow, Mark
from touchline.processors.ledger.rows import Block, Insert, build_insert
from touchline.processors.occasions import take_from_occasions
from touchline.processors.state.partition import Partition
from touchline.processors.state.tails import FORMAT
from touchline.processors.steps.assemble import (
    Fated,
    assemble_attached,
    assemble_difference,
    assemble_fates,
    assemble_links,
    assemble_mark,
    assemble_retracted_links,
)
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode
from touchline.processors.steps.diff import diff
from touchline.processors.steps.follow import Followed, follow, follow_alone
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.receive import receive
from touchline.processors.steps.resolve import Placed, Resolved, key_of, resolve
from touchline.processors.steps.settle import Settled, settle
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.person import NOBODY, PersonTail, last_moment, new_person, not_before, tail_key
from touchline.processors.values.records import Cursors, Fact, Invalid, NewRecords, ReceivedBatch, Work
from touchline.schemas.reasons import Fate, Reason

CACHED_RECORDS = 64
"""Records that are decoded and validated together: so many that their objects are still in the processor's cache for the next step."""

_SOURCE, _IDENTIFIER = ATTACHED.index("source"), ATTACHED.index("identifier")
_pair_of: Any = itemgetter(slice(Fact._fields.index("source"), Fact._fields.index("event_id") + 1))
_LINK_KEY = slice(LINK.index("source"), LINK.index("event_id") + 1)


class Tally(NamedTuple):
    """For metrics: what an insert holds, and how long each step took."""

    new: NewRecords
    fated: Fated
    unknown_field_count: int
    restated_count: int
    laps: Laps


class Prepared(NamedTuple):
    """One insert, and what holds once it is durable: the mark, the cursors, and the tails that it changes."""

    insert: Insert
    mark: Mark
    cursors: Cursors | None
    tails: Mapping[str, PersonTail]
    tally: Tally


class Pipeline:
    """Steps with what they need to know; no state of its own. Reads the ledger only for what the fast path may not decide."""

    def __init__(
        self,
        validator: Validator,
        maps: Sequence[CompiledMap],
        cipher: Cipher,
        partition_of: Callable[[bytes], int],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._validator = validator
        self.maps = tuple(maps)
        self._cipher = cipher
        self._partition_of = partition_of
        self._now_ms = now_ms

    def declare(self, validator: Validator) -> None:
        """Check by other declarations of the sources from the next batch on; any thread may call it."""
        self._validator = validator

    @cached_property
    def maps_fingerprint(self) -> str:
        """Changes when another map, version or content attaches the events: the tails are then of no use."""
        parts = [FORMAT, *(one.content_hash for one in self.maps)]
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()

    def receive(self, partition: Partition, batch: ReceivedBatch) -> NewRecords:
        """First step: what the mark does not cover yet. Apart from the others, since the store loop may take fewer records at once."""
        return receive(batch, partition.mark.last_offset)

    def prepare(self, partition: Partition, work: Work) -> Prepared | None:
        """All other steps: one insert of signed rows and the mark, or None where there is nothing to say. The ids must have room for the
        records. Raises LedgerUnavailable when the ledger must be read and cannot be, TooManyRows."""
        new, laps = work.new, Laps()
        validated = self._validate(new, laps)
        tails = partition.tails.get_many(
            {fact.identifier or tail_key(fact) for fact in validated.outcomes if type(fact) is Fact}
        )
        resolved = resolve(
            new.records, validated.outcomes, tails, lambda key: self._partition_of(key) == partition.number
        )
        laps.lap("resolve")
        settled = self._settle(partition, resolved)
        settled.again.update(one.identifier for one in work.restated if one.identifier)
        laps.lap("settle")
        fated = assemble_fates(new, validated.outcomes, resolved.refused, settled, self._cipher, partition.stream.name)
        laps.lap("assemble")
        tails.update(partition.tails.get_many(settled.again - tails.keys()))
        restated_alone = {(one.source, one.event_id) for one in work.restated if not one.identifier}
        followed = self._attach(partition, resolved, settled, restated_alone, tails)
        cursors, wanted = take_from_occasions(partition, fated.stored, followed, self.maps)
        difference = diff(followed.published, wanted)
        laps.lap("attach")
        blocks = [
            *fated.blocks,
            *assemble_attached(fated.stored, self.maps, followed.attached),
            *assemble_difference(difference),
            *assemble_links(validated.links, fated.stored),
            *assemble_retracted_links(self._lost_links(partition, settled)),
        ]
        laps.lap("assemble")
        if not work.must_mark and not any(block.rows for block in blocks):
            return None
        restated_count = len(difference.asserted) if work.restated else 0
        tally = Tally(new, fated, validated.unknown_fields.count, restated_count, laps)
        return self._insert(partition, blocks, cursors, followed.tails, tally)

    def put_aside(self, partition: Partition, new: NewRecords) -> Prepared:
        """The same for records that no insert could hold otherwise: in quarantine as unstorable, without a look inside."""
        laps = Laps()
        outcomes = [Invalid(Reason.UNSTORABLE, "", "", record.value or b"") for record in new.records]
        fated = assemble_fates(new, outcomes, {}, Settled({}, [], set(), set()), self._cipher, partition.stream.name)
        return self._insert(partition, fated.blocks, partition.cursors, {}, Tally(new, fated, 0, 0, laps))

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

    def _settle(self, partition: Partition, resolved: Resolved) -> Settled:
        """Look up what comes late or bears an id that seems known, and judge it."""
        facts, suspects = resolved.facts, set(map(key_of, resolved.late))
        seem_known = partition.ids.meet([_pair_of(fact) for _, fact in facts])
        suspects.update(key_of(facts[position]) for position in seem_known)
        known = partition.ledger.find_events(partition.number, sorted(suspects)) if suspects else []
        return settle(facts, suspects, resolved.late, known)

    def _attach(
        self,
        partition: Partition,
        resolved: Resolved,
        settled: Settled,
        restated_alone: set[tuple[str, str]],
        tails: Mapping[str, PersonTail],
    ) -> Followed:
        """Extend the journeys of those whose events come in order, and follow all others from the beginning."""
        persons = resolved.persons
        if settled.fates:
            counted = ((key, [one for one in placed if one[0] not in settled.fates]) for key, placed in persons.items())
            persons = {key: placed for key, placed in counted if placed}
        again = {identifier: persons.pop(identifier, []) for identifier in sorted(settled.again)}
        followed = Followed([{} for _ in self.maps], [], [], {})
        again_alone: list[Placed] = []
        for key, placed in persons.items():
            if placed[0][1].identifier:
                on_journey, by_map, followed.tails[key] = follow(placed, tails.get(key), self.maps)
            else:
                followed.tails[key] = not_before(tails.get(key, NOBODY), *(last_moment(fact) for _, fact in placed))
                if settled.again_alone:
                    again_alone += [one for one in placed if key_of(one) in settled.again_alone]
                    placed = [one for one in placed if key_of(one) not in settled.again_alone]
                on_journey, by_map = follow_alone(placed, self.maps)
            offsets = [offset for offset, _ in on_journey]
            for of_map, attachments in zip(followed.attached, by_map, strict=True):
                for offset, attachment in zip(offsets, attachments, strict=True):
                    if attachment is not None:
                        of_map[offset] = attachment
        if again or settled.again_alone or restated_alone:
            self._attach_again(partition, again, again_alone, settled, restated_alone, tails, followed)
        if settled.fates:
            lost = (fact for offset, fact in resolved.facts if offset in settled.fates)
            followed.tails.update(self._not_before_lost(lost, followed.tails, tails))
        return followed

    def _attach_again(
        self,
        partition: Partition,
        again: Mapping[str, list[Placed]],
        alone: Sequence[Placed],
        settled: Settled,
        restated_alone: set[tuple[str, str]],
        tails: Mapping[str, PersonTail],
        into: Followed,
    ) -> None:
        """Slow path: read these persons from the ledger, follow them from the beginning, note what should stand and what does."""
        moved = {(event.source, event.event_id, event.offset) for event, _ in settled.moved}
        complete = {identifier: list(placed) for identifier, placed in again.items()}
        for one in partition.ledger.facts_of(list(again)):
            if (*key_of(one), one[0]) not in moved:
                complete[one[1].identifier].append(one)
        nothing = new_person(len(self.maps))
        standing_alone = (
            partition.ledger.facts_alone(partition.number, sorted(restated_alone)) if restated_alone else []
        )
        into.again.append(follow_alone([*alone, *standing_alone], self.maps))
        for identifier, placed in complete.items():
            tail = nothing
            if placed:
                on_journey, by_map, tail = follow(placed, None, self.maps)
                into.again.append((on_journey, by_map))
            into.tails[identifier] = not_before(tail, tails.get(identifier, nothing).last_us)
        # Nobody's version is attached by itself, so one that still counts stays as it is.
        changed = moved | {(*key_of(one), one[0]) for one in standing_alone}
        into.published.extend(
            row
            for row in partition.ledger.published_of(
                partition.number, list(again), sorted(settled.again_alone | restated_alone)
            )
            if row.values[_IDENTIFIER] or (*row.values[_SOURCE : _SOURCE + 2], row.offset) in changed
        )

    def _not_before_lost(
        self, lost: Iterable[Fact], new: Mapping[str, PersonTail], known: Mapping[str, PersonTail]
    ) -> dict[str, PersonTail]:
        """Tails that must rise to versions that do not count: if such a version comes again, it may not look new."""
        raised: dict[str, PersonTail] = {}
        for fact in lost:
            key = tail_key(fact)
            tail = raised.get(key) or new.get(key) or known.get(key)
            if tail is None:
                tail = new_person(len(self.maps)) if fact.identifier else NOBODY
            if last_moment(fact) > tail.last_us:
                raised[key] = tail._replace(last_us=last_moment(fact))
        return raised

    def _lost_links(self, partition: Partition, settled: Settled) -> list[LinkRow]:
        """What standing versions said of who belongs together, if they count no more."""
        lost = {(event.source, event.event_id, event.offset) for event, _ in settled.moved if event.fate == Fate.STORED}
        links = partition.ledger.links_of(partition.number, sorted({key[:2] for key in lost})) if lost else []
        return [link for link in links if (*link.values[_LINK_KEY], link.offset) in lost]

    def _insert(
        self,
        partition: Partition,
        blocks: Sequence[Block],
        cursors: Cursors | None,
        tails: Mapping[str, PersonTail],
        tally: Tally,
    ) -> Prepared:
        """The next insert of the stream: these rows, and the mark last."""
        mark = Mark(partition.mark.insert_number + 1, tally.new.last_offset)
        mark_block = assemble_mark(
            tally.new, tally.fated.counts, tally.unknown_field_count, partition.writer, partition.generation, cursors
        )
        insert = build_insert(
            partition.stream.name, partition.number, mark.insert_number, self._now_ms(), [*blocks, mark_block]
        )
        tally.laps.lap("encode")
        return Prepared(insert, mark, cursors, tails, tally)
