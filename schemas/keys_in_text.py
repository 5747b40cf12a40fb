"""Finds person keys in bytes: by one pass over the bytes, however many keys are looked for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

_DIGITS: Final = re.compile(rb":([0-9a-f]{64})")


class KeysInText:
    """Which of these keys stand in bytes, at whatever place. Texts that have not the form of a person key (a beginning of one) are found,
    too, one by one."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_digits: defaultdict[bytes, list[tuple[bytes, str]]] = defaultdict(list)
        self._others: list[tuple[bytes, str]] = []
        for key in dict.fromkeys(keys):
            text = key.encode()
            key_id, colon, digits = text.rpartition(b":")
            if _DIGITS.fullmatch(colon + digits):
                self._by_digits[digits].append((key_id, key))
            else:
                self._others.append((text, key))

    def found_in(self, content: bytes) -> set[str]:
        """The keys that stand there."""
        found = {key for text, key in self._others if text in content}
        if self._by_digits:
            for match in _DIGITS.finditer(content):
                for key_id, key in self._by_digits.get(match[1], ()):
                    if content.endswith(key_id, 0, match.start()):
                        found.add(key)
        return found
