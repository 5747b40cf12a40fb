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
    CURSORS,
    DECIDED,
    FACT,
    LINK,
    MARK,
    SHARED_OF_FACT,
    SHARED_OF_TOUCHPOINT,
    TOUCHPOINT_FACT,
    UNKNOWN_FIELDS,
)
from touchline.processors.ledger.ledger import LinkRow
from touchline.processors.ledger.rows import Block
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.diff import Difference
from touchline.processors.steps.follow import Attached
from touchline.processors.steps.settle import Settled
from touchline.processors.steps.validate import StatedLink
from touchline.processors.values.records import Cursors, Fact, Invalid, NewRecords, RecordOutcome, Suppressed
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.reasons import Fate, Reason
from touchline.schemas.times import RECEIVED_UNKNOWN_US, is_valid_declared_time

Row = tuple[object, ...]
_REASON = BARE.index("reason")


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


def assemble_fates(
    new: NewRecords,
    outcomes: Sequence[RecordOutcome],
    refused: Mapping[int, Invalid],
    settled: Settled,
    cipher: Cipher,
    stream: str,
) -> Fated:
    """One received row per record; standing versions that a record moved are retracted and asserted under their new fate."""
    # Apart, because touchpoints leave the columns of answers empty and the other way round: empty columns cost nothing.
    same = (("fate", Fate.STORED),)
    touchpoints, others = stored = [Block("received", names, 1, [], [], same=same) for names in (TOUCHPOINT_FACT, FACT)]
    bare = Block("received", BARE, 1, [], [])
    counts: Counter[str] = Counter(received=len(new.records))
    reasons: Counter[str] = Counter()
    fates, keep_offset, keep_row = settled.fates, touchpoints.offsets.append, touchpoints.rows.append
    for index, (record, outcome) in enumerate(zip(new.records, outcomes, strict=True)):
        offset = record.offset
        if refused:
            outcome = refused.get(index, outcome)
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
            bare.offsets.append(offset)
            bare.rows.append(_lost(outcome, fate, record.value or b"", cipher))
        else:
            fate = Fate.SUPPRESSED if isinstance(outcome, Suppressed) else Fate.QUARANTINED
            bare.offsets.append(offset)
            bare.rows.append(_kept_back(outcome, fate, record.timestamp, cipher, f"{stream}\0{offset}"))
        counts[fate] += 1
        if fate is Fate.QUARANTINED:
            reasons[str(bare.rows[-1][_REASON])] += 1
    counts[Fate.STORED] += len(touchpoints.rows) + len(others.rows)
    retracted = Block("received", BARE, -1, [], [], [])
    moved: Counter[tuple[str, str]] = Counter()
    for event, new_fate in settled.moved:
        moved[event.fate, str(new_fate)] += 1
        version = (event.source, event.event_id, event.revision, event.payload_hash, event.completeness)
        identity = (*version, event.identifier, 0, 0, 0, "", "")
        assert retracted.row_ids is not None
        retracted.row_ids.append(event.row_id)
        retracted.offsets.append(event.offset)
        retracted.rows.append((*identity, event.fate, event.reason, ""))
        bare.offsets.append(event.offset)
        bare.rows.append((*identity, new_fate, _reason(new_fate), ""))
        counts[event.fate] -= 1
        counts[new_fate] += 1
    return Fated([retracted, *stored, bare], counts, stored, reasons, moved)


def _reason(fate: Fate) -> str:
    return Reason.CONFLICT if fate is Fate.QUARANTINED else ""


def _lost(fact: Fact, fate: Fate, value: bytes, cipher: Cipher) -> Row:
    """A valid event that does not count. Of a conflict the bytes are kept, for somebody has to look at it."""
    payload, key_id = "", ""
    if fate is Fate.QUARANTINED:
        payload, key_id = cipher.seal(value, f"{fact.source}\0{fact.event_id}"), cipher.key_id
    identity = (fact.source, fact.event_id, fact.revision, fact.payload_hash, fact.completeness, fact.identifier)
    return (*identity, fact.event_time, fact.span_us, fact.received_time, payload, key_id, fate, _reason(fate), "")


def _kept_back(outcome: Invalid | Suppressed, fate: Fate, record_time_ms: int, cipher: Cipher, context: str) -> Row:
    received_us = record_time_ms * 1_000
    if not is_valid_declared_time(received_us):  # a sender sets the record's time, so it may be anything
        received_us = RECEIVED_UNKNOWN_US
    if isinstance(outcome, Suppressed):
        return (outcome.source, "", 0, 0, 0, "", 0, 0, received_us, "", "", fate, outcome.reason, "")
    payload, key_id = (cipher.seal(outcome.payload, context), cipher.key_id) if outcome.payload else ("", "")
    identity = (outcome.source, outcome.event_id, outcome.revision, outcome.payload_hash, 0, "")
    return (*identity, 0, 0, received_us, payload, key_id, fate, outcome.reason, outcome.field)


def assemble_attached(
    stored: Sequence[Block], maps: Sequence[CompiledMap], attached: Sequence[Attached]
) -> list[Block]:
    """Attached rows of stored records by map, in the records' order: so what both rows say alike is transposed and packed once."""
    stored_count = sum(len(block.offsets) for block in stored)
    blocks = []
    names = (SHARED_OF_TOUCHPOINT, SHARED_OF_FACT)
    for (journey_map, of_map), (block, shared) in product(
        zip(maps, attached, strict=True), list(zip(stored, names, strict=True))
    ):
        same = (("map", journey_map.map), ("map_version", journey_map.version))
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
    return [
        Block(
            "attached",
            ATTACHED,
            -1,
            [row.offset for row in retracted],
            [row.values for row in retracted],
            [row.row_id for row in retracted],
        ),
        Block("attached", ATTACHED, 1, [offset for offset, _ in asserted], [values for _, values in asserted]),
    ]


def assemble_links(links: Sequence[StatedLink], stored: Sequence[Block]) -> list[Block]:
    """Links and unlinks that stored events say."""
    stored_offsets = {offset for block in stored for offset in block.offsets} if links else ()
    blocks = []
    for kind in ("link", "unlink"):
        kept = [one for one in links if one.kind == kind and one.offset in stored_offsets]
        rows: list[Row] = [
            (fact.event_type, fact.source, fact.event_id, fact.revision, fact.event_time, fact.identifier, other)
            for _, _, fact, other in kept
        ]
        blocks.append(Block(kind, LINK, 1, [one.offset for one in kept], rows))
    return blocks


def assemble_retracted_links(links: Sequence[LinkRow]) -> list[Block]:
    """Links and unlinks of events that count no more."""
    blocks = []
    for kind in ("link", "unlink"):
        lost = [one for one in links if one.kind == kind]
        rows = [one.values for one in lost]
        blocks.append(Block(kind, LINK, -1, [one.offset for one in lost], rows, [one.row_id for one in lost]))
    return blocks


def assemble_mark(
    new: NewRecords,
    fates: Mapping[str, int],
    unknown_field_count: int,
    writer: str,
    generation: int,
    cursors: Cursors | None,
) -> Block:
    """The progress that this insert makes; `offset` of the row is the last offset it accounts for."""
    counts = {**fates, UNKNOWN_FIELDS: unknown_field_count}
    kept = {name: count for name, count in sorted(counts.items()) if count}
    row = (writer, generation, new.first_offset, new.gap_count, kept)
    return Block("mark", MARK, 1, [new.last_offset], [row], same=((CURSORS, cursors),) if cursors else ())
