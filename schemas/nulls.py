"""Null means absent, for senders and for the worker. Asked where a check fails: a null that the contract takes stays as it stands."""

from __future__ import annotations

from typing import Any


def drop_nulls(event: dict[str, Any]) -> bool:
    """Takes nulls out of the event, its properties and its other objects; whether there was one."""
    found = False
    for name, value in list(event.items()):
        if value is None:
            found = True
            del event[name]
        elif isinstance(value, dict) and None in value.values():
            found = True
            event[name] = {inner: member for inner, member in value.items() if member is not None}
    return found
