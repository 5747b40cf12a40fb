"""All signed rows of one insert, block by block: fates of the records, attached rows, links, and the mark last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.columns import (
    ATTACHED,
    BARE,
    DECIDED,
    FACT,
    MARK,
    SHARED_OF_FACT,
    SHARED_OF_TOUCHPOINT,
    TOUCHPOINT_FACT,
    UNKNOWN_FIELDS,
)
from touchline.processors.ledger.ledger import ClaimedFact, KnownEvent
from touchline.processors.ledger.rows import Block
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.diff import Difference
from touchline.processors.steps.follow import Attached
from touchline.processors.steps.settle import CLAIM as CLAIMED, Settled
from touchline.processors.values.records import (
    Erased,
    Fact,
    Invalid,
    NewRecords,
    Reached,
    RecordOutcome,
    Suppressed,
    offset_of,
    partition_of,
)
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.reasons import Fate, Reason
from touchline.schemas.times import RECEIVED_UNKNOWN_US, is_valid_declared_time

Row = tuple[object, ...]
_REASON = BARE.index("reason")
_CLAIMED = (("fate", Fate.SUPERSEDED), ("reason", CLAIMED))
_FATES_OF = {Invalid: Fate.QUARANTINED, Suppressed: Fate.SUPPRESSED, Erased: Fate.ERASED}


class Fated(NamedTuple):
    """Rows of the records' fates, and the net change of each fate (`received` counts the records)."""

    blocks: list[Block]
    counts: Counter[str]
    stored: list[Block]
    """Those of the blocks that hold the facts of stored records, by ascending offset: of touchpoints, and of all other events."""
    reasons: Counter[str]
    """Why how many of the records were quarantined."""
    moved: Counter[tuple[str, str]]
    """How many earlier records went from one fate to another."""

    @classmethod
    def without_records(cls) -> Fated:
        """Nothing yet: of an insert without records."""
        return cls([], Counter(), _stored_blocks(), Counter(), Counter())


def assemble_fates(
    new: NewRecords, outcomes: Sequence[RecordOutcome], settled: Settled, cipher: Cipher, stream: str
) -> Fated:
    """One received row per record; standing versions that a record moved are retracted and asserted under their new fate."""
    touchpoints, others = stored = _stored_blocks()
    claimed = Block("received", FACT, 1, [], [], same=_CLAIMED)
    bare = Block("received", BARE, 1, [], [])
    counts: Counter[str] = Counter(received=len(new.records))
    reasons: Counter[str] = Counter()
    fates, keep_offset, keep_row = settled.fates, touchpoints.offsets.append, touchpoints.rows.append
    for record, outcome in zip(new.records, outcomes, strict=True):
        offset = record.offset
        if isinstance(outcome, Fact):
            fate = fates.get(offset)
            if fate is None:
                if outcome.event_type == TOUCHPOINT:
                    keep_offset(offset)
                    keep_row(outcome)
                else:
                    others.offsets.append(offset)
                    others.rows.append(outcome)
                continue
            counts[fate] += 1
            if offset in settled.claims:
                claimed.offsets.append(offset)
                claimed.rows.append(outcome)
                continue
            row = _lost(outcome, fate, record.value or b"", cipher)
        else:
            fate = _FATES_OF[type(outcome)]
            counts[fate] += 1
            row = _kept_back(outcome, fate, record.timestamp, cipher, f"{stream}\0{offset}")
        bare.offsets.append(offset)
        bare.rows.append(row)
        if fate is Fate.QUARANTINED:
            reasons[str(row[_REASON])] += 1
    counts[Fate.STORED] += len(touchpoints.rows) + len(others.rows)
    fated = Fated([*stored, claimed, bare], counts, stored, reasons, Counter())
    move_fates(settled.moved, fated)
    return fated


def _stored_blocks() -> list[Block]:
    # Apart, because touchpoints leave the columns of answers empty and the other way round: empty columns cost nothing.
    same = (("fate", Fate.STORED),)
    return [Block("received", names, 1, [], [], same=same) for names in (TOUCHPOINT_FACT, FACT)]


def move_fates(moved: Sequence[tuple[KnownEvent, Fate]], into: Fated) -> None:
    """Retract these versions, and assert them under their new fate without what they say."""
    if not moved:
        return
    retracted, bare = Block("received", BARE, -1, [], [], []), Block("received", BARE, 1, [], [])
    for event, new_fate in moved:
        _retract(event, into, retracted, new_fate)
        bare.offsets.append(event.offset)
        bare.rows.append((*_identity(event), new_fate, _reason(new_fate), ""))
    into.blocks[:0] = [retracted]
    into.blocks.append(bare)


def settle_claims(claims: Sequence[tuple[KnownEvent, ClaimedFact]], into: Fated) -> None:
    """Claims whose turn has come: retract them, and assert them as stored with all that they say."""
    if not claims:
        return
    retracted = Block("received", BARE, -1, [], [], [])
    touchpoints, others = into.stored
    for event, (_, offset, fact) in claims:
        _retract(event, into, retracted, Fate.STORED)
        block = touchpoints if fact.event_type == TOUCHPOINT else others
        block.offsets.append(offset)
        block.rows.append(fact)
    into.blocks[:0] = [retracted]
    into.blocks.extend(into.stored)


