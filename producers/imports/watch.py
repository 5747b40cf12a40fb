"""Looks through a drop folder: which files are whole, and which of them are new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from touchline.errors import WrongUsage

UNFINISHED: Final = frozenset((".part", ".tmp", ".filepart", ".crdownload", ".swp"))
"""Endings that programs give to files which they are still writing."""


class FileStamp(NamedTuple):
    """What tells whether a file was written to or replaced since; a tool may set the time of the last writing back (`cp -p`)."""

    size: int
    changed_ns: int


class DropFolder:
    """Files of one folder. A file is settled when it looks as it did one look earlier; `mark` says that it was dealt with as it is now."""

    def __init__(self, folder: Path, pattern: str) -> None:
        """Raises WrongUsage where there is no such folder, or the pattern leads out of it."""
        if not pattern or Path(pattern).is_absolute():
            raise WrongUsage("the pattern is no pattern of names in the folder", "write one such as '*.csv'")
        if not folder.is_dir():
            raise WrongUsage(f"there is no folder {folder}", "make it, or give another one")
        self._folder = folder
        self._pattern = pattern
        self._before: dict[Path, FileStamp] = {}
        self._dealt_with: dict[Path, FileStamp] = {}

    def look(self, *, is_settled: bool = False) -> Iterator[Path]:
        """The settled files that were not dealt with, by name; with `is_settled` nobody writes to any of them."""
        found = {path: seen for path in sorted(self._folder.glob(self._pattern)) if (seen := _seen(path)) is not None}
        before, self._before = self._before, found
        self._dealt_with = {path: seen for path, seen in self._dealt_with.items() if path in found}
        for path, seen in found.items():
            if self._dealt_with.get(path) != seen and (is_settled or before.get(path) == seen):
                yield path

    def mark(self, path: Path) -> None:
        """Give the file again only after somebody has written to it."""
        if path in self._before:
            self._dealt_with[path] = self._before[path]


def _seen(path: Path) -> FileStamp | None:
    if path.name.startswith(".") or path.suffix.lower() in UNFINISHED:
        return None
    try:
        found = path.stat()
    except OSError:  # taken away meanwhile
        return None
    return FileStamp(found.st_size, found.st_ctime_ns) if path.is_file() else None
