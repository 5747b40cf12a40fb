"""Ids made of what an event says, where its sender numbers nothing: keyed hashes, by which the same content has the same id and nobody
without the key can guess it.

    <hex of 32 bytes>

The key is a file of its own and never rotated: with another one all that is sent again would have new ids, and count twice.

Why: docs/decisions/0202.
"""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.schemas.secret_file import SECRET_BYTES, read_secret

ID_DIGITS: Final = 32
"""128 bits: of 10^12 ids two are the same with a chance of one in 10^14."""


class ContentKey:
    """HMAC-SHA256 (RFC 2104) under the installation's content key."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise WrongUsage(f"the content key has {len(secret)} bytes", f"use {SECRET_BYTES} random bytes")
        self._mac = hmac.new(secret, digestmod="sha256")  # a copy costs half of setting the key up again

    def __repr__(self) -> str:
        return "ContentKey(secret hidden)"

    @classmethod
    def from_file(cls, path: Path) -> ContentKey:
        """The key in the file of `content_key_file`. Raises WrongUsage."""
        return cls(read_secret(path, "content key", "all senders of one installation need the same (content_key_file)"))

    def id_of(self, content: str) -> str:
        """32 hex digits that stand for a text. Surrogates may stand in it."""
        mac = self._mac.copy()
        mac.update(content.encode("utf-8", "surrogatepass"))
        return mac.hexdigest()[:ID_DIGITS]
