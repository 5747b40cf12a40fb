"""Backups as text, and as values for JSON: what a folder holds, and what Kafka fills after a restore."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from touchline.backup.again import Again
from touchline.backup.behind import Behind
from touchline.backup.manifest import Manifest
from touchline.backup.register import Written
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


def register_lines(written: Written) -> Iterator[str]:
    """Where the register of erasures stands now."""
    requests = len({one.request for one in written.register.erasures})
    yield f"register of {counted(requests, 'request')} to erase in {' and '.join(map(str, written.paths))}"
    for path in written.missed:
        yield f"its copy {path} could not be written: a restore with that one would bring back who was erased since it was written"


def again_lines(again: Again, *, is_followed: bool, is_known: bool) -> Iterator[str]:
    """What became of those who were erased, and what is left to do."""
    if not is_known:
        yield "the register of erasures was left out: whoever was erased after this backup was taken is BACK, and counts in every number"
        yield "erase them again with `touchline erase`, and start the workers anew before"
        return
    back = f"{counted(again.identifiers, 'identifier')} of erased persons {'was' if again.identifiers == 1 else 'were'} in this backup"
    if not again.requests:
        yield "nobody was ever erased here"
    elif not again.identifiers:
        yield f"{counted(again.requests, 'request')} to erase: the backup holds nothing of them, and what comes again is erased on arrival"
    elif is_followed:
        yield f"{back}: out of every view again"
        yield "run `touchline erase --resume`: it blanks what is left of them in the rows"
    else:
        yield f"{back}, and no worker has erased them again: VIEWS SHOW THEM"
        yield "start the workers now, whose first ticks do that; then run `touchline erase --resume`: it blanks what is left in the rows"


def again_object(again: Again, *, is_followed: bool, is_known: bool) -> dict[str, object] | None:
    """The same for JSON; None where the register was left out."""
    if not is_known:
        return None
    return {"requests": again.requests, "identifiers_again": again.identifiers, "is_followed": is_followed}


def manifest_object(manifest: Manifest) -> dict[str, object]:
    """JSON-ready: when it was taken, under which schema, and the size of each table."""
    tables = {
        name: {"rows": one.rows, "parts": len(one.parts), "bytes": one.size_bytes}
        for name, one in manifest.tables.items()
    }
    return {"taken_at": manifest.taken_at, "schema_version": manifest.schema_version, "tables": tables}
