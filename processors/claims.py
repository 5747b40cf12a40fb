"""Events with versions in several partitions, as a tick looks at them: who gives way, and whose turn has come.

What is watched needs no look until one more of its claims or releases is passed; then its versions and releases are looked up, all events
of a tick together, after the marks were read that say what is passed.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from touchline.identity.passed import LedgerPosition
from touchline.identity.watch import Fate as Stand, Rules, Standing, decide as decide_one
from touchline.processors.homes import Homes, holding, passed_of, position_of_row
from touchline.processors.ledger.ledger import ClaimedFact, KnownEvent, LinkRow, WriterFenced
from touchline.processors.news import News
from touchline.processors.state.erasures import ERASE, Erasures, anonymised, how_of
from touchline.processors.state.partition import Key, Partition
from touchline.processors.steps.settle import CLAIM
from touchline.processors.values.records import Fact
from touchline.schemas.reasons import Fate
from touchline.schemas.versions import Version, fate_beside, winner_of

_STANDS: Final = {
    Fate.STORED: Stand.STORED,
    Fate.SUPERSEDED: Stand.SUPERSEDED,
    Fate.QUARANTINED: Stand.CONFLICT,
    Fate.ERASED: Stand.SUPERSEDED,  # it never counts again, and is never another version's duplicate
}
_FATES: Final = {
    Stand.SUPERSEDED: Fate.SUPERSEDED,
    Stand.CONFLICT: Fate.QUARANTINED,
    Stand.DUPLICATE: Fate.DUPLICATE,
}


class Decided(NamedTuple):
    """Versions of this partition that cease to count or to wait, and claims that are stored now. `releases` are the events of which a
    version gave way whose identifier another partition may hold; `looks` the others, for those who wait. `cut` are stored versions whose
    records count on as nobody's, among the settled ones, or claimed until the holder of the identifier has taken them back; `links` ceased
    to be said beside the versions that are lost."""

    moved: list[tuple[KnownEvent, Fate]]
    settled: list[tuple[KnownEvent, ClaimedFact]]
    releases: set[Key]
    looks: set[tuple[str, str, str]]
    cut: Sequence[KnownEvent] = ()
    links: Sequence[LinkRow] = ()
    claimed: Sequence[tuple[KnownEvent, ClaimedFact]] = ()

    @property
    def lost(self) -> list[KnownEvent]:
        """The versions that were stored and are no more."""
        return [*(event for event, _ in self.moved if event.fate == Fate.STORED), *self.cut]


def decide(partition: Partition, news: News, homes: Homes, erasures: Erasures) -> Decided:
    """What becomes of the watched events. The partition's list of them follows at once: if the insert fails, the partition is acquired
    anew.
    Raises LedgerUnavailable, and WriterFenced where another writer has decided meanwhile."""
    watched = partition.watched
    asked = _hear(partition, news, erasures)
    decided = Decided([], [], set(), {(*key, FOUND) for key in news.found})
    if not len(watched) and not asked:
        return decided
    is_passed = passed_of(partition, news, homes)
    due = sorted({*watched.due(is_passed(watched.positions())), *asked})
    if not due:
        return decided
    versions: dict[Key, list[KnownEvent]] = {key: [] for key in due}
    hidden = erasures.hidden_keys(due)
    for event in partition.ledger.find_events(sorted({*due, *hidden})):
        key = (event.source, event.event_id)
        versions[hidden.get(key, key)].append(event)
    found: dict[Key, set[LedgerPosition]] = defaultdict(set)
    releases: dict[Key, set[LedgerPosition]] = defaultdict(set)
    for row in partition.ledger.waiting_rows(due):
        key, position = (row.source, row.event_id), position_of_row(row.row_id)
        found[key].add(position)
        if row.kind == "release":
            releases[key].add(position)
    passed = is_passed({position for positions in found.values() for position in positions})
    mine = [event for events in versions.values() for event in events if event.partition == partition.number]
    held = holding(partition, {event.identifier for event in mine if event.identifier}, news.until, homes).held
    settling: list[KnownEvent] = []
    for key, unsorted in versions.items():
        events = sorted(_without_erased_copies(unsorted), key=lambda one: one.row_id)
        standings = standings_of(events, held)
        outcome = decide_one(partition.number, standings, releases[key], passed, RULES)
        for place, fate in outcome.moved.items():
            event = events[place]
            how = how_claim_ends(event, erasures)
            if fate is Stand.STORED and how != ERASE:
                settling.append(event)
            else:
                decided.moved.append((event, Fate.ERASED if how else _FATES[fate]))
        if outcome.must_release:
            decided.releases.add(key)
        if outcome.must_look:
            decided.looks.add((*key, "released"))
        watched.looked(key, found[key], passed, outcome.is_watched)
    decided.settled.extend(_with_facts(partition, settling, erasures))
    return decided


def meet_as_nobodys(partition: Partition, facts: Sequence[Fact]) -> None:
    """Versions that count on as nobody's are known under their hidden ids: claims are heard of by those who have met the id, and another
    partition may have the same event of the same sender's fault. Raises LedgerUnavailable."""
    known = [(one.source, one.event_id) for one in facts]
    if not partition.ids.has_room(len(known)):
        partition.ids.restore(partition.ledger, partition.mark, lambda: False, room=len(known))
    partition.ids.meet(known)


