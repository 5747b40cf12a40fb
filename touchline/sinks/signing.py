"""What a receiver can check of a request: who sent it, when, and whether it has had it before. Pure."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

SIGNATURE_HEADER: Final = "Touchline-Signature"
KEY_HEADER: Final = "Idempotency-Key"


def signature(secret: bytes, seconds: int, body: bytes) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<seconds>.<body>`, so that an old request cannot be sent again as a new one."""
    digest = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def headers(key: str, body: bytes, secret: bytes | None, seconds: int) -> dict[str, str]:
    """Of a request with a JSON body, signed over its bytes where there is a secret. `key` is the same whenever the same is sent."""
    said = {"Content-Type": "application/json", KEY_HEADER: key}
    return said if secret is None else said | {SIGNATURE_HEADER: signature(secret, seconds, body)}
