"""The way of a batch. This is the only place where steps are chained:

receive → decode → validate → resolve person → settle → attach stage → diff → ONE insert
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from touchline.journey.compile import CompiledMap
from touchline.metrics.laps import Laps
from touchline.processors.ledger.columns import ATTACHED, LINK
from touchline.processors.ledger.ledger import Ledger, Stream
from touchline.processors.ledger.rows import Block
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.tails import FORMAT, Tails
from touchline.processors.steps.assemble import (
    assemble_attached,
    assemble_difference,
    assemble_fates,
    assemble_links,
    assemble_mark,
    assemble_retracted_links,
)
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode
from touchline.processors.steps.diff import Difference, diff
from touchline.processors.steps.follow import Attached, follow, follow_alone, step, step_alone
from touchline.processors.steps.resolve import Placed, Resolved, in_order, key_of, resolve
from touchline.processors.steps.settle import Settled, settle
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.person import PersonTail, new_person, not_before, tail_key
from touchline.processors.values.records import Fact, Invalid, NewRecords
from touchline.schemas.reasons import Fate, Reason

CACHED_RECORDS = 64
"""Records that are decoded and validated together: so many that their objects are still in the processor's cache for the next step."""

_SOURCE, _IDENTIFIER = ATTACHED.index("source"), ATTACHED.index("identifier")
_pair_of: Any = itemgetter(slice(Fact._fields.index("source"), Fact._fields.index("event_id") + 1))
_LINK_KEY = slice(LINK.index("source"), LINK.index("event_id") + 1)


class Prepared(NamedTuple):
    """Everything that one insert stores, and the tails as they are after it; and for those who count, the blocks among them that hold the
    facts of stored records, the records quarantined by reason, and earlier records by (fate before, fate now)."""

    blocks: list[Block]
    tails: dict[str, PersonTail]
    counts: Mapping[str, int]
    stored: list[Block]
    reasons: Mapping[str, int]
    moved: Mapping[tuple[str, str], int]


