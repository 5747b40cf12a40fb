"""Events that Kafka refuses for good: kept in a file of their own, so that they hold up no other.

One JSON object a line: position, id, source, reason (Kafka's name of the error), refused_at, the event for people (null where its bytes
are no JSON), and `record`, its exact bytes in Base64, from which `touchline outbox retry` takes it back. Who adds or takes lines holds
`aside.lock`.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from touchline.producers.outbox import wire
from touchline.producers.outbox.folder import ASIDE, ASIDE_LOCK, write_all
from touchline.producers.outbox.locks import FileLock
from touchline.schemas.times import format_time


class Refused(NamedTuple):
    """One line of the file."""

    position: int
    """Of the block that held the event."""
    event_id: str
    source: str
    reason: str
    refused_at: str
    body: bytes
    """As wire.body_of makes it; empty where the line does not hold it."""


@contextmanager
def aside_locked(folder: Path) -> Iterator[None]:
    """No other process changes the file meanwhile."""
    lock = FileLock(folder / ASIDE_LOCK)
    lock.take()
    try:
        yield
    finally:
        lock.close()


def put_aside(folder: Path, position: int, body: bytes, error: BaseException, now_us: int) -> None:
    """Append one event and make it durable."""
    record = wire.record_of(body)
    line = {
        "position": position,
        "id": record.event_id,
        "source": record.source,
        "reason": type(error).__name__.removesuffix("Error"),
        "refused_at": format_time(now_us),
        "event": _event_in(record.value),
        "record": b64encode(body).decode(),
    }
    content = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass") + b"\n"
    with aside_locked(folder):
        descriptor = os.open(folder / ASIDE, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            if size and os.pread(descriptor, 1, size - 1) != b"\n":  # killed in mid-line
                content = b"\n" + content
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _event_in(value: bytes) -> Any:
    try:
        return json.loads(value)
    except ValueError:  # an importer may send what the quarantine is to keep
        return None


class AsideReader:
    """Reads what is put aside from now on."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ASIDE
        self._inode, self._offset = self._state()

    def _state(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_ino, found.st_size

    def read(self) -> list[Refused]:
        """What came since, in order; of a file that was emptied or replaced meanwhile all of it. A line that was cut off is left out."""
        try:
            with self._path.open("rb") as lines:
                found = os.fstat(lines.fileno())
                is_same = found.st_ino == self._inode and found.st_size >= self._offset
                self._offset = lines.seek(self._offset if is_same else 0)
                self._inode = found.st_ino
                content = lines.read()
        except FileNotFoundError:
            return []
        complete = content.rfind(b"\n") + 1
        self._offset += complete
        return [refused for line in content[:complete].splitlines() if (refused := read_line(line)) is not None]


def all_refused(folder: Path) -> Iterator[Refused]:
    """All that stands in the file, in order."""
    try:
        with (folder / ASIDE).open("rb") as lines:
            for line in lines:
                if (refused := read_line(line)) is not None:
                    yield refused
    except FileNotFoundError:
        return


def read_line(line: bytes) -> Refused | None:
    """One line of the file; None where it is not whole."""
    try:
        found: dict[str, Any] = json.loads(line)
        body = b64decode(found.get("record", ""))
        return Refused(found["position"], found["id"], found["source"], found["reason"], found["refused_at"], body)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
