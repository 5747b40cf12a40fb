"""Sends the rows of one file: map, emit, secure, note how far it came; bad rows go to the quarantine.

    rows ─▶ PlainRows, else Mapper ─▶ emit_many ─▶ refused? ─▶ emit_refused ─▶ secure ─▶ journal

A kill between `secure` and the journal repeats one batch: its events are duplicates, which change nothing; its refused rows then stand
in the quarantine twice.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, repeat
from typing import Any, Final, NamedTuple

from touchline.producers.errors import DeliveryFailed, EventRejected
from touchline.producers.garbage import rare_collections
from touchline.producers.imports.contested import ContestedIds
from touchline.producers.imports.journal import ImportJournal, Progress
from touchline.producers.imports.mapping.mapper import Mapper
from touchline.producers.imports.mapping.plain import PlainRows
from touchline.producers.imports.rows.row import Row, RowFile
from touchline.producers.imports.verdicts import RowVerdict, RowVerdicts
from touchline.producers.masked import masked_since
from touchline.producers.producer import EventProducer
from touchline.producers.record import PreparedRecord
from touchline.producers.undeclared import UndeclaredSources

ROWS_PER_BATCH: Final = 5_000
Say = Callable[[RowVerdict], None]
Refused = list[tuple[bytes, dict[str, Any]]]
"""Hash and event of each refused row."""
_Bad = tuple[RowVerdict, dict[str, Any], bytes]
"""Why a row is refused, as much of its event as there is, and what stands there where it is no row."""


_Good = tuple[int, dict[str, Any] | PreparedRecord]
"""Line of a row and what is sent of it."""


class _Taken(NamedTuple):
    """A row on its way to Kafka."""

    line: int
    event_id: str
    size: int
    """About, in bytes."""
    is_suppressed: bool


def send_rows(
    rows: RowFile,
    mapper: Mapper,
    producer: EventProducer,
    journal: ImportJournal | None,
    work: bytes,
    *,
    advance: Callable[[int], None] = lambda units: None,
    say: Say = lambda verdict: None,
    undeclared: UndeclaredSources | None = None,
    contested: ContestedIds | None = None,
    rows_per_batch: int = ROWS_PER_BATCH,
) -> RowVerdicts:
    """Sends all rows that no earlier run has; `say` hears of each refused row at once, but `undeclared` of those whose source is not
    declared; `advance` hears of the units read, and `contested` looks at what was taken. Without a journal (a
    dry run) nothing is noted, and refused rows are not sent to the quarantine. Raises what the producer raises, FileDamaged where the file
    breaks off: what came before is safe and noted."""
    verdicts = RowVerdicts()
    done = Progress(0, 0) if journal is None else journal.progress(work)
    verdicts.skipped, verdicts.skipped_rejected = done
    if journal is not None:
        verdicts.contested = journal.contested(work)
    if contested is not None:
        contested.begin_file()
    iterator = iter(rows)
    mapper.ids.seal_by(producer.content_id)
    plain = PlainRows.of(mapper, producer.maker)
    masked_before = producer.masked
    position = 0
    for row in islice(iterator, done.rows):
        mapper.skip(row)
    with rare_collections():
        for batch in _batches(iterator, rows_per_batch):
            refused, taken = _send_batch(
                _mapped(batch, plain, mapper), producer, verdicts, say, undeclared or UndeclaredSources(), contested
            )
            verdicts.rows += len(batch)
            verdicts.masked = masked_since(masked_before, producer.masked)
            if journal is not None:
                sent = _quarantine(refused, producer, journal)
                verdicts.quarantined += len(sent)
                _secure(producer, taken, verdicts, say)
                progress = Progress(done.rows + verdicts.rows, done.rejected + verdicts.rejected)
                journal.advance(work, progress, sent, verdicts.contested)
            advance(rows.position - position)
            position = rows.position
    return verdicts


def send_events(
    events: Iterable[dict[str, Any]],
    producer: EventProducer,
    journal: ImportJournal | None,
    work: bytes,
    contested: ContestedIds | None = None,
    rows_per_batch: int = ROWS_PER_BATCH,
) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    """Sends events that our own importers made, a batch at a time, each of which is given when it is safe, with whether this run sent it
    (an earlier one did, else). `contested` looks at what was taken. Raises what the producer raises."""
    done = 0 if journal is None else journal.progress(work).rows
    iterator = iter(events)
    position = 0
    while batch := list(islice(iterator, done - position if position < done else rows_per_batch)):
        is_new = position >= done
        position += len(batch)
        if is_new:
            if contested is not None:
                contested.expect((event["source"], event["id"]) for event in batch)
            producer.emit_many(batch, on_taken=contested.see if contested is not None else None)
            if contested is not None:
                contested.settle()
            if journal is not None:
                producer.secure()
                journal.advance(work, Progress(position, 0))
        yield batch, is_new
    if journal is not None:
        journal.end(work)


def _batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """Where the file breaks off, the rows before are given first."""
    while True:
        batch: list[Row] = []
        try:
            for row in islice(rows, size):
                batch.append(row)  # noqa: PERF402 - what came before the exception is kept
        except BaseException:
            if batch:
                yield batch
            raise
        if not batch:
            return
        yield batch


def _send_batch(
    mapped: tuple[list[_Good], list[_Bad]],
    producer: EventProducer,
    verdicts: RowVerdicts,
    say: Say,
    undeclared: UndeclaredSources,
    contested: ContestedIds | None,
) -> tuple[Refused, Iterable[_Taken]]:
    """Sends what can be sent; counts and tells the verdicts on the rest in the order of the lines. Gives these, and what was taken."""
    good, bad = mapped
    counted_only: set[int] = set()
    refused_lines: set[int] = set()

    def on_rejected(position: int, error: EventRejected) -> None:
        line, event = good[position]
        assert isinstance(event, dict)
        bad.append((RowVerdict.of_rejection(line, error), event, b""))
        refused_lines.add(line)
        if undeclared.note(error):
            counted_only.add(line)

    suppressed: list[int] = []
    if contested is not None:
        contested.expect(
            (one.source, one.event_id) if isinstance(one, PreparedRecord) else (one["source"], one["id"])
            for _, one in good
        )
    events = (event for _, event in good)
    taken = producer.emit_many(
        events,
        on_rejected=on_rejected,
        on_suppressed=suppressed.append,
        on_taken=contested.see if contested is not None else None,
    )
    if contested is not None:
        verdicts.contested += contested.settle()
    verdicts.accepted += taken - len(suppressed)
    verdicts.suppressed += len(suppressed)
    bad.sort(key=lambda one: one[0].line)
    for verdict, _, _ in bad:
        verdicts.refuse(verdict)
        if verdict.line not in counted_only:
            say(verdict)
    is_suppressed = set(suppressed)
    sent = (
        _Taken(line, *_id_and_size(event), at in is_suppressed)
        for at, (line, event) in enumerate(good)
        if line not in refused_lines
    )
    return [(_hash_of(event, raw), event) for _, event, raw in bad], sent


def _id_and_size(event: dict[str, Any] | PreparedRecord) -> tuple[str, int]:
    if isinstance(event, PreparedRecord):
        return event.event_id, len(event.value)
    return event["id"], len(str(event))


def _mapped(batch: list[Row], plain: PlainRows | None, mapper: Mapper) -> tuple[list[_Good], list[_Bad]]:
    """Lines and what to send of the rows that the mapping can read, and the others."""
    bad: list[_Bad] = []
    good: list[_Good] = []
    for row, record in zip(batch, plain.records(batch) if plain is not None else repeat(None), strict=False):
        if record is not None:
            good.append((row.number, record))
            continue
        event, faults = mapper.map(row)
        if faults:
            bad.append((RowVerdict.of_faults(row.number, faults), event, row.raw))
        else:
            good.append((row.number, event))
    return good, bad


def _secure(producer: EventProducer, taken: Iterable[_Taken], verdicts: RowVerdicts, say: Say) -> None:
    """Waits until all that was taken is safe. What is larger than the topic takes is a refused row; raises whatever else went wrong."""
    try:
        producer.secure()
    except DeliveryFailed as failed:
        if len(failed.too_large) < failed.failed:
            raise
        left = Counter(failed.too_large)
        refused: list[_Taken] = []
        suspects = [one for one in taken if one.event_id in left]
        for one in sorted(suspects, key=lambda one: -one.size):  # of rows with one id the largest
            if left[one.event_id]:
                left[one.event_id] -= 1
                refused.append(one)
        verdicts.quarantined -= left.total()  # refused rows before, which are no less large for the quarantine
        for one in sorted(refused, key=lambda one: one.line):
            verdict = RowVerdict.of_size(one.line)
            verdicts.take_back(verdict, was_suppressed=one.is_suppressed)
            say(verdict)


def _quarantine(refused: Refused, producer: EventProducer, journal: ImportJournal) -> list[bytes]:
    """Sends the refused rows that are not in the quarantine yet; returns their hashes."""
    by_hash = dict(refused)
    known = journal.known_refused(by_hash) if by_hash else set()
    return [one for one, event in by_hash.items() if one not in known and producer.emit_refused(event)]


def _hash_of(event: dict[str, Any], raw: bytes) -> bytes:
    """Of the row's own content: where it stands in which file does not count."""
    content = raw or json.dumps(event, sort_keys=True, default=str).encode()
    return hashlib.blake2b(content, digest_size=16).digest()
