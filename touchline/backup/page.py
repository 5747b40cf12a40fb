"""Backups as text, and as values for JSON: what a folder holds, and what Kafka fills after a restore."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from touchline.backup.behind import Behind
from touchline.backup.manifest import Manifest
from touchline.wording import counted


def totals_line(manifest: Manifest) -> str:
    """How much a backup holds."""
    size = sum(one.size_bytes for one in manifest.tables.values()) / 1e6
    rows = counted(manifest.tables["ledger"].rows, "row")
    return f"{rows} of the ledger and {counted(len(manifest.tables) - 1, 'more table')}, {size:,.1f} MB"


def behind_lines(behind: Sequence[Behind] | None) -> Iterator[str]:
    """What waits in Kafka, and what it no longer has; None where it does not answer."""
    if behind is None:
        yield "Kafka does not answer: whether it has all that came after is not known; `touchline reconcile` tells later"
        return
    waiting = sum(one.waiting for one in behind)
    waits, them = ("waits", "it") if waiting == 1 else ("wait", "them")
    yield f"{counted(waiting, 'record')} {waits} in Kafka; workers store {them} now, or when they start"
    for one in behind:
        if one.lost:
            are, those = ("is", "it") if one.lost == 1 else ("are", "them")
            yield (
                f"partition {one.partition}: {counted(one.lost, 'record')} {are} lost, Kafka dropped {those} after the backup was taken: "
                "its retention must be longer than the time between backups"
            )


def manifest_object(manifest: Manifest) -> dict[str, object]:
    """JSON-ready: when it was taken, under which schema, and the size of each table."""
    tables = {
        name: {"rows": one.rows, "parts": len(one.parts), "bytes": one.size_bytes}
        for name, one in manifest.tables.items()
    }
    return {"taken_at": manifest.taken_at, "schema_version": manifest.schema_version, "tables": tables}
