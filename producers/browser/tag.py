"""The tag as it is served: its text, the path that holds its hash, and the lines by which a page loads it.

Why: docs/decisions/0199.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from pathlib import Path
from typing import Final, NamedTuple

TAG_PATH: Final = "/touchline.js"
_FILE: Final = Path(__file__).resolve().parent / "touchline.min.js"
_HASH_CHARACTERS: Final = 16


class Tag(NamedTuple):
    """One release of the tag."""

    body: bytes
    zipped: bytes
    """The same as gzip."""
    fixed_path: str
    """Never has other content: the hash is in it."""
    integrity: str
    """Subresource Integrity, for the attribute of that name."""

    @property
    def etag(self) -> str:
        """As a header has it."""
        return f'"{self.fixed_path.removeprefix("/")}"'


def read_tag() -> Tag:
    """The tag of this release."""
    body = _FILE.read_bytes()
    short = hashlib.sha256(body).hexdigest()[:_HASH_CHARACTERS]
    integrity = base64.b64encode(hashlib.sha384(body).digest()).decode()
    return Tag(body, gzip.compress(body, 9, mtime=0), f"/touchline-{short}.js", f"sha384-{integrity}")


def script_lines(collector: str) -> str:
    """Two lines to choose from for a page, by the collector's address: one that follows its releases, one that is held to this one."""
    tag = read_tag()
    held = f'integrity="{tag.integrity}" crossorigin="anonymous"'
    return (
        f'<script src="{collector}{TAG_PATH}" data-key="KEY" defer></script>\n'
        f'<script src="{collector}{tag.fixed_path}" {held} data-key="KEY" defer></script>'
    )
