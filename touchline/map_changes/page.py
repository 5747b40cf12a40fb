"""Versions of maps as a table, and as values for JSON."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from touchline.map_changes.progress import APPLYING, DROPPED, MapVersion
from touchline.terminal import whole_table


def versions_table(versions: Iterable[MapVersion]) -> Table:
    """One line a version."""
    table = whole_table("map", "version", "title", "state", "applied", "readers", right=("version", "applied"))
    for one in versions:
        applied = "" if one.state == DROPPED else f"{one.percent} %"
        table.add_row(one.map, str(one.version), one.title, one.state, applied, _readers(one))
    return table


def _readers(one: MapVersion) -> str:
    if one.is_default:
        return "see it, the default map"
    if one.is_shown:
        return "see it"
    return "not yet" if one.state == APPLYING else "no" if one.state == DROPPED else "who name it"


def as_object(one: MapVersion) -> dict[str, object]:
    """JSON-ready."""
    return one._asdict()
