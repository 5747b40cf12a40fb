"""Rows by which partitions speak to each other: links, claims, handoffs, and words to those who wait.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

from touchline.processors.ledger.columns import AWAY, CLAIM, HANDOFF, LINK, LOOK, RELEASE
from touchline.processors.ledger.ledger import ClaimRow, LinkRow
from touchline.processors.ledger.rows import Block
from touchline.processors.steps.validate import StatedLink
from touchline.processors.values.records import Fact

Row = tuple[object, ...]
NOTHING_AWAY: Mapping[str, int] = MappingProxyType({})
_CLAIM_SOURCE, _CLAIM_ID, _CLAIM_REASON, _CLAIM_TIME = map(CLAIM.index, ("source", "event_id", "reason", "event_time"))
_CLAIM_ENDS = tuple(map(CLAIM.index, ("identifier", "linked_identifier")))


def assemble_links(links: Sequence[StatedLink], stored: Sequence[Block]) -> list[Block]:
    """Links and unlinks that stored events say."""
    stored_offsets = {offset for block in stored for offset in block.offsets} if links else ()
    blocks = []
    for kind in ("link", "unlink"):
        kept = [one for one in links if one.kind == kind and one.offset in stored_offsets]
        rows: list[Row] = [_link_row(one) for one in kept]
        blocks.append(Block(kind, LINK, 1, [one.offset for one in kept], rows))
    return blocks


def _link_row(one: StatedLink) -> Row:
    fact = one.fact
    event = (fact.event_type, fact.source, fact.event_id, fact.revision, fact.event_time)
    return (*event, fact.identifier, fact.identifier_type, one.linked_identifier, one.linked_identifier_type)


def assemble_claims(placed: Sequence[tuple[int, Fact]], links: Sequence[StatedLink]) -> Block:
    """One claim row of each of these events, or one for each link that it says."""
    by_offset: dict[int, list[StatedLink]] = defaultdict(list)
    for one in links:
        by_offset[one.offset].append(one)
    block = Block("claim", CLAIM, 1, [], [])
    for offset, fact in placed:
        event = (fact.event_type, fact.source, fact.event_id, fact.revision, fact.payload_hash, fact.completeness)
        ends = [(one.linked_identifier, one.linked_identifier_type, one.kind) for one in by_offset[offset]]
        for end in ends or [("", "", "")]:
            block.offsets.append(offset)
            block.rows.append((*event, fact.event_time, fact.identifier, fact.identifier_type, *end))
    return block


def assemble_decided_claims(
    claims: Sequence[ClaimRow],
    settled: Collection[tuple[int, str, str]],
    is_erased: Callable[[str, int], bool] = lambda *_: False,
) -> list[Block]:
    """Claim rows of decided claims are retracted; those of the (offset, source, id) that are stored now say their links, but for those with
    an identifier that is erased at that time (µs)."""
    retracted = Block(
        "claim",
        CLAIM,
        -1,
        [one.offset for one in claims],
        [one.values for one in claims],
        [one.row_id for one in claims],
    )
    blocks = [retracted]
    for kind in ("link", "unlink"):
        said = [
            one
            for one in claims
            if one.values[_CLAIM_REASON] == kind
            and (one.offset, one.values[_CLAIM_SOURCE], one.values[_CLAIM_ID]) in settled
            and not any(is_erased(str(one.values[end]), int(str(one.values[_CLAIM_TIME]))) for end in _CLAIM_ENDS)
        ]
        rows: list[Row] = [tuple(one.values[CLAIM.index(name)] for name in LINK) for one in said]
        blocks.append(Block(kind, LINK, 1, [one.offset for one in said], rows))
    return blocks


def assemble_retracted_links(links: Sequence[LinkRow]) -> list[Block]:
    """Links and unlinks of events that count no more."""
    blocks = []
    for kind in ("link", "unlink"):
        lost = [one for one in links if one.kind == kind]
        rows = [one.values for one in lost]
        blocks.append(Block(kind, LINK, -1, [one.offset for one in lost], rows, [one.row_id for one in lost]))
    return blocks


def assemble_words(
    offset: int,
    *,
    away: Mapping[str, int] = NOTHING_AWAY,
    handoffs: Collection[tuple[str, int, int]] = (),
    releases: Collection[tuple[str, str]] = (),
    looks: Collection[tuple[str, str, str]] = (),
) -> list[Block]:
    """What this partition tells the others. `away` are identifiers with the earliest time (µs) at which something has changed, `handoffs`
    (identifier, partition, number), `releases` (source, id), `looks` those with a reason."""
    return [
        Block("away", AWAY, 1, [offset] * len(away), sorted(away.items())),
        Block(
            "handoff",
            HANDOFF,
            1,
            [offset] * len(handoffs),
            sorted(handoffs),
        ),
        Block("release", RELEASE, 1, [offset] * len(releases), sorted(releases)),
        Block("look", LOOK, 1, [offset] * len(looks), sorted(looks)),
    ]
