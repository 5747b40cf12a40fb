"""Views as files, one a view: `views/<database>/<view>.sql`, generated from the definitions in `sql/subjects` and committed.

They are no migrations: a view is made again whenever its file differs from what was applied last, and dropped when its file is gone.
ClickHouse keeps name, hash and release of each in `journey_raw.view_files`. Views of a newer release are left as they are, as a newer
schema is.

Why: docs/decisions/0182.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from clickhouse_driver import Client
from clickhouse_driver.errors import ErrorCodes, ServerException

VIEW_FILES_TABLE: Final = "journey_raw.view_files"
_TEXT: Final = re.compile(r"'(?:\\.|''|[^'\\])*'|--[^\n]*")
_VIEW: Final = re.compile(r"\b(?:journey|journey_api|journey_raw)\.\w+\b")
_NO_FILE: Final = ""
_MISSING: Final = {ErrorCodes.UNKNOWN_TABLE, ErrorCodes.UNKNOWN_DATABASE}


class ViewStep(NamedTuple):
    """A view to be made or dropped: its name with database, the statement, and the hash of its file; empty where it is dropped."""

    view: str
    statement: str
    hash: str


class _Made(NamedTuple):
    """What the database has: hash by view, those that are really there, and the newest release that made one."""

    hashes: dict[str, str]
    present: frozenset[str]
    release: tuple[int, ...]


def views_dir() -> Path:
    """Where the view files of this release stand."""
    return Path(str(files("touchline.sql") / "schema" / "views"))


def read_views(folder: Path | None = None) -> dict[str, str]:
    """View with database -> text of its file, in an order in which they can be made: a view stands behind those that it reads."""
    folder = folder or views_dir()
    texts = {f"{path.parent.name}.{path.stem}": path.read_text(encoding="utf-8") for path in folder.glob("*/*.sql")}
    # Names in comments and texts are no reading.
    reads = {view: {*_VIEW.findall(_TEXT.sub("''", text))} - {view} for view, text in sorted(texts.items())}
    order = TopologicalSorter({view: sorted(found & texts.keys()) for view, found in reads.items()})
    return {view: texts[view] for view in order.static_order()}


def pending_views(client: Client, folder: Path | None = None, release: str | None = None) -> list[ViewStep]:
    """Which views are to be made or dropped; none where a newer release made one of them. Reads only."""
    own = read_views(folder)
    made = _made(client)
    if made.release > _numbers(release or this_release()):
        return []
    hashes = {view: hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for view, text in own.items()}
    steps = [
        ViewStep(view, text.strip().rstrip(";"), hashes[view])
        for view, text in own.items()
        if made.hashes.get(view) != hashes[view] or view not in made.present
    ]
    gone = [view for view, known in made.hashes.items() if view not in own and known != _NO_FILE]
    return steps + [ViewStep(view, f"DROP VIEW IF EXISTS {view}", _NO_FILE) for view in sorted(gone)]


def apply_views(client: Client, folder: Path | None = None, release: str | None = None) -> list[ViewStep]:
    """Make and drop what is pending, and return it. May run twice at once, and again after it was cut off."""
    steps = pending_views(client, folder, release)
    for step in steps:
        client.execute(step.statement)
    if steps:
        now = datetime.now(UTC)
        rows = [(step.view, step.hash, release or this_release(), now) for step in steps]
        client.execute(f"INSERT INTO {VIEW_FILES_TABLE} VALUES", rows)
    return steps


def this_release() -> str:
    """The version of touchline that runs."""
    return version("touchline")


def _numbers(release: str) -> tuple[int, ...]:
    """What orders releases: 0.10.0 is newer than 0.9.1; what stands behind three numbers does not count."""
    return tuple(int(number) for number in re.findall(r"\d+", release)[:3])


def _made(client: Client) -> _Made:
    try:
        rows = client.execute(
            f"SELECT view, argMax(hash, applied_at), groupUniqArray(release) FROM {VIEW_FILES_TABLE} GROUP BY view"
        )
    except ServerException as error:
        if error.code not in _MISSING:
            raise
        return _Made({}, frozenset(), ())
    found = client.execute(
        "SELECT concat(database, '.', name) FROM system.tables "
        "WHERE database IN ('journey', 'journey_api', 'journey_raw') AND engine = 'View'"
    )
    releases = [_numbers(release) for _, _, releases in rows for release in releases]
    return _Made(
        {view: known for view, known, _ in rows}, frozenset(name for (name,) in found), max(releases, default=())
    )
