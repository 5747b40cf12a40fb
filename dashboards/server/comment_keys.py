"""Keys that open comments: who may read them on the page, and under which name each reading is written down.

The file has one key a line, `<name>.<secret>`; `#` begins a comment. The page sends it as `Authorization: Bearer <name>.<secret>`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage

_KEY: Final = re.compile(r"([A-Za-z0-9_.-]{1,64})\.([A-Za-z0-9_-]{32,128})")
_FORM: Final = "write lines `<name>.<secret of 32 or more letters and digits>`; `#` begins a comment"
_NOBODY: Final = hashlib.sha256(b"").digest()


class CommentKeys:
    """The keys of one file. Holds digests, so that neither a dump of the memory nor a message tells a secret."""

    def __init__(self, digests: Mapping[str, bytes]) -> None:
        self._digests = digests

    def __repr__(self) -> str:
        return f"CommentKeys({sorted(self._digests)}, secrets hidden)"

    @classmethod
    def from_file(cls, path: Path) -> CommentKeys:
        """Raises WrongUsage with the line, never with its content."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUsage(
                f"the file of the keys that open comments {path} cannot be read ({type(error).__name__})",
                f"see dashboard_comments_keys_file, and {_FORM}",
            ) from None
        digests: dict[str, bytes] = {}
        for number, line in enumerate(lines, 1):
            word = line.partition("#")[0].strip()
            if not word:
                continue
            found = _KEY.fullmatch(word)
            if found is None:
                raise WrongUsage(f"line {number} of the keys that open comments {path} is malformed", _FORM)
            name, secret = found.groups()
            if name in digests:
                raise WrongUsage(
                    f"line {number} of the keys that open comments {path} repeats a name", "give each key its own name"
                )
            digests[name] = hashlib.sha256(secret.encode()).digest()
        if not digests:
            raise WrongUsage(f"the file of the keys that open comments {path} has no key", _FORM)
        return cls(digests)

    def name_of(self, headers: Mapping[str, str]) -> str | None:
        """The name of the key in a request's headers (RFC 6750), None where it is not one of them. Takes as long for an unknown name as
        for a wrong secret."""
        scheme, _, presented = headers.get("Authorization", "").strip().partition(" ")
        name, _, secret = presented.strip().rpartition(".")
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        is_right = hmac.compare_digest(digest, self._digests.get(name, _NOBODY))
        return name if is_right and secret and scheme.lower() == "bearer" else None
