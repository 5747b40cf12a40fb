"""The payload hash: tells a duplicate from a revision.

It is the first 8 bytes (big-endian, unsigned) of BLAKE2b-512 over the RFC 8785 form of the event without `received_at`,
which differs from delivery to delivery. Order of keys, white space and spelling of numbers do not count; an absent
field and its default differ, so a sender must send an event the same way each time. Integers beyond 2^53 are taken as
the nearest double, as RFC 8785 has it. Needs the extra `worker` (orjson, rfc8785); senders do not hash.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

import orjson
import rfc8785

_SAFE: Final = 2**53 - 1
_PLAIN: Final = frozenset({str, bool, type(None)})
_NOT_HASHED: Final = "received_at"


def payload_hash(event: dict[str, Any]) -> int:
    """The unsigned 64-bit hash of a decoded event. Raises ValueError for what JSON cannot hold (NaN)."""
    if _NOT_HASHED in event:
        event = event.copy()
        del event[_NOT_HASHED]
    return int.from_bytes(blake2b(canonical_bytes(event)).digest()[:8])


def canonical_bytes(value: Any) -> bytes:
    """The RFC 8785 form of a decoded JSON value (dict, list, str, int, float, bool, None). Raises ValueError."""
    # orjson writes strings, safe integers and literals as RFC 8785 does, and sorts ASCII keys the same way (by code
    # point; the RFC sorts by UTF-16 unit). It writes some doubles otherwise (5.0, 1e16), so all doubles take the slow
    # way.
    if _is_same_in_orjson(value):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return rfc8785.dumps(_as_doubles(value))


def _is_same_in_orjson(value: Any) -> bool:
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind is dict:
        if not "".join(value).isascii():
            return False
        return all(type(member) in _PLAIN or _is_same_in_orjson(member) for member in value.values())
    if kind is list:
        return all(map(_is_same_in_orjson, value))
    return kind is int and -_SAFE <= value <= _SAFE


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
