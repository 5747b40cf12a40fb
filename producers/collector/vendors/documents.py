"""Bodies of analytics SDKs as JSON: whatever their content type says, and with the numbers that Python's json writes and JSON lacks."""

from __future__ import annotations

import base64
import binascii
import json
from codecs import BOM_UTF8
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from touchline.schemas.depth import DEPTH_MAX, are_bytes_too_deep
from touchline.service.problem import RequestRefused

_FORM_FIELDS: Final = ("data", "payload")


def document_of(body: bytes) -> Any:
    """The JSON value of a body: as it stands, or in the field `data` of a form, there in base64 too. `NaN` and infinite numbers are read as
    null: they cost no event. Raises RequestRefused."""
    text = body.removeprefix(BOM_UTF8).strip()
    if not text:
        raise RequestRefused(400, "the body is empty", "send JSON")
    return loads(text if text[:1] in b"{[" else _of_form(text))


def loads(text: bytes) -> Any:
    """JSON with `NaN` and infinite numbers as null. Raises RequestRefused."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if are_bytes_too_deep(text):
            raise RequestRefused(400, f"the body nests deeper than {DEPTH_MAX} levels", "flatten it") from None
        try:
            return json.loads(text, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            what = f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
            raise RequestRefused(400, what, "fix it there") from None


def _of_form(text: bytes) -> bytes:
    if b"=" not in text[:256]:
        return text
    try:
        fields = parse_qs(text.decode(), max_num_fields=16)
    except (UnicodeDecodeError, ValueError):
        return text
    value = next((fields[name][0] for name in _FORM_FIELDS if name in fields), None)
    if value is None:
        return text
    if value.lstrip()[:1] in ("{", "["):
        return value.encode()
    try:
        return base64.b64decode(value.replace(" ", "+"), validate=True)
    except binascii.Error:
        return value.encode()