def _hear(partition: Partition, news: News, erasures: Erasures) -> set[Key]:
    """Claims and releases of the news are known from now on, also to whoever brings the event later. Returns the events that somebody asks
    to look at."""
    watched = partition.watched
    waiting = [row for row in news.rows if row.kind in ("claim", "release") and row.sign > 0]
    claims = [(row.source, row.event_id) for row in waiting if row.kind == "claim"]
    if claims:
        hidden = erasures.hidden_keys(claims)
        names = [*hidden]
        known = [claims[place] for place in partition.ids.meet(claims)]
        for key in (*known, *(hidden[names[place]] for place in partition.ids.known_among(names))):
            watched.watch(key)
    for row in waiting:
        watched.hear((row.source, row.event_id), position_of_row(row.row_id))
    looks = [row for row in news.rows if row.kind == "look"]
    return {(row.source, row.event_id) for row in looks if row.reason == FOUND or (row.source, row.event_id) in watched}


FOUND: Final = "found"
"""Reason of a look that a sweep asks for: whoever has anything of the event looks."""


def _without_erased_copies(events: Sequence[KnownEvent]) -> list[KnownEvent]:
    """Duplicates of an anonymised version, or of one that waits, are erased, and say nothing beside it."""
    others = {(one.revision, one.payload_hash) for one in events if not _is_over(one)}
    return [one for one in events if not _is_over(one) or (one.revision, one.payload_hash) not in others]


def _is_over(event: KnownEvent) -> bool:
    """Whether it is erased, and does not even wait to be."""
    return event.fate == Fate.ERASED and event.reason != CLAIM


def fate_of_beaten(event: KnownEvent, fate: Fate, erasures: Erasures) -> Fate:
    """The fate of a version that is beaten: a claim of somebody who is erased is erased, and any other version has the given one."""
    return Fate.ERASED if how_claim_ends(event, erasures) else fate


def how_claim_ends(event: KnownEvent, erasures: Erasures) -> str | None:
    """Of a claim of somebody who is erased: whether it is erased, or nobody's, when its turn has come. None of any other version."""
    if event.reason != CLAIM:
        return None
    return ERASE if event.fate == Fate.ERASED else how_of(erasures.spans_of(event.identifier), event.event_time)


def standings_of(events: Sequence[KnownEvent], held: Collection[str]) -> list[Standing[Version]]:
    """The versions of one event as the rules see them. A payload that came twice keeps its first completeness (schemas/versions.py)."""
    known: dict[tuple[int, int], Version] = {}
    standings = []
    for event in events:
        version = Version(event.revision, event.completeness, event.payload_hash)
        version = known.setdefault(version.identity, version)
        stands = Stand.CLAIM if event.reason == CLAIM else _STANDS[Fate(event.fate)]
        position = position_of_row(event.row_id)
        standings.append(Standing(version, stands, position, not event.identifier or event.identifier in held))
    return standings


def _beaten_by(winner: Version, beaten: Version) -> Stand:
    if winner == beaten:
        return Stand.DUPLICATE
    return Stand.SUPERSEDED if fate_beside(winner, beaten) is Fate.SUPERSEDED else Stand.CONFLICT


RULES: Final = Rules(winner_of, _beaten_by)


def _with_facts(
    partition: Partition, settling: Sequence[KnownEvent], erasures: Erasures
) -> list[tuple[KnownEvent, ClaimedFact]]:
    if not settling:
        return []
    keys = sorted({(event.source, event.event_id) for event in settling})
    facts = {one.row_id: one for one in partition.ledger.claimed_facts(partition.number, keys)}
    if not all(event.row_id in facts for event in settling):
        # Only this stream's writer decides its claims: it is another one by now.
        raise WriterFenced(partition.stream.name)
    cut = {event.row_id for event in settling if how_claim_ends(event, erasures)}
    for row_id in cut:
        facts[row_id] = facts[row_id]._replace(fact=anonymised(facts[row_id].fact, erasures))
    meet_as_nobodys(partition, [facts[row_id].fact for row_id in cut])
    return [(event, facts[event.row_id]) for event in settling]
