"""Bring the state of a partition up to the ledger's mark: nothing to do, catch up, or rebuild."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from touchline.processors.attach import CompiledMap
from touchline.processors.follow import follow
from touchline.processors.resolve import Placed, in_order
from touchline.processors.state.tails import PersonTail, Stamp, Tails
from touchline.processors.store.ledger import Ledger, Mark, Stream


def restore(
    tails: Tails, ledger: Ledger, stream: Stream, mark: Mark, maps: Sequence[CompiledMap], fingerprint: str
) -> int:
    """Make `tails` reflect everything up to the mark; returns the number of persons that were read again.

    A state with an older stamp of this stream is caught up from there; any other one is dropped and rebuilt.
    """
    wanted = Stamp(stream.name, mark.insert_number, fingerprint)
    stamp = tails.stamp()
    if stamp == wanted:
        return 0
    since: int | None = None
    if (
        stamp is not None
        and stamp.stream == wanted.stream
        and stamp.maps_fingerprint == fingerprint
        and stamp.insert_number < mark.insert_number
    ):
        since = stamp.insert_number
    else:
        tails.clear()
    count = 0
    for identifiers in ledger.identifiers_since(stream, since):
        rebuilt = tails_of(ledger.facts_of(identifiers), maps)
        # Without a stamp of its own: a crash in between leaves the old stamp, and the work is done again.
        tails.put_many(rebuilt, stamp if since is not None else None)
        count += len(rebuilt)
    unidentified = {
        f"@{source}": PersonTail(order, ()) for source, order in ledger.last_unidentified_since(stream, since).items()
    }
    known = tails.get_many(unidentified)
    tails.put_many({key: max(tail, known.get(key, tail)) for key, tail in unidentified.items()}, wanted)
    return count


def tails_of(facts: Sequence[Placed], maps: Sequence[CompiledMap]) -> dict[str, PersonTail]:
    """Tails of all persons among these facts, which must be complete for each person."""
    by_person: dict[str, list[Placed]] = defaultdict(list)
    for placed in facts:
        by_person[placed[1].identifier].append(placed)
    return {identifier: follow(in_order(placed), None, maps, []) for identifier, placed in by_person.items()}
