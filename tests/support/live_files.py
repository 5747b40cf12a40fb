"""Files of a folder in which a server goes on making and dropping them: what has gone meanwhile is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file with its content, folder by folder. A folder or file that goes away meanwhile is no error: it holds nothing any more."""
    for at, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(at) / name
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            yield path, content
