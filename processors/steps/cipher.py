"""Text that may hold personal values (comments, quarantined bytes) is stored encrypted, under a key that is never in the database."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from touchline.errors import WrongUsage

_NONCE_BYTES = 12
_KEY_BYTES = 32


class Cipher:
    """AES-256-GCM. The nonce is derived from key, context and text, so that the same event gives the same row wherever it is computed."""

    def __init__(self, key_id: str, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise WrongUsage(
                "the payload key must have 32 bytes", "write one line `<key id>:<64 hex digits>` into payload_key_file"
            )
        self.key_id = key_id
        self._aead = AESGCM(hashlib.sha256(b"touchline seal" + key).digest())
        self._nonce_key = hashlib.sha256(b"touchline nonce" + key).digest()

    @classmethod
    def from_file(cls, path: Path) -> Cipher:
        """Read `<key id>:<hex of 32 bytes>`. Raises WrongUsage."""
        try:
            key_id, _, text = path.read_text().strip().partition(":")
            return cls(key_id, bytes.fromhex(text))
        except (OSError, ValueError) as error:
            raise WrongUsage(
                f"the payload key file {path} cannot be used ({type(error).__name__})",
                "it holds one line `<key id>:<64 hex digits>`, mode 0600; `touchline up` makes one for the local stack",
            ) from None

    def seal(self, text: bytes, context: str) -> str:
        """Base64 of nonce and ciphertext. `context` (source and id, or position) must be given again to open it."""
        bound = context.encode()
        nonce = hmac.digest(self._nonce_key, len(bound).to_bytes(8, "big") + bound + text, "sha256")[:_NONCE_BYTES]
        return base64.b64encode(nonce + self._aead.encrypt(nonce, text, bound)).decode()

    def open(self, sealed: str, context: str) -> bytes:
        """The text. Raises cryptography.exceptions.InvalidTag when key or context are not those of `seal`."""
        raw = base64.b64decode(sealed)
        return self._aead.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode())
