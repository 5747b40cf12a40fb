"""Addresses of pages in exports."""

from __future__ import annotations

from typing import Any


def without_query(address: Any) -> Any:
    """An address without what stands behind ? and #, where names, tokens and searches stand."""
    return address.partition("#")[0].partition("?")[0] if isinstance(address, str) else address
