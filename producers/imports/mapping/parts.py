"""What the cells of a column say in the JSON of their rows' events: one part for each row, read at once for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from pydantic_core import PydanticSerializationError, to_json

from touchline.producers.imports.mapping.cells import is_empty, text_of
from touchline.producers.imports.mapping.read_before import KEPT, ReadBefore

Cells = Sequence[Any]
"""A column of some rows."""
Part = Sequence[str | None]
"""Of each of these rows what its event says there, with a comma before; empty: nothing, None: a closer look is needed."""

NAME_LENGTH_MAX: Final = 256
_SEEN_AS_TEXT: Final = frozenset((int, float, bool))
_COME_AGAIN: Final = frozenset((int, bool, type(None)))
"""Types whose equal values are spelt alike; beside texts."""
_ODD: Final = re.compile(r"[^ !#-?A-\[\]-~\u00a1-\u167f]")
"""What JSON spells otherwise, and @: a mail address may stand there. What is beyond these letters is looked at more closely."""


def json_of(value: Any) -> str | None:
    """As the records of producers have it; None where JSON cannot write it."""
    try:
        return to_json(value).decode()
    except (PydanticSerializationError, ValueError, TypeError):
        return None


def texts_of(cells: Cells) -> list[str | None]:
    """The cells as texts, empty where nothing stands there; None of what is no text, number or truth value."""
    return [value.strip() if type(value) is str else _text(value) for value in cells]


def _text(value: Any) -> str | None:
    return "" if is_empty(value) else text_of(value) if type(value) in _SEEN_AS_TEXT else None


def text_part(texts: Sequence[str | None], before: str, after: str, *, is_required: bool) -> Part:
    """Names as they stand in the file."""
    blank = None if is_required else ""
    try:
        is_plain = _ODD.search("".join(texts)) is None and max(map(len, texts), default=0) <= NAME_LENGTH_MAX  # type: ignore[arg-type]
    except TypeError:
        is_plain = False
    if is_plain:
        return [f'{before}"{text}"{after}' if text else blank for text in texts]
    written = [None if text is None else name_of(text) if text else "" for text in texts]
    return [one and f"{before}{one}{after}" if one != "" else blank for one in written]


def name_of(text: str) -> str | None:
    """A name that is not too long and holds no mail address, in JSON."""
    return None if len(text) > NAME_LENGTH_MAX or "@" in text else json_of(text)


class Column:
    """Parts of a column whose cells are read first; those of texts that come again are known."""

    def __init__(self, part_of: Callable[[Any], Any], kept: int = KEPT) -> None:
        """`part_of` gives the part of a cell."""
        self._part_of = part_of
        self._known = ReadBefore(self._read, kept)

    def parts(self, cells: Cells) -> list[Any]:
        known = self._known
        return [
            known[value]
            if type(value) is str
            else known[type(value), value]
            if type(value) in _COME_AGAIN
            else self._part_of(value)
            for value in cells
        ]

    def _read(self, key: Any) -> Any:
        return self._part_of(key if type(key) is str else key[1])


def joined(members: Iterable[Part], before: str, after: str) -> Part:
    """Members of an object as one part."""
    return [
        None if None in row else (text and f"{before}{text[1:]}{after}")
        for row in zip(*members, strict=True)
        for text in ("" if None in row else "".join(row),)
    ]
