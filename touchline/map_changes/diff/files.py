"""What two maps say differently, part by part. Pure: it needs no event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from touchline.schemas.journey.model import JourneyMap

_LISTS: Final = {
    "stages": "id",
    "touchpoints": "id",
    "rules": "id",
    "goals": "id",
    "personas": "id",
    "segments": "id",
    "kpis": "id",
}
"""Parts of a map that are lists -> what names an entry."""
_FREE: Final = frozenset(("map", "version", "annotations", *_LISTS))
_ORDERED: Final = frozenset(("stages", "rules", "goals", "personas", "segments"))
"""Lists whose order has a meaning."""


class FileChange(NamedTuple):
    """One difference: which part and which entry of it, and the fields that differ with both values; `what` is added, removed, changed
    or moved."""

    part: str
    name: str
    what: str
    fields: Mapping[str, tuple[Any, Any]]


def file_changes(before: JourneyMap, after: JourneyMap) -> list[FileChange]:
    """What the second map says differently; names, versions and annotations left out."""
    old, new = (one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for one in (before, after))
    found = [
        FileChange("map", name, "changed", {name: (old.get(name), new.get(name))})
        for name in sorted((old.keys() | new.keys()) - _FREE)
        if old.get(name) != new.get(name)
    ]
    for part, key in _LISTS.items():
        found += _of_list(part, _named(old.get(part, ()), key), _named(new.get(part, ()), key))
    return found


def _named(entries: Sequence[Mapping[str, Any]], key: str) -> dict[str, Mapping[str, Any]]:
    return {str(entry[key]): entry for entry in entries}


def _of_list(
    part: str, old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterator[FileChange]:
    for name in (name for name in old if name not in new):
        yield FileChange(part, name, "removed", {})
    for name in new:
        if name not in old:
            yield FileChange(part, name, "added", {})
        elif old[name] != new[name]:
            fields = sorted(old[name].keys() | new[name].keys())
            differing = {one: (old[name].get(one), new[name].get(one)) for one in fields}
            yield FileChange(
                part, name, "changed", {one: pair for one, pair in differing.items() if pair[0] != pair[1]}
            )
    if part in _ORDERED:
        kept_before, kept_after = [name for name in old if name in new], [name for name in new if name in old]
        for name in (name for name, other in zip(kept_after, kept_before, strict=True) if name != other):
            yield FileChange(part, name, "moved", {"place": (list(old).index(name) + 1, list(new).index(name) + 1)})
