"""Bring the state of a partition up to the ledger's mark: nothing to do, catch up, or rebuild."""

from __future__ import annotations

from touchline.processors.ledger.ledger import Ledger, Mark, Stream
from touchline.processors.pipeline import Pipeline
from touchline.processors.state.tails import Stamp, Tails
from touchline.processors.values.person import PersonTail, key_of_nobody, new_person, not_before


def restore(tails: Tails, ledger: Ledger, stream: Stream, mark: Mark, pipeline: Pipeline) -> int:
    """Make `tails` reflect everything up to the mark; returns the number of persons that were read again.

    A state with an older stamp of this stream is caught up from there; any other one is dropped and rebuilt.
    """
    wanted = Stamp(stream.name, mark.insert_number, mark.last_offset, pipeline.maps_fingerprint)
    stamp = tails.stamp()
    if stamp == wanted:
        return 0
    since = _usable_until(stamp, wanted, ledger, stream)
    if since is None:
        tails.clear()
    count = 0
    nothing = new_person(len(pipeline.maps))
    for times in ledger.identifiers_since(stream, since):
        rebuilt = pipeline.tails_of(ledger.facts_of(list(times)))
        known = tails.get_many(times)
        # Without a stamp of its own: a crash in between leaves the old stamp, and the work is done again.
        tails.put_many(
            {
                identifier: not_before(
                    rebuilt.get(identifier, nothing), last_us, known.get(identifier, nothing).last_us
                )
                for identifier, last_us in times.items()
            },
            None,
        )
        count += len(times)
    unidentified = {
        key_of_nobody(source): PersonTail(last_us, ())
        for source, last_us in ledger.last_unidentified_since(stream, since).items()
    }
    known = tails.get_many(unidentified)
    tails.put_many({key: max(tail, known.get(key, tail)) for key, tail in unidentified.items()}, wanted)
    return count


def _usable_until(stamp: Stamp | None, wanted: Stamp, ledger: Ledger, stream: Stream) -> int | None:
    """Number of the insert from which the state may be caught up: it is a state of this stream and these maps, and the ledger knows
    that insert as the state does."""
    if stamp is None or (stamp.stream, stamp.maps_fingerprint) != (wanted.stream, wanted.maps_fingerprint):
        return None
    if stamp.insert_number >= wanted.insert_number:
        return None
    is_known = ledger.offset_of_insert(stream, stamp.insert_number) == stamp.last_offset
    return stamp.insert_number if is_known else None