def claim_again(claims: Sequence[tuple[KnownEvent, ClaimedFact]], into: Fated) -> None:
    """Stored versions that wait, as other facts, until they may count again: retract them, and assert them as claims."""
    if not claims:
        return
    retracted = Block("received", BARE, -1, [], [], [])
    claimed = Block("received", FACT, 1, [], [], same=_CLAIMED)
    for event, (_, offset, fact) in claims:
        _retract(event, into, retracted, Fate.SUPERSEDED)
        claimed.offsets.append(offset)
        claimed.rows.append(fact)
    into.blocks[:0] = [retracted]
    into.blocks.append(claimed)


def _retract(event: KnownEvent, into: Fated, retracted: Block, new_fate: Fate) -> None:
    assert retracted.row_ids is not None
    retracted.row_ids.append(event.row_id)
    retracted.offsets.append(event.offset)
    retracted.rows.append((*_identity(event), event.fate, event.reason, ""))
    into.moved[event.fate, str(new_fate)] += 1
    into.counts[event.fate] -= 1
    into.counts[new_fate] += 1


def _identity(event: KnownEvent) -> Row:
    version = (event.source, event.event_id, event.revision, event.payload_hash, event.completeness)
    return (event.event_type, *version, event.identifier, event.event_time, 0, 0, "", "")


def _reason(fate: Fate) -> str:
    return Reason.CONFLICT if fate is Fate.QUARANTINED else ""


def _lost(fact: Fact, fate: Fate, value: bytes, cipher: Cipher) -> Row:
    """A valid event that does not count. Of a conflict the bytes are kept, for somebody has to look at it."""
    payload, key_id = "", ""
    if fate is Fate.QUARANTINED:
        payload, key_id = cipher.seal(value, f"{fact.source}\0{fact.event_id}"), cipher.key_id
    version = (fact.source, fact.event_id, fact.revision, fact.payload_hash, fact.completeness)
    return (
        fact.event_type,
        *version,
        fact.identifier,
        fact.event_time,
        fact.span_us,
        fact.received_time,
        payload,
        key_id,
        fate,
        _reason(fate),
        "",
    )


def _kept_back(
    outcome: Invalid | Suppressed | Erased, fate: Fate, record_time_ms: int, cipher: Cipher, context: str
) -> Row:
    received_us = record_time_ms * 1_000
    if not is_valid_declared_time(received_us):  # a sender sets the record's time, so it may be anything
        received_us = RECEIVED_UNKNOWN_US
    if isinstance(outcome, Suppressed):
        return ("", outcome.source, "", 0, 0, 0, "", 0, 0, received_us, "", "", fate, outcome.reason, "")
    if isinstance(outcome, Erased):
        *version, reason = outcome
        return ("", *version, "", 0, 0, received_us, "", "", fate, reason, "")
    payload, key_id = (cipher.seal(outcome.payload, context), cipher.key_id) if outcome.payload else ("", "")
    identity = ("", outcome.source, outcome.event_id, outcome.revision, outcome.payload_hash, 0, "")
    return (*identity, 0, 0, received_us, payload, key_id, fate, outcome.reason, outcome.field)


def assemble_attached(
    stored: Sequence[Block], maps: Sequence[CompiledMap], attached: Sequence[Attached], partition: int
) -> list[Block]:
    """Attached rows of stored records by map, in the records' order: so what both rows say alike is transposed and packed once."""
    stored_count = sum(len(block.offsets) for block in stored)
    blocks = []
    names = (SHARED_OF_TOUCHPOINT, SHARED_OF_FACT)
    for (journey_map, of_map), (block, shared) in product(
        zip(maps, attached, strict=True), list(zip(stored, names, strict=True))
    ):
        same = (("map", journey_map.map), ("map_version", journey_map.version), ("record_partition", partition))
        offsets, facts = block.offsets, block.rows
        if len(of_map) < stored_count:
            on_journey = [one for one in zip(offsets, facts, strict=True) if one[0] in of_map]
            offsets, facts = [offset for offset, _ in on_journey], [fact for _, fact in on_journey]
        decided: list[Row] = [of_map[offset] for offset in offsets]
        blocks.append(Block("attached", shared, 1, offsets, facts, None, same, DECIDED, decided))
    return blocks


def assemble_difference(difference: Difference) -> list[Block]:
    """Attached rows with their signs."""
    retracted, asserted = difference
    names = (*ATTACHED, "record_partition")
    return [
        Block(
            "attached",
            names,
            -1,
            [offset_of(row.position) for row in retracted],
            [(*row.values, partition_of(row.position)) for row in retracted],
            [row.row_id for row in retracted],
        ),
        Block(
            "attached",
            names,
            1,
            [offset_of(position) for position, _ in asserted],
            [(*values, partition_of(position)) for position, values in asserted],
        ),
    ]


def assemble_mark(
    new: NewRecords, fates: Mapping[str, int], unknown_field_count: int, writer: str, generation: int, reached: Reached
) -> Block:
    """The progress that this insert makes; `offset` of the row is the last offset it accounts for."""
    counts = {**fates, UNKNOWN_FIELDS: unknown_field_count}
    kept = {name: count for name, count in sorted(counts.items()) if count}
    row = (writer, generation, new.first_offset, new.gap_count, kept, *reached)
    return Block("mark", MARK, 1, [new.last_offset], [row])
