"""Bodies of analytics SDKs as JSON: whatever their content type says, and with the numbers that Python's json writes and JSON lacks."""

from __future__ import annotations

import base64
import binascii
import json
import math
from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from touchline.producers.collector.limits import FORM_NAME_BYTES
from touchline.service.problem import RequestRefused

_FORM_FIELDS: Final = ("data", "payload")
_FIELDS_MAX: Final = 256
_PLAIN_ALPHABET: Final = str.maketrans("-_", "+/")


def document_of(body: bytes) -> Any:
    """The JSON value of a body: as it stands, or as `of_fields` has it where the body is a form. `NaN` and infinite numbers are read as
    null: they cost no event. Raises RequestRefused."""
    text = body.removeprefix(BOM_UTF8).strip()
    if not text:
        raise RequestRefused(400, "the body is empty", "send JSON")
    if text[:1] in b"{[" or (fields := _fields_of(text)) is None:
        return loads(text)
    return of_fields(fields)


def of_fields(fields: Mapping[str, str]) -> Any:
    """The JSON value of a form or a query: that of its field `data`, there in base64 too, or all fields. Raises RequestRefused."""
    value = next((fields[name] for name in _FORM_FIELDS if name in fields), None)
    if value is None:
        return dict(fields)
    if value.lstrip()[:1] in ("{", "["):
        return loads(value.encode())
    return loads(of_base64(value.replace(" ", "+")) or value.encode())


def of_base64(text: str) -> bytes | None:
    """The bytes of base64 in either alphabet, with its padding or without; None where it is none."""
    plain = text.translate(_PLAIN_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def loads(text: bytes) -> Any:
    """JSON with `NaN` and infinite numbers as null. Raises RequestRefused."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        try:
            return _as_json_can(json.loads(text, parse_constant=lambda _: None, parse_float=_finite))
        except (ValueError, RecursionError):
            what = f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
            raise RequestRefused(400, what, "fix it there") from None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _as_json_can(value: Any) -> Any:
    """The same, as far as others can write it again: halves of characters become question marks, and wide numbers doubles."""
    return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _fields_of(text: bytes) -> dict[str, str] | None:
    """The fields of a form, the first of each name; None where it is none."""
    if b"=" not in text[:FORM_NAME_BYTES]:
        return None
    try:
        fields = parse_qs(text.decode(), max_num_fields=_FIELDS_MAX)
    except (UnicodeDecodeError, ValueError):
        return None
    return {name: values[0] for name, values in fields.items()}
