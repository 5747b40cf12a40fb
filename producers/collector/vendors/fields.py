"""Fields of calls, which may be there or not and of any type, and what addresses of pages say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

_CAMPAIGN: Final = ("source", "medium", "term", "content")


def object_of(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object that stands there, or an empty one."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def text_of(fields: Mapping[str, Any], *names: str) -> str:
    """The first text that is not empty, or an empty one."""
    return next((value for name in names if isinstance(value := fields.get(name), str) and value), "")


def first_said(*values: object) -> object:
    """The first that says something: only null and an empty text say nothing, and what is wrong is to be refused, not passed over."""
    for value in values:  # next() of a generator is twice as dear
        if value is not None and value != "":
            return value
    return None


def picked(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The scalars among the fields that are named, under the names that they are given."""
    return {new: fields[old] for old, new in names.items() if isinstance(fields.get(old), str | int | float)}


def without(fields: Mapping[str, Any], names: Iterable[str], prefixes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields but for those names, and for what begins so."""
    left_out = frozenset(names)
    return {
        name: value for name, value in fields.items() if name not in left_out and not name.startswith(prefixes or "\0")
    }


def number_of(value: object) -> object:
    """Milliseconds, seconds or an amount that is written as text; what is none stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return int(value) if value.isdecimal() else float(value)
    except ValueError:
        return value


class Address(NamedTuple):
    """What is kept of the address of a page: no query, but for the campaign's fields."""

    path: str = ""
    campaign: str | None = None
    facts: Mapping[str, str] = {}

    @classmethod
    def of(cls, url: object) -> Address:
        """Of an address that cannot be read nothing is kept."""
        if not isinstance(url, str) or not url:
            return cls()
        try:
            parts = urlsplit(url)
            query = parse_qs(parts.query, max_num_fields=64)
        except ValueError:
            return cls()
        path = parts.path or ("/" if parts.netloc else "")
        sent = {f"campaign.{name}": query[f"utm_{name}"][0] for name in _CAMPAIGN if f"utm_{name}" in query}
        facts = {"page.path": path, **sent} if path else sent
        return cls(path, query.get("utm_campaign", [None])[0], facts)
