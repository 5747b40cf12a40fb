"""Takes events of a person out of an outbox's files, as far as they wait for nothing any more.

What waits goes to Kafka, where the workers know that its person is erased. What has been sent lies in a segment until that is full: so a
new one is begun, and those before go. What stands aside, or was skipped as damaged, is taken out.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from touchline.producers.outbox import wire
from touchline.producers.outbox.aside import aside_locked, read_line
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.folder import (
    ASIDE,
    DRAIN_LOCK,
    PAGE,
    prepare,
    segment_path,
    segment_starts,
    sync_folder,
    unusable,
    write_all,
)
from touchline.producers.outbox.locks import FileLock
from touchline.producers.outbox.page import ACKNOWLEDGED, END, open_page
from touchline.producers.outbox.writer import OutboxWriter
from touchline.schemas.identifiers import PERSON_KEY
from touchline.schemas.keys_in_text import KeysInText

_PERSON_KEY: Final = re.compile(PERSON_KEY.pattern.encode())


class OutboxTraces(NamedTuple):
    """Events that name one of some person keys: on their way to Kafka, in it already and still in a segment, and set aside; and files of
    damaged bytes with such a key."""

    waiting: int = 0
    sent: int = 0
    aside: int = 0
    damaged: int = 0


def traces_of(folder: Path, persons: Sequence[Collection[str]]) -> list[OutboxTraces]:
    """What the outbox holds of each of these persons, who are given by their keys. Raises OutboxUnusable where there is none."""
    prepare(folder, None)
    wanted = _Wanted(persons)
    try:
        page, _ = open_page(folder / PAGE)
        acknowledged = page[ACKNOWLEDGED]
        sent, waiting = Counter[int](), Counter[int]()
        for start in segment_starts(folder):
            for end, places in _naming(folder, start, wanted):
                (waiting if end > acknowledged else sent).update(places)
        aside = Counter(place for line in _aside_lines(folder) for place in wanted.named_in(line))
        damaged = Counter(place for path in folder.glob("*.damaged") for place in wanted.named_in(path.read_bytes()))
    except OSError as error:
        raise unusable(folder, error) from None
    return [OutboxTraces(waiting[place], sent[place], aside[place], damaged[place]) for place in range(len(persons))]


def keys_in(folder: Path) -> set[str]:
    """All person keys that stand in its files. Raises OutboxUnusable where there is none."""
    prepare(folder, None)
    try:
        lines = list(_aside_lines(folder))
        bodies = [refused.body for line in lines if (refused := read_line(line)) is not None]
        paths = [*(segment_path(folder, start) for start in segment_starts(folder)), *folder.glob("*.damaged")]
        contents = [*lines, *bodies, *map(_bytes_of, paths)]
    except OSError as error:
        raise unusable(folder, error) from None
    return {key.decode() for one in contents for key in _PERSON_KEY.findall(one)}


def forget(folder: Path, keys: Collection[str]) -> OutboxTraces:
    """Take them out, and return what is left. A sender may write meanwhile; while a process drains, sent events stay until it has sent the
    next one. Raises OutboxUnusable."""
    (found,) = traces_of(folder, [keys])
    if found == OutboxTraces():
        return found
    wanted = _Wanted([keys])
    writer = OutboxWriter(OutboxConfig(folder), None)
    try:
        writer.begin_segment()
        _drop_sent(folder, writer.page)
        with aside_locked(folder):
            _rewrite_aside(folder, wanted)
        for path in folder.glob("*.damaged"):
            if wanted.named_in(path.read_bytes()):
                path.unlink()
        sync_folder(folder)
    except OSError as error:
        raise unusable(folder, error) from None
    finally:
        writer.close()
    (left,) = traces_of(folder, [keys])
    return left


class _Wanted:
    """Whom bytes name, of persons that are given by their keys."""

    def __init__(self, persons: Sequence[Collection[str]]) -> None:
        self._places: defaultdict[str, set[int]] = defaultdict(set)
        for place, keys in enumerate(persons):
            for key in keys:
                self._places[key].add(place)
        self._keys = KeysInText(self._places)

    def named_in(self, content: bytes) -> set[int]:
        """Places of the persons; of a line of the file of events that stand aside also those in the record's own bytes."""
        found = self._keys.found_in(content)
        refused = read_line(content) if content.startswith(b"{") else None
        if refused is not None:
            found |= self._keys.found_in(refused.body)
        return {place for key in found for place in self._places[key]}


def _naming(folder: Path, start: int, wanted: _Wanted) -> Iterator[tuple[int, set[int]]]:
    """Position where its block ends and the places of the persons whom it names, for each event that names one."""
    try:
        content = segment_path(folder, start).read_bytes()
    except FileNotFoundError:  # drained meanwhile
        return
    if not wanted.named_in(content):
        return
    at = 0
    for block in wire.whole_blocks(content):
        for share in wire.read_records(content[at : block.end], start + at, 1).shares.values():
            for body in share.bodies:
                if places := wanted.named_in(body):
                    yield start + block.end, places
        at = block.end


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # drained meanwhile
        return b""


def _drop_sent(folder: Path, page: memoryview) -> None:
    """Delete what a draining process would delete with the next event: only where none drains, and nothing waits."""
    lock = FileLock(folder / DRAIN_LOCK)
    try:
        if lock.try_to_take() and page[ACKNOWLEDGED] == page[END]:
            for start in segment_starts(folder)[:-1]:
                segment_path(folder, start).unlink(missing_ok=True)
    finally:
        lock.close()


def _aside_lines(folder: Path) -> Iterator[bytes]:
    try:
        with (folder / ASIDE).open("rb") as lines:
            yield from lines
    except FileNotFoundError:
        return


def _rewrite_aside(folder: Path, wanted: _Wanted) -> None:
    """The file without the lines that name a key. The caller holds its lock."""
    lines = list(_aside_lines(folder))
    kept = [line for line in lines if not wanted.named_in(line)]
    if len(kept) == len(lines):
        return
    draft = folder / f"{ASIDE}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, b"".join(kept))
        os.fsync(descriptor)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    draft.replace(folder / ASIDE)
