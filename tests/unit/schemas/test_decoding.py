"""Why bytes are not JSON."""

from __future__ import annotations

import pytest

from touchline.schemas.decoding import why_no_json
from touchline.schemas.depth import DEPTH_MAX
from touchline.schemas.reasons import Reason

DEEP = b"[" * (DEPTH_MAX + 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b'{"a": 1,}', Reason.NOT_JSON),
        (b'{"a": "\xff"}', Reason.NOT_UTF8),
        (DEEP, Reason.TOO_DEEP),
        (b"\xff" + DEEP, Reason.TOO_DEEP),
        (b"[" * DEPTH_MAX, Reason.NOT_JSON),
    ],
)
def test_the_leading_reason_is_depth_then_encoding_then_grammar(text: bytes, reason: Reason) -> None:
    assert why_no_json(text) is reason
