"""The logs of the parts as one stream of lines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

FOLLOW_SECONDS = 0.2


def log_files(local_dir: Path) -> dict[str, Path]:
    """Every part that has written a log, by name."""
    return {path.stem: path for path in sorted((local_dir / "log").glob("*.log"))}


def last_lines(path: Path, count: int) -> tuple[list[str], int]:
    """The last whole lines, and the position after them: where following goes on."""
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    return whole.decode(errors="replace").splitlines()[-count:] if count else [], len(whole)


def follow(paths: Sequence[Path], positions: dict[Path, int]) -> Iterator[tuple[Path, str]]:
    """New whole lines of these files as they are written, for ever; a file that was put aside is read from its
    start.
    """
    while True:
        is_quiet = True
        for path in paths:
            for line in _new_lines(path, positions):
                is_quiet = False
                yield path, line
        if is_quiet:
            time.sleep(FOLLOW_SECONDS)


def _new_lines(path: Path, positions: dict[Path, int]) -> list[str]:
    if not path.exists():
        return []
    start = positions.get(path, 0)
    if path.stat().st_size < start:
        start = 0
    with path.open("rb") as log:
        log.seek(start)
        text = log.read()
    whole = text[: text.rfind(b"\n") + 1]
    positions[path] = start + len(whole)
    return whole.decode(errors="replace").splitlines()
