"""What cells were read as before: most texts of a column come again, and each is read once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

KEPT: Final = 20_000
"""About 5 MB a column; a full table starts anew."""


class ReadBefore(dict[Any, Any]):
    """`table[text]` is what `read(text)` gives, or raises: what cannot be read is read each time. For texts alone, since 1, 1.0 and true
    are one key."""

    def __init__(self, read: Callable[[Any], Any], kept: int = KEPT) -> None:
        super().__init__()
        self.read = read
        self._kept = kept

    def __missing__(self, text: Any) -> Any:
        value = self.read(text)
        if len(self) >= self._kept:
            self.clear()
        self[text] = value
        return value
