"""What remains of somebody who was erased: keyed hashes, by which what comes again is known and nobody else can be told.

    <hex of 32 bytes>

The secret is a file of its own and no sender has it: with the secret of the person keys, whoever has that could look for anybody among
the erased.

Why: docs/decisions/0191.
"""

from __future__ import annotations

import hmac
import re
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.schemas.secret_file import SECRET_BYTES, read_secret

ERASED_PREFIX: Final = "erased:"
"""How the id of an erased event begins."""
_ID_DIGITS: Final = 32
HIDDEN_ID: Final = f"^{ERASED_PREFIX}[0-9a-f]{{{_ID_DIGITS}}}$"
"""The id of an erased event as a regular expression: a sender's own id may begin as these do, and is hidden like any other."""
_is_hidden = re.compile(HIDDEN_ID).match


class ErasureSecret:
    """HMAC-SHA256 (RFC 2104) under the installation's erasure secret."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise WrongUsage(
                "the erasure secret must have 32 bytes", "write one line of 64 hex digits into erasure_secret_file"
            )
        self._secret = secret
        self.id = self._digest("secret").hex()[:16]
        """Tells this secret from another one."""

    @classmethod
    def from_file(cls, path: Path) -> ErasureSecret:
        """Raises WrongUsage."""
        return cls(read_secret(path, "erasure secret", "every worker needs the same"))

    def __repr__(self) -> str:
        return f"ErasureSecret({self.id!r}, secret hidden)"

    def of_identifier(self, identifier: str) -> bytes:
        """32 bytes that stand for a person key."""
        return self._digest(f"identifier\0{identifier}")

    def of_reading(self, identifier: str) -> str:
        """32 hex digits by which readings of what somebody wrote are found once they are erased."""
        return self._digest(f"reading\0{identifier}").hex()[:_ID_DIGITS]

    def hidden_id(self, source: str, event_id: str) -> str:
        """The id that an erased event has from then on: another version of it is known by it."""
        if _is_hidden(event_id):
            return event_id
        return ERASED_PREFIX + self._digest(f"event\0{source}\0{event_id}").hex()[:_ID_DIGITS]

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._secret, text.encode(), "sha256")
