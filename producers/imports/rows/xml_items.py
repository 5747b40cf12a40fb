"""Elements of an XML document, one at a time. However large the document is, one element is held.

A document type is refused, and with it all entities of a document's own: a few lines of them can stand for gigabytes, or name other
files. Elements nest no deeper than those of any honest export.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from touchline.errors import WrongUsage
from touchline.producers.imports.rows.row import FileDamaged
from touchline.producers.imports.rows.text import BUFFER_BYTES

ITEM_BYTES_MAX: Final = 1 << 24
"""An element that nothing closes must not fill the memory."""
DEPTH_MAX: Final = 64
_CHUNK: Final = 1 << 16
Way = tuple[str, ...]
"""Names from the root to an element, without namespaces."""


class XmlItem(NamedTuple):
    """An element: the line it starts in, the way to it, and itself. Names have no namespaces. `begins` are elements whose content follows
    in items of its own, with their attributes only."""

    line: int
    path: Way
    element: Element
    begins: bool = False


class XmlItems:
    """An open XML document."""

    unit = "bytes"

    def __init__(self, path: Path, whole: frozenset[Way], begun: frozenset[Way] = frozenset()) -> None:
        """Gives the elements at the ways `whole` with all that is in them, and tells where those at `begun` start. Raises WrongUsage where
        the file cannot be read."""
        self._path, self._whole, self._begun = path, whole, begun
        self._roots = {one[0] for one in (*whole, *begun)}
        try:
            self._raw = path.open("rb", buffering=BUFFER_BYTES)
            self.size = path.stat().st_size
        except OSError as error:
            raise WrongUsage(f"{path} cannot be read ({error.strerror})", "give the path of a file") from None
        self._stream = gzip.GzipFile(fileobj=self._raw) if path.suffix == ".gz" else self._raw
        self._way: list[str] = []
        self._ready: list[XmlItem] = []
        self._builder: TreeBuilder | None = None
        self._start = (0, 0)
        """Line and byte of the element that is being read."""
        self._depth = 0
        """How deep within it."""

    @property
    def position(self) -> int:
        """Bytes read."""
        return self._raw.tell()

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()

    def __iter__(self) -> Iterator[XmlItem]:
        """Raises FileDamaged where the document breaks off or is no XML: what came before was given. Raises WrongUsage for what is
        refused."""
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        fed = 0
        while True:
            chunk, fault = b"", None
            try:
                chunk = self._stream.read(_CHUNK)
                fed += len(chunk)
                parser.Parse(chunk, not chunk)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                fault = FileDamaged(self._path, "its compressed data break off")
            except (LookupError, ValueError):
                raise WrongUsage(f"{self._path} names an encoding that is not read", "save it as UTF-8") from None
            except expat.ExpatError as error:
                fault = FileDamaged(self._path, f"line {error.lineno}: {expat.ErrorString(error.code)}")
            yield from self._ready
            self._ready.clear()
            if fault is not None:
                raise fault
            if not chunk:
                return
            line, start = (
                self._start if self._builder is not None else (parser.CurrentLineNumber, parser.CurrentByteIndex)
            )
            if fed - start > ITEM_BYTES_MAX:  # of a single tag, too, which expat holds until it ends
                raise FileDamaged(self._path, f"what begins in line {line} does not end within 16 MB")

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        """An element outside of those that are given whole."""
        local = _local(name)
        if not self._way and local not in self._roots:
            raise WrongUsage(
                f"{self._path} is another kind of XML: its root is no {' or '.join(sorted(self._roots))}",
                "check which file it is, and which mapping",
            )
        self._way.append(local)
        self._require_depth(len(self._way))
        way = tuple(self._way)
        line = self._parser.CurrentLineNumber
        if way in self._begun:
            self._ready.append(XmlItem(line, way, Element(local, _bare(attributes)), begins=True))
        if way in self._whole:
            self._start = (line, self._parser.CurrentByteIndex)
            self._builder, self._depth = TreeBuilder(), 0
            self._parser.StartElementHandler = self._open_within
            self._parser.EndElementHandler = self._end_within
            self._parser.CharacterDataHandler = self._builder.data
            self._open_within(name, attributes)

    def _end(self, name: str) -> None:
        self._way.pop()

    def _open_within(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._require_depth(self._depth)
        assert self._builder is not None
        self._builder.start(_local(name), _bare(attributes) if attributes else attributes)

    def _end_within(self, name: str) -> None:
        assert self._builder is not None
        self._builder.end(_local(name))
        self._depth -= 1
        if self._depth:
            return
        self._ready.append(XmlItem(self._start[0], tuple(self._way), self._builder.close()))
        self._builder = None
        self._way.pop()
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = None

    def _require_depth(self, depth: int) -> None:
        if depth > DEPTH_MAX:
            raise WrongUsage(f"{self._path} nests deeper than {DEPTH_MAX} elements", "no export of this kind does")

    def _refuse_doctype(self, *declared: object) -> None:
        raise WrongUsage(
            f"{self._path} declares a document type (<!DOCTYPE …>), which is not read",
            "no export of this kind has one: entities in it can stand for gigabytes, or for other files",
        )


@lru_cache(maxsize=4_096)
def _local(name: str) -> str:
    """Without its namespace."""
    return name.rpartition(" ")[2]


def _bare(attributes: dict[str, str]) -> dict[str, str]:
    return {_local(key): value for key, value in attributes.items()}
