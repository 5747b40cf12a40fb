"""Looks for values in all files below a folder, in their bytes and in what is compressed in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.planted.views import views


class Hit(NamedTuple):
    """`place` is the folder below the root in which the file stands; `text` what was found, in small letters."""

    place: str
    file: str
    text: str


def pattern_of(needles: Iterable[str]) -> re.Pattern[bytes]:
    """Any of them, whatever its case."""
    return re.compile(b"|".join(sorted({re.escape(one.encode()) for one in needles}, reverse=True)), re.IGNORECASE)


def hits_in(data: bytes, pattern: re.Pattern[bytes]) -> set[str]:
    """What of the needles stands in it."""
    return {found[0].decode().lower() for found in pattern.finditer(data)}


def search(root: Path, pattern: re.Pattern[bytes]) -> set[Hit]:
    """In every file, names of files included."""
    return {
        Hit(_place(root, path), str(path.relative_to(root)), text)
        for path in sorted(root.rglob("*"))
        for text in _found(path, pattern)
    }


def _found(path: Path, pattern: re.Pattern[bytes]) -> Iterator[str]:
    yield from hits_in(path.name.encode(), pattern)
    if path.is_file() and not path.is_symlink():
        for view in views(path):
            yield from hits_in(view, pattern)


def _place(root: Path, path: Path) -> str:
    return path.relative_to(root).parts[0]
