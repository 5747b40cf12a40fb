"""Bring the state of a partition up to the ledger's mark: nothing to do, catch up, or rebuild."""

from __future__ import annotations

from touchline.processors.ledger.ledger import Ledger, Mark, Stream
from touchline.processors.pipeline import Pipeline
from touchline.processors.state.tails import Stamp, Tails
from touchline.processors.values.person import APART, BEFORE_ALL_US, PersonTail, key_of_nobody, unread_person
from touchline.processors.values.records import Cursors, Reached


def restore(tails: Tails, ledger: Ledger, stream: Stream, mark: Mark, reached: Reached, pipeline: Pipeline) -> int:
    """Make `tails` reflect everything up to the mark, and all that was said about identifiers, whether it was followed or not; returns the
    number of persons that are to be read, each by the first batch that names one.

    A state with an older stamp of this stream is caught up from there, unless the stream has walked for a change of the maps since; any
    other one is dropped and rebuilt.
    """
    wanted = Stamp.at(stream.name, mark, reached)
    stamp = tails.stamp()
    if stamp is not None and stamp.is_of(wanted):
        return 0
    since = _usable_until(stamp, wanted, ledger, stream)
    if since is None:
        tails.clear()
    _set_apart(
        tails, ledger, stream, {} if since is None or stamp is None else dict(stamp.cursors), reached.cursors, pipeline
    )
    count = 0
    for times in ledger.identifiers_since(stream, since):
        _note_unread(tails, times, len(pipeline.maps))
        count += len(times)
    # Read after the events: what anybody said and no tick has followed may have changed these, and not yet what is published of them.
    _set_apart(tails, ledger, stream, reached.cursors, ledger.positions(), pipeline)
    unidentified = {
        key_of_nobody(source): PersonTail(last_us, ())
        for source, last_us in ledger.last_unidentified_since(stream, since).items()
    }
    known = tails.get_many(unidentified)
    tails.put_many({key: max(tail, known.get(key, tail)) for key, tail in unidentified.items()}, wanted)
    return count


def _set_apart(
    tails: Tails, ledger: Ledger, stream: Stream, after: Cursors, until: Cursors, pipeline: Pipeline
) -> None:
    """All identifiers at home here that somebody linked or handed over, or of which another partition received something: only
    ticks follow them."""
    named = {
        end
        for row in ledger.feed(after, until)
        if row.kind in ("link", "unlink", "handoff", "away")
        for end in (row.identifier, row.linked_identifier)
        if end and pipeline.homes.has(stream.partition, end)
    }
    known = tails.get_many(named)
    tails.put_many(
        {one: PersonTail(known[one].last_us if one in known else BEFORE_ALL_US, APART) for one in named}, None
    )


def _note_unread(tails: Tails, times: dict[str, int], map_count: int) -> None:
    """These identifiers have events, the last one at that time. The first batch that names one reads it, or leaves it to the ticks where
    it is not at home here."""
    known = tails.get_many(times)
    # Without a stamp of its own: a crash in between leaves the old stamp, and the work is done again.
    tails.put_many(
        {
            one: unread_person(max(last_us, known[one].last_us) if one in known else last_us, map_count)
            for one, last_us in times.items()
            if one not in known or known[one].is_plain
        },
        None,
    )


def _usable_until(stamp: Stamp | None, wanted: Stamp, ledger: Ledger, stream: Stream) -> int | None:
    """Number of the insert from which the state may be caught up: it is a state of this stream in this form, and the ledger knows
    that insert as the state does."""
    if stamp is None or (stamp.stream, stamp.form, stamp.walked) != (wanted.stream, wanted.form, wanted.walked):
        return None
    if stamp.insert_number >= wanted.insert_number:
        return None
    is_known = ledger.offset_of_insert(stream, stamp.insert_number) == stamp.last_offset
    return stamp.insert_number if is_known else None