class Pipeline:
    """Steps with what they need to know; no state of its own. Reads the ledger only for what the fast path may not decide."""

    def __init__(
        self, validator: Validator, maps: Sequence[CompiledMap], cipher: Cipher, partition_of: Callable[[bytes], int]
    ) -> None:
        self._validator = validator
        self.maps = tuple(maps)
        self._cipher = cipher
        self._partition_of = partition_of

    @cached_property
    def maps_fingerprint(self) -> str:
        """Changes when another map, version or content attaches the events: the tails are then of no use."""
        parts = [FORMAT, *(one.content_hash for one in self.maps)]
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()

    def prepare(
        self,
        new: NewRecords,
        stream: Stream,
        tails: Tails,
        ids: PartitionIds,
        ledger: Ledger,
        writer: str,
        generation: int,
        laps: Laps,
    ) -> Prepared:
        """Signed rows, mark included, for these records. Raises LedgerUnavailable when the ledger must be read and cannot be."""
        validated = Validated([], [], Counter())
        for start in range(0, len(new.records), CACHED_RECORDS):
            records = new.records[start : start + CACHED_RECORDS]
            decoded = decode(records)
            laps.lap("decode")
            self._validator.validate(records, decoded, validated)
            laps.lap("validate")
        known_tails = tails.get_many(
            {fact.identifier or tail_key(fact) for fact in validated.outcomes if type(fact) is Fact}
        )
        resolved = resolve(
            new.records, validated.outcomes, known_tails, lambda key: self._partition_of(key) == stream.partition
        )
        laps.lap("resolve")
        settled = self._settle(resolved, ids, ledger, stream.partition)
        laps.lap("settle")
        known_tails.update(tails.get_many(settled.again - known_tails.keys()))
        attached, difference, new_tails = self._attach(resolved, settled, known_tails, ledger, stream.partition)
        laps.lap("attach")
        fated = assemble_fates(new, validated.outcomes, resolved.refused, settled, self._cipher, stream.name)
        fated.counts.update(validated.counts)
        blocks = [
            *fated.blocks,
            *assemble_attached(fated.stored, self.maps, attached),
            *assemble_difference(difference),
            *assemble_links(validated.links, fated.stored),
            *self._retracted_links(settled, ledger, stream.partition),
            assemble_mark(new, fated.counts, writer, generation),
        ]
        laps.lap("assemble")
        moved = Counter((event.fate, str(fate)) for event, fate in settled.moved)
        return Prepared(blocks, new_tails, fated.counts, fated.stored, fated.reasons, moved)

    def put_aside(self, new: NewRecords, stream: Stream, writer: str, generation: int) -> Prepared:
        """The same for records that no insert could hold otherwise: in quarantine as unstorable, without a look inside."""
        outcomes = [Invalid(Reason.UNSTORABLE, "", "", record.value or b"") for record in new.records]
        fated = assemble_fates(new, outcomes, {}, Settled({}, [], set(), set()), self._cipher, stream.name)
        blocks = [*fated.blocks, assemble_mark(new, fated.counts, writer, generation)]
        return Prepared(blocks, {}, fated.counts, fated.stored, fated.reasons, {})

    def _settle(self, resolved: Resolved, ids: PartitionIds, ledger: Ledger, partition: int) -> Settled:
        """Look up what comes late or bears an id that seems known, and judge it."""
        facts, suspects = resolved.facts, set(map(key_of, resolved.late))
        suspects.update(key_of(facts[position]) for position in ids.meet([_pair_of(fact) for _, fact in facts]))
        known = ledger.find_events(partition, sorted(suspects)) if suspects else []
        return settle(facts, suspects, resolved.late, known)

    def _retracted_links(self, settled: Settled, ledger: Ledger, partition: int) -> list[Block]:
        """What standing versions said of who belongs together, if they count no more."""
        lost = {(event.source, event.event_id, event.offset) for event, _ in settled.moved if event.fate == Fate.STORED}
        links = ledger.links_of(partition, sorted({key[:2] for key in lost})) if lost else []
        return assemble_retracted_links([link for link in links if (*link.values[_LINK_KEY], link.offset) in lost])

    def _attach(
        self,
        resolved: Resolved,
        settled: Settled,
        tails: Mapping[str, PersonTail],
        ledger: Ledger,
        partition: int,
    ) -> tuple[list[Attached], Difference, dict[str, PersonTail]]:
        """Attachments of the records that extend what is known, by map; what changes of the others; and all new tails."""
        persons = resolved.persons
        if settled.fates:
            counted = ((key, [one for one in placed if one[0] not in settled.fates]) for key, placed in persons.items())
            persons = {key: placed for key, placed in counted if placed}
        again = {identifier: persons.pop(identifier, []) for identifier in sorted(settled.again)}
        attached: list[Attached] = [{} for _ in self.maps]
        difference = Difference([], [])
        new_tails: dict[str, PersonTail] = {}
        for key, placed in persons.items():
            if placed[0][1].identifier:
                on_journey, by_map, new_tails[key] = step(placed, tails.get(key), self.maps)
                offsets = [offset for offset, _ in on_journey]
                for of_map, attachments in zip(attached, by_map, strict=True):
                    of_map.update(zip(offsets, attachments, strict=True))
            else:
                alone = (one for one in placed if key_of(one) not in settled.again_alone)
                step_alone(alone, self.maps, attached)
                new_tails[key] = _later(placed, tails.get(key))
        if again or settled.again_alone:
            again_alone = [one for one in persons_alone(persons) if key_of(one) in settled.again_alone]
            difference, slow_tails = self._attach_again(again, again_alone, settled, tails, ledger, partition)
            new_tails.update(slow_tails)
        if settled.fates:
            lost = (fact for offset, fact in resolved.facts if offset in settled.fates)
            new_tails.update(self._not_before_lost(lost, new_tails, tails))
        return attached, difference, new_tails

    def _not_before_lost(
        self, lost: Iterable[Fact], new: Mapping[str, PersonTail], known: Mapping[str, PersonTail]
    ) -> dict[str, PersonTail]:
        """Tails that must rise to versions that do not count: if such a version comes again, it may not look new."""
        raised: dict[str, PersonTail] = {}
        for fact in lost:
            key = tail_key(fact)
            tail = raised.get(key) or new.get(key) or known.get(key)
            if tail is None:
                tail = new_person(len(self.maps) if fact.identifier else 0)
            if fact.order > tail.order:
                raised[key] = tail._replace(order=fact.order)
        return raised

    def _attach_again(
        self,
        again: Mapping[str, list[Placed]],
        alone: Sequence[Placed],
        settled: Settled,
        tails: Mapping[str, PersonTail],
        ledger: Ledger,
        partition: int,
    ) -> tuple[Difference, dict[str, PersonTail]]:
        """Slow path: follow these persons from the beginning and publish the difference to what stands."""
        moved = {(event.source, event.event_id, event.offset) for event, _ in settled.moved}
        complete = {identifier: list(placed) for identifier, placed in again.items()}
        for one in ledger.facts_of(list(again)):
            if (*key_of(one), one[0]) not in moved:
                complete[one[1].identifier].append(one)
        wanted = follow_alone(alone, self.maps)
        new_tails: dict[str, PersonTail] = {}
        nothing = new_person(len(self.maps))
        for identifier, placed in complete.items():
            tail = follow(in_order(placed), None, self.maps, wanted) if placed else nothing
            new_tails[identifier] = not_before(tail, tails.get(identifier, nothing).order)
        published = [
            row
            for row in ledger.published_of(partition, list(again), sorted(settled.again_alone))
            # Nobody's version is attached by itself, so one that still counts stays as it is.
            if row.values[_IDENTIFIER] or (*row.values[_SOURCE : _SOURCE + 2], row.offset) in moved
        ]
        return diff(published, wanted), new_tails


def persons_alone(persons: Mapping[str, Sequence[Placed]]) -> Iterator[Placed]:
    """The events without an identifier."""
    return (one for placed in persons.values() for one in placed if not one[1].identifier)


def _later(placed: Sequence[Placed], known: PersonTail | None) -> PersonTail:
    order = max(fact.order for _, fact in placed)
    return PersonTail(order if known is None else max(order, known.order), ())
