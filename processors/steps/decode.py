"""Second step: bytes to touchpoints or JSON objects. Anything that is no JSON object within the limits is rejected, with the reason."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Any

import orjson

from touchline.processors.steps.plain import plain_touchpoint
from touchline.processors.values.records import Invalid, KafkaRecord
from touchline.schemas.decoding import why_no_json
from touchline.schemas.reasons import Reason

VALUE_BYTES_MAX = 1 << 20

Decoded = dict[str, Any] | Invalid


def decode_quickly(records: Sequence[KafkaRecord]) -> list[Any]:
    """One outcome per record, in order: a plain touchpoint (see plain.py) where it is one, else that of `decode`."""
    decoded: list[Any] = []
    for record in records:
        value = record.value
        plain = plain_touchpoint(value) if value and len(value) <= VALUE_BYTES_MAX else None
        decoded.append(decode_one(value) if plain is None else plain)
    return decoded


def decode(records: Sequence[KafkaRecord]) -> list[Decoded]:
    """One outcome per record, in order. Objects may still nest too deep: see validate.py."""
    return [decode_one(record.value) for record in records]


def decode_one(value: bytes | None) -> Decoded:
    """The outcome of one record's value."""
    if value and len(value) <= VALUE_BYTES_MAX:
        try:
            one = orjson.loads(value)
        except orjson.JSONDecodeError:
            one = _behind_mark(value)
        if type(one) is dict:
            return one
    return Invalid(_why_no_object(value), "", "", value or b"")


def _behind_mark(value: bytes) -> Any:
    """What stands behind a byte order mark, which some clients write before JSON; the ways in read it, too. None for no JSON."""
    try:
        return orjson.loads(value[len(BOM_UTF8) :]) if value.startswith(BOM_UTF8) else None
    except orjson.JSONDecodeError:
        return None


def _why_no_object(value: bytes | None) -> Reason:
    if not value:
        return Reason.EMPTY_VALUE
    if len(value) > VALUE_BYTES_MAX:
        return Reason.TOO_LARGE
    reason = why_no_json(value)
    if reason is not Reason.NOT_JSON:
        return reason
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return Reason.NOT_JSON
    return Reason.WRONG_TYPE
