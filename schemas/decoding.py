"""Why bytes are not JSON: the same reason wherever they come in, by Kafka, over HTTP or from a file."""

from __future__ import annotations

from touchline.schemas.depth import are_bytes_too_deep
from touchline.schemas.reasons import Reason


def why_no_json(text: bytes) -> Reason:
    """TOO_DEEP, NOT_UTF8 or NOT_JSON, in this order: of text that no parser took, or that nests deeper than an event may."""
    if are_bytes_too_deep(text):
        return Reason.TOO_DEEP
    try:
        text.decode()
    except UnicodeDecodeError:
        return Reason.NOT_UTF8
    return Reason.NOT_JSON
