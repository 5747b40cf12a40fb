"""What a receiver can check of a request."""

from __future__ import annotations

import hashlib
import hmac

from touchline.sinks.signing import headers, signature

BODY = b'{"case":"c"}'


def test_the_signature_is_of_the_moment_and_the_bytes() -> None:
    digest = hmac.new(b"secret", b"1772359200." + BODY, hashlib.sha256).hexdigest()
    assert signature(b"secret", 1_772_359_200, BODY) == f"t=1772359200,v1={digest}"


def test_a_request_has_its_key_and_is_signed_where_there_is_a_secret() -> None:
    signed = headers("c/opened", BODY, b"secret", 1_772_359_200)
    assert signed["Touchline-Signature"] == signature(b"secret", 1_772_359_200, BODY)
    assert headers("c/opened", BODY, None, 0) == {"Content-Type": "application/json", "Idempotency-Key": "c/opened"}
