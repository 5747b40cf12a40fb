"""`touchline import clicks`: the click log of a web shop, published synthetic."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.contested import open_comparison, say_contested_set
from touchline.cli.importing import open_journal, open_sender
from touchline.cli.progress import progress_on_stderr
from touchline.producers.imports import clicks
from touchline.producers.imports.journal import content_hash
from touchline.settings import load_settings
from touchline.wording import waiting_note


def import_clicks(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count; send nothing.")] = False,
    outbox: Annotated[Path | None, typer.Option(help="Through the durable outbox in this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Send the 31,106 clicks of 600 visitors of a web shop, a log that the package retentioneering 5.2.4 brings with it.

    The log is published synthetic: its authors made it up, and every event is marked as simulated. A second run changes no number, and
    one that was killed goes on where it was. Its times are taken as UTC; its purchases name no amount.

    Examples:

        touchline import clicks

        touchline import clicks --dry-run --json
    """
    started_s = time.monotonic()
    path = clicks.find_clicks()
    settings = load_settings()
    with (
        open_sender(settings, outbox, is_dry=dry_run) as producer,
        open_journal(settings) as journal,
        open_comparison(settings, revised=False, is_dry=dry_run, awaits=False) as comparison,
        progress_on_stderr("clicks (published synthetic)", clicks.ROWS) as advance,
    ):
        work = journal.work(b"clicks", content_hash(path))
        found = clicks.send_clicks(path, producer, None if dry_run else journal, work, advance, comparison.ids)
    outcome = {
        **found._asdict(),
        "is_simulated": True,
        "acknowledged": producer.counts.acknowledged,
        "waiting": producer.counts.on_their_way,
        "seconds": round(time.monotonic() - started_s, 3),
        "is_dry_run": dry_run,
    }
    status = say_contested_set("the click log", comparison)
    if as_json:
        print(json.dumps(outcome))
        return status
    verb = "read" if dry_run else "sent"
    print(
        f"{verb} {found.events:,} clicks (published synthetic) of {found.persons:,} visitors at {found.touchpoints} touchpoints, "
        f"in {outcome['seconds']:.1f} s{waiting_note(producer.counts.on_their_way)}"
    )
    return status
