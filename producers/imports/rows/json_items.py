"""Members of a JSON document, one at a time: of its arrays, also where these stand within one object, or of objects that follow each
other. However large the document is, one member is held."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from touchline.errors import WrongUsage
from touchline.producers.imports.rows.row import FileDamaged
from touchline.producers.imports.rows.text import BUFFER_BYTES
from touchline.schemas.depth import is_too_deep

ITEM_CHARS_MAX: Final = 1 << 24
"""A member that nothing closes must not fill the memory."""
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_FIRST_KEY: Final = re.compile(r'\{\s*"((?:[^"\\]|\\.)*)"')
_UNFINISHED: Final = 64
"""An error so near to the end of what was read may be one of what was not."""


class JsonItem(NamedTuple):
    """A member: which one it is, from 1, the field of the object around it, and its value. A `fault` says why it has none."""

    number: int
    field: str
    value: Any
    fault: str = ""
    raw: bytes = b""


class _Unreadable(ValueError):
    """What stands here is no JSON, is too large, or nests too deeply."""


class JsonItems:
    """An open JSON document."""

    unit = "bytes"

    def __init__(self, path: Path, wrappers: frozenset[str] = frozenset()) -> None:
        """`wrappers` are fields by the first of which an object is known whose arrays hold the members. Raises WrongUsage where the file
        cannot be read."""
        self._path, self._wrappers = path, wrappers
        try:
            self._raw = path.open("rb", buffering=BUFFER_BYTES)
            self.size = path.stat().st_size
        except OSError as error:
            raise WrongUsage(f"{path} cannot be read ({error.strerror})", "give the path of a file") from None
        stream = gzip.GzipFile(fileobj=self._raw) if path.suffix == ".gz" else self._raw
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig")
        self._decoder = json.JSONDecoder(parse_constant=lambda name: None)  # NaN of a careless writer is no value
        self._buffer, self._at, self._is_end, self._count = "", 0, False, 0

    @property
    def position(self) -> int:
        """Bytes read."""
        return self._raw.tell()

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()

    def __iter__(self) -> Iterator[JsonItem]:
        """Raises FileDamaged where an array or an object breaks off; a damaged object beside others costs itself."""
        while (sign := self._peek()) != "":
            if sign == "[":
                yield from self._array("")
            elif sign == "{" and self._is_wrapper():
                yield from self._members()
            else:
                yield self._alone()

    def _is_wrapper(self) -> bool:
        found = _FIRST_KEY.match(self._buffer, self._at)
        return found is not None and found[1] in self._wrappers

    def _alone(self) -> JsonItem:
        """An object beside others; where it is damaged the next one is looked for on the next line."""
        self._count += 1
        try:
            return JsonItem(self._count, "", self._value())
        except _Unreadable as error:
            end = self._next_line()
            raw, self._at = self._buffer[self._at : end].strip(), end
            return JsonItem(self._count, "", None, str(error), raw.encode("utf-8", "replace"))

    def _next_line(self) -> int:
        while (end := self._buffer.find("\n", self._at)) < 0:
            if not self._more(keep=len(self._buffer) - self._at < ITEM_CHARS_MAX):
                return len(self._buffer)
        return end + 1

    def _array(self, field: str) -> Iterator[JsonItem]:
        self._take("[")
        while self._peek() != "]":
            self._count += 1
            yield JsonItem(self._count, field, self._part())
            self._comma("]")
        self._take("]")

    def _members(self) -> Iterator[JsonItem]:
        self._take("{")
        while self._peek() != "}":
            field = str(self._part())
            self._take(":")
            if self._peek() == "[":
                yield from self._array(field)
            else:
                self._part()
            self._comma("}")
        self._take("}")

    def _comma(self, end: str) -> None:
        if self._peek() != end:
            self._take(",")

    def _take(self, sign: str) -> None:
        if self._peek() != sign:
            raise FileDamaged(self._path, f"{sign!r} is missing after member {self._count:,}")
        self._at += 1

    def _part(self) -> Any:
        try:
            return self._value()
        except _Unreadable as error:
            raise FileDamaged(self._path, f"{error} (member {self._count:,})") from None

    def _peek(self) -> str:
        """The next sign that is no blank; empty at the end."""
        while True:
            found = _BLANKS.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _more(self, *, keep: bool = True) -> bool:
        """Reads on, as much again as is held; what was used up, or all without `keep`, is let go."""
        if self._is_end:
            return False
        held = self._buffer[self._at :] if keep else ""
        try:
            read = self._text.read(max(BUFFER_BYTES, len(held)))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise FileDamaged(self._path, "its compressed data break off") from None
        except UnicodeDecodeError:
            raise FileDamaged(self._path, f"it is not UTF-8 (after member {self._count:,})") from None
        self._buffer, self._at, self._is_end = held + read, 0, not read
        return bool(read)

    def _value(self) -> Any:
        """Raises _Unreadable."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.pos > len(self._buffer) - _UNFINISHED or error.msg.startswith("Unterminated")
                if is_cut and len(self._buffer) - self._at < ITEM_CHARS_MAX and self._more():
                    continue
                is_large = len(self._buffer) - self._at >= ITEM_CHARS_MAX
                raise _Unreadable("it is too large" if is_large and is_cut else "it is no JSON") from None
            except RecursionError:
                raise _Unreadable("it nests too deeply") from None
            except ValueError:  # a number of thousands of digits
                raise _Unreadable("it is no JSON") from None
            if end == len(self._buffer) and not isinstance(value, dict | list | str) and self._more():
                continue  # a number may go on
            if is_too_deep(value):
                raise _Unreadable("it nests too deeply")
            self._require_text(self._buffer[self._at : end])
            self._at = end
            return value

    @staticmethod
    def _require_text(written: str) -> None:
        """Half of a letter that takes two (`\\ud83d` alone) is none."""
        if "\\ud" not in written and "\\uD" not in written:
            return
        try:
            from_json(written.encode())
        except ValueError:
            raise _Unreadable("it holds half of a letter") from None
