"""Which of many persons the bytes of a record name, by person keys and raw values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson

from touchline.schemas.depth import are_bytes_too_deep
from touchline.schemas.keys_in_text import KeysInText

SEARCHED_AS_TEXT: Final = 6
"""Characters of a raw value from which on it is looked for also in bytes that are no JSON: a shorter one stands everywhere."""


class Wanted(NamedTuple):
    """What a record of one person may hold: person keys that are nobody else's, and raw values by which the person was named."""

    keys: Collection[str]
    raw: Collection[str] = ()


class NamedIn:
    """Looks for all of these persons at once: a record is read one time, however many they are."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._by_key: defaultdict[str, set[int]] = defaultdict(set)
        self._by_raw: defaultdict[str, set[int]] = defaultdict(set)
        self._searched: defaultdict[str, set[int]] = defaultdict(set)
        for place, one in enumerate(wanted):
            for key in one.keys:
                self._by_key[key].add(place)
            for raw in filter(None, one.raw):
                self._by_raw[raw.casefold()].add(place)
                if len(raw) >= SEARCHED_AS_TEXT:
                    self._searched[raw.casefold()].add(place)
        # Text is searched without regard to case, and the key id of a person key may have capitals.
        self._folded: defaultdict[str, set[int]] = defaultdict(set)
        for key, places in self._by_key.items():
            self._folded[key.casefold()] |= places
        self._keys = KeysInText(self._folded)

    def persons(self, value: bytes) -> set[int]:
        """The places of those whom the bytes name: a text of the JSON is a person key or raw value, or bytes that are no JSON hold it."""
        read = read_json(value)
        found: set[int] = set()
        if read is not None:
            for text in _texts(read):
                found |= self._by_key.get(text, set())
                if self._by_raw:
                    found |= self._by_raw.get(text.casefold(), set())
            return found
        text = value.decode("utf-8", "replace").casefold()
        for key in self._keys.found_in(text.encode()):
            found |= self._folded[key]
        for raw, places in self._searched.items():
            if raw in text:
                found |= places
        return found


def read_json(value: bytes) -> Any:
    """The JSON of the bytes; nothing where they are none, or nested too deep to be read."""
    try:
        return None if are_bytes_too_deep(value) else orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value.strip()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield f"{value:g}" if isinstance(value, float) else str(value)
