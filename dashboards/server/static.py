"""The page's files, held in memory: names under a hash of them all never change, so that a browser asks for each once a release.

The page says `/static/app.js`; where it is served, that reads `/static/<hash>/app.js`, and relative imports of modules stay under it: one
release's modules are never mixed with another's. A changed file is seen within a second.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import time
from pathlib import Path
from typing import Final, NamedTuple

PAGE_DIR: Final = Path(__file__).resolve().parent.parent / "page"
INDEX: Final = "index.html"
PREFIX: Final = "/static/"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
HASH_CHARACTERS: Final = 16
LOOK_SECONDS: Final = 1.0
_ZIPPED_FROM_BYTES: Final = 1_000
_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


class File(NamedTuple):
    """What is sent: the content, zipped where that is shorter, its type and its ETag."""

    body: bytes
    zipped: bytes | None
    content_type: str
    etag: str


class PageFiles:
    """The files below a folder, read again when one of them has changed; looked for at most every `look_seconds`."""

    def __init__(self, folder: Path = PAGE_DIR, look_seconds: float = LOOK_SECONDS) -> None:
        self._folder = folder
        self._look_seconds = look_seconds
        self._look_again_s = 0.0
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._files: dict[str, File] = {}
        self.release = ""

    def index(self) -> File | None:
        """The page itself, its static names under the release."""
        self._look()
        return self._files.get(INDEX)

    def find(self, path: str) -> tuple[File, bool] | None:
        """A file by its path below /static/, with or without the release; and whether the name holds its content."""
        self._look()
        first, _, rest = path.partition("/")
        is_fixed = first == self.release
        file = self._files.get(rest if is_fixed else path)
        return None if file is None else (file, is_fixed)

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s < self._look_again_s:
            return
        self._look_again_s = now_s + self._look_seconds
        paths = sorted(path for path in self._folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        stats = [(path, path.stat()) for path in paths]
        seen = tuple((str(path.relative_to(self._folder)), stat.st_mtime_ns, stat.st_size) for path, stat in stats)
        if seen == self._seen:
            return
        bodies = {name: (self._folder / name).read_bytes() for name, _, _ in seen}
        tree = hashlib.sha256(b"".join(name.encode() + b"\0" + bodies[name] + b"\0" for name in sorted(bodies)))
        self.release = tree.hexdigest()[:HASH_CHARACTERS]
        if INDEX in bodies:
            bodies[INDEX] = bodies[INDEX].replace(PREFIX.encode(), f"{PREFIX}{self.release}/".encode())
        self._files = {name: _file(name, body) for name, body in bodies.items()}
        self._seen = seen


def _file(name: str, body: bytes) -> File:
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    zipped = gzip.compress(body, 6, mtime=0) if len(body) >= _ZIPPED_FROM_BYTES else None
    is_shorter = zipped is not None and len(zipped) < len(body) * 0.9
    return File(body, zipped if is_shorter else None, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
