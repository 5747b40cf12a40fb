"""The folder of an outbox: its files, who may read them, and the segments in it.

    format.json   version of this layout and the topic
    page          shared numbers (page.py)
    append.lock   held for the moment of a write
    drain.lock    held by the process that brings records to Kafka
    drainer.json  what that process says of itself
    aside.ndjson  events that Kafka refused for good
    aside.lock    held while that file is changed
    <position>.segment, <position>.damaged

The locks are the operating system's: they end with the process, also when that is killed.

Why: docs/decisions/0070.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from touchline.producers.errors import OutboxUnusable

FORMAT_VERSION: Final = 1
APPEND_LOCK: Final = "append.lock"
DRAIN_LOCK: Final = "drain.lock"
PAGE: Final = "page"
DRAINER: Final = "drainer.json"
ASIDE: Final = "aside.ndjson"
ASIDE_LOCK: Final = "aside.lock"
_FORMAT: Final = "format.json"
_SEGMENT: Final = ".segment"


def prepare(folder: Path, topic: str | None) -> str:
    """Make the folder if it is not there, keep others out, and return its topic.

    `topic` None takes the topic that the folder has.

    Raises:
        OutboxUnusable: no outbox and no topic to make one for, another topic, a newer format, or no permission.
    """
    if topic is None and not (folder / _FORMAT).is_file():
        raise OutboxUnusable(f"there is no outbox in {folder}", "set outbox_dir, or name its folder")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)  # it holds person keys
        found = _read_format(folder / _FORMAT)
        if found is None:
            replace_file(folder / _FORMAT, json.dumps({"format": FORMAT_VERSION, "topic": topic}))
            found = _read_format(folder / _FORMAT) or {}
    except OSError as error:
        raise unusable(folder, error) from None
    if found.get("format") != FORMAT_VERSION:
        raise OutboxUnusable(
            f"the outbox {folder} has format {found.get('format')}, this release writes {FORMAT_VERSION}",
            "let the release that made it drain it (touchline outbox drain), or name another folder",
        )
    kept = str(found.get("topic"))
    if topic not in (None, kept):
        raise OutboxUnusable(f"the outbox {folder} is for topic {kept}, not {topic}", "name one folder for each topic")
    return kept


def unusable(folder: Path, error: OSError) -> OutboxUnusable:
    """The operating system does not let us use the folder."""
    return OutboxUnusable(
        f"the outbox {folder} cannot be used ({error.strerror})",
        "give its user read and write permission, or another folder",
    )


def _read_format(path: Path) -> dict[str, object] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def replace_file(path: Path, text: str) -> None:
    """Write a small file whole or not at all, for its owner only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, text.encode())
    finally:
        os.close(descriptor)
    draft.replace(path)


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte: an all but full disk takes a part and reports the rest only when asked again. Raises OSError."""
    written = os.write(descriptor, content)
    while written < len(content):
        written += os.write(descriptor, memoryview(content)[written:])


def segment_path(folder: Path, start: int) -> Path:
    """The segment whose first byte has this position."""
    return folder / f"{start:020}{_SEGMENT}"


def segment_starts(folder: Path) -> list[int]:
    """Positions where the segments begin, in order."""
    return sorted(int(path.stem) for path in folder.glob(f"*{_SEGMENT}") if path.stem.isdecimal())


def damaged_path(folder: Path, position: int) -> Path:
    """Where bytes go that were skipped."""
    return folder / f"{position:020}.damaged"


def sync_folder(folder: Path) -> None:
    """Make the names in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
