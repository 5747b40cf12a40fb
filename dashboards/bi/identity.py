"""Ids of what is imported: made from names, so that an import over an older one replaces it instead of standing beside it."""

from __future__ import annotations

from uuid import UUID, uuid5

_TOUCHLINE = UUID("5f0f4e0a-6d57-4c4e-8a43-3f1d4c1b7f52")


def uuid_of(kind: str, name: str) -> str:
    """The id of one thing of a kind (database, dataset, chart, dashboard)."""
    return str(uuid5(_TOUCHLINE, f"{kind}/{name}"))
