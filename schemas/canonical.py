"""The payload hash: tells a duplicate from a revision.

It is the first 8 bytes (big-endian, unsigned) of BLAKE2b-512 over the RFC 8785 form of the event without `received_at`,
which differs from delivery to delivery. Order of keys, white space and spelling of numbers do not count; an absent
field and its default differ, so a sender must send an event the same way each time. Integers beyond 2^53 are taken as
the nearest double, as RFC 8785 has it. Needs the extra `worker` (orjson, rfc8785); senders do not hash.

Why: docs/decisions/0020.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import blake2b
from struct import Struct
from typing import Any, Final

import orjson
import rfc8785

_SAFE: Final = 2**53 - 1
_NOT_HASHED: Final = "received_at"
_first_8_bytes: Final = Struct(">Q").unpack_from
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def payload_hash(event: dict[str, Any]) -> int:
    """The unsigned 64-bit hash of a decoded event. Raises ValueError for what JSON cannot hold (NaN)."""
    if _NOT_HASHED in event:
        event = event.copy()
        del event[_NOT_HASHED]
    return int(_first_8_bytes(blake2b(canonical_bytes(event)).digest())[0])


def payload_hash_of_own(event: dict[str, Any], doubtful: Collection[Any]) -> int:
    """The same for an event that the caller owns, whose `received_at` is taken out in place, and of which it knows that
    doubles occur only among the values `doubtful`: 1.8 µs an event instead of 3.0."""
    event.pop(_NOT_HASHED, None)
    return _first_8_bytes(blake2b(_canonical_bytes(event, doubtful)).digest())[0]  # type: ignore[no-any-return]


def canonical_bytes(value: dict[str, Any]) -> bytes:
    """The RFC 8785 form of a decoded JSON object. Raises ValueError for what JSON cannot hold."""
    return _canonical_bytes(value, value.values())


def _canonical_bytes(value: dict[str, Any], doubtful: Collection[Any]) -> bytes:
    # orjson writes strings, integers up to 2^53 and literals as RFC 8785 does, and sorts ASCII keys the same way (the
    # RFC sorts by UTF-16 unit, orjson by code point). What it might write otherwise takes the slow way.
    if not doubtful or not _has_doubtful_number(doubtful):
        try:
            fast = orjson.dumps(value, option=_OPTIONS)
        except orjson.JSONEncodeError:  # an integer beyond 2^53, or no JSON at all
            pass
        else:
            if fast.isascii() or _has_ascii_keys(value):
                return fast
    return rfc8785.dumps(_as_doubles(value))


def _has_doubtful_number(values: Iterable[Any]) -> bool:
    """Whether a double among the values may be spelt otherwise by orjson: whole ones (5.0, not 5) and exponents
    (1e16)."""
    for value in values:
        kind = type(value)
        if kind is str or kind is int:
            continue
        if kind is dict:
            if _has_doubtful_number(value.values()):
                return True
        elif kind is list:
            if _has_doubtful_number(value):
                return True
        elif kind is float and (value.is_integer() or not 1e-4 <= abs(value) < 1e15):
            return True
    return False


def _has_ascii_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return "".join(value).isascii() and all(map(_has_ascii_keys, value.values()))
    return not isinstance(value, list) or all(map(_has_ascii_keys, value))


def _as_doubles(value: Any) -> Any:
    """The value with the integers that RFC 8785 cannot write replaced by the nearest double."""
    if isinstance(value, dict):
        return {key: _as_doubles(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_as_doubles(member) for member in value]
    if type(value) is int and not -_SAFE <= value <= _SAFE:
        try:
            return float(value)
        except OverflowError:
            raise ValueError("a number is too large for JSON") from None
    return value
