"""Second step: bytes to JSON objects. What is no JSON object within the limits is rejected with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from touchline.processors.records import KafkaRecord, Rejected
from touchline.schemas.reasons import Reason

DEPTH_MAX = 32
"""Levels of nesting; the contract needs four, the rest is for fields it does not know."""
VALUE_BYTES_MAX = 1 << 20

Decoded = dict[str, Any] | Rejected


def decode(records: Sequence[KafkaRecord]) -> list[Decoded]:
    """One outcome per record, in order."""
    return [_decode_value(record.value) for record in records]


def _decode_value(value: bytes | None) -> Decoded:
    if not value:
        return Rejected(Reason.EMPTY_VALUE, "", "", b"")
    if len(value) > VALUE_BYTES_MAX:
        return Rejected(Reason.TOO_LARGE, "", "", value)
    if value.count(b"{") + value.count(b"[") > DEPTH_MAX and _depth(value) > DEPTH_MAX:
        return Rejected(Reason.TOO_DEEP, "", "", value)
    try:
        decoded = orjson.loads(value)
    except orjson.JSONDecodeError:
        return Rejected(_why_no_json(value), "", "", value)
    if type(decoded) is not dict:
        return Rejected(Reason.WRONG_TYPE, "", "", value)
    return decoded


def _why_no_json(value: bytes) -> Reason:
    try:
        value.decode()
    except UnicodeDecodeError:
        return Reason.NOT_UTF8
    return Reason.NOT_JSON


def _depth(value: bytes) -> int:
    """Deepest nesting of brackets outside strings; reached only for values with many brackets."""
    depth = deepest = 0
    in_string = escaped = False
    for byte in value:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest
