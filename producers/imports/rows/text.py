"""Lines of a text file, plain or compressed with gzip, with how far it was read."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from touchline.errors import WrongUsage
from touchline.producers.imports.rows.row import FileDamaged

BUFFER_BYTES = 1 << 18


class Lines:
    """Physical lines as bytes, with their ends. Raises FileDamaged where a compressed file breaks off: what came before was given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._raw = path.open("rb", buffering=BUFFER_BYTES)
            self.size = os.fstat(self._raw.fileno()).st_size
        except OSError as error:
            raise WrongUsage(f"{path} cannot be read ({error.strerror})", "give the path of a file") from None
        self._stream: IO[bytes] | gzip.GzipFile = (
            gzip.GzipFile(fileobj=self._raw) if path.suffix == ".gz" else self._raw
        )

    @property
    def position(self) -> int:
        """Bytes read of the file as it lies on disk."""
        return self._raw.tell()

    def __iter__(self) -> Iterator[bytes]:
        yield from self._given(self._stream)

    def pieces(self) -> Iterator[bytes]:
        """Instead of the lines, pieces of the same bytes, however long a line is."""
        yield from self._given(iter(lambda: self._stream.read(BUFFER_BYTES), b""))

    def _given(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from parts
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise FileDamaged(self._path, "its compressed data break off") from None

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()


def begin_of_line(path: Path, size: int) -> bytes:
    """Up to so many bytes of the first line. Raises WrongUsage where the file cannot be read."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return file.readline(size)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""  # told by whoever reads it
    except OSError as error:
        raise WrongUsage(f"{path} cannot be read ({error.strerror})", "give the path of a file") from None


def first_sign(path: Path) -> bytes:
    """The first byte of a text that is no blank; empty where there is none. Raises WrongUsage where the file cannot be read."""
    lines = Lines(path)
    try:
        for piece in lines.pieces():
            if text := piece.removeprefix(b"\xef\xbb\xbf").strip():
                return text[:1]
    except FileDamaged:
        return b""  # told by whoever reads it
    finally:
        lines.close()
    return b""
