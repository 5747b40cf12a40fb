"""How deep a record may nest: deeper than any honest sender needs, shallower than what breaks readers.

Known fields are flat, so only records with unknown or wrong fields, and what is no JSON object at all, need to be looked at.
"""

from __future__ import annotations

from typing import Any

DEPTH_MAX = 32
"""Levels of nesting; the contract needs four, the rest is for fields it does not know."""

_QUOTE, _BACKSLASH = b'"\\'


def is_too_deep(decoded: Any, levels: int = DEPTH_MAX) -> bool:
    """Whether decoded JSON nests deeper than `levels`."""
    if isinstance(decoded, dict):
        return levels == 0 or any(is_too_deep(member, levels - 1) for member in decoded.values())
    if isinstance(decoded, list):
        return levels == 0 or any(is_too_deep(member, levels - 1) for member in decoded)
    return False


def are_bytes_too_deep(value: bytes) -> bool:
    """The same of text that need not be JSON: levels of brackets outside strings."""
    if value.count(b"{") + value.count(b"[") <= DEPTH_MAX:
        return False
    depth = 0
    in_string = escaped = False
    for byte in value:
        if in_string:
            if escaped:
                escaped = False
            elif byte == _BACKSLASH:
                escaped = True
            elif byte == _QUOTE:
                in_string = False
        elif byte == _QUOTE:
            in_string = True
        elif byte in b"{[":
            depth += 1
            if depth > DEPTH_MAX:
                return True
        elif byte in b"}]":
            depth -= 1
    return False
