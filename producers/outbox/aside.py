"""Events that Kafka refuses for good: kept in a file of their own, so that they hold up no other.

One JSON object a line: position, id, source, reason (Kafka's name of the error), refused_at and the event itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from touchline.producers.outbox import wire
from touchline.producers.outbox.folder import ASIDE, write_all
from touchline.schemas.times import format_time


class Refused(NamedTuple):
    """One line of the file."""

    position: int
    """Of the block that held the event."""
    event_id: str
    reason: str
    refused_at: str


def put_aside(folder: Path, position: int, body: bytes, error: BaseException, now_us: int) -> None:
    """Append one event and make it durable."""
    record = wire.record_of(body)
    line = {
        "position": position,
        "id": record.event_id,
        "source": record.source,
        "reason": type(error).__name__.removesuffix("Error"),
        "refused_at": format_time(now_us),
        "event": json.loads(record.value),
    }
    content = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    descriptor = os.open(folder / ASIDE, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # killed in mid-line
            content = b"\n" + content
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def aside_bytes(folder: Path) -> int:
    """Length of the file."""
    try:
        return (folder / ASIDE).stat().st_size
    except FileNotFoundError:
        return 0


def refused_since(folder: Path, offset: int = 0) -> tuple[list[Refused], int]:
    """What was put aside from an offset of the file on, in order, and the offset to go on from.

    A line that was cut off is left out; of a file that somebody emptied all is read.
    """
    try:
        with (folder / ASIDE).open("rb") as lines:
            size = lines.seek(0, os.SEEK_END)
            lines.seek(offset if offset <= size else 0)
            content = lines.read()
            complete = content.rfind(b"\n") + 1
            return list(_parsed(content[:complete])), lines.tell() - len(content) + complete
    except FileNotFoundError:
        return [], 0


def _parsed(content: bytes) -> Iterator[Refused]:
    for line in content.splitlines():
        try:
            found: dict[str, Any] = json.loads(line)
            yield Refused(found["position"], found["id"], found["reason"], found["refused_at"])
        except (ValueError, KeyError, TypeError):
            continue
