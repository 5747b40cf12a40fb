"""`touchline import FILE --mapping M.yaml`: the rows of files as events, each refused row with line, field and remedy."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.importing import open_journal, open_sender, require_file, to_stderr
from touchline.cli.progress import progress_on_stderr
from touchline.producers.imports.file import send_file, work_of
from touchline.producers.imports.mapping.read import load_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.settings import load_settings


def import_file(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV or NDJSON (also .gz), .xlsx, Parquet.")],
    mapping: Annotated[Path, typer.Option("--mapping", "-m", help="YAML: which column becomes which field.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row; send nothing.")] = False,
    outbox: Annotated[Path | None, typer.Option(help="Through the durable outbox in this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file, with the verdicts.")] = False,
) -> int:
    """Send the rows of files as events, by a mapping (docs/senders/files.md).

    Ids come from the natural keys of the rows: the same file again, a part of it, or one that overlaps it adds nothing. A bad row is
    reported with its line, field and remedy, and stands in the quarantine; the others are sent, and the exit status is 1. An import that
    was killed goes on where it was when it is run again.

    Examples:

        touchline import receipts.csv --mapping tills.yaml

        touchline import monday.csv tuesday.csv.gz --mapping tills.yaml --dry-run

        touchline import file answers.parquet --mapping survey.yaml --json
    """
    wanted = load_mapping(mapping)
    for file in files:
        require_file(file, "retail, clicks, watch")
    settings = load_settings()
    refused = 0
    with open_sender(settings, outbox, is_dry=dry_run) as producer, open_journal(settings) as journal:
        for file in files:
            started_s = time.monotonic()
            work = work_of(journal, file, wanted)
            rows = open_rows(file, wanted)
            with progress_on_stderr(f"{file.name} {rows.unit}", rows.size) as advance:
                verdicts = send_file(
                    file, rows, wanted, producer, None if dry_run else journal, work, advance=advance, say=to_stderr
                )
            if not dry_run:
                journal.end(work)
            refused += verdicts.rejected + verdicts.skipped_rejected
            waiting = producer.counts.on_their_way
            seconds = round(time.monotonic() - started_s, 3)
            if as_json:
                print(verdicts.as_json(file, waiting=waiting, seconds=seconds, is_dry_run=dry_run), flush=True)
            else:
                print(verdicts.sentence(file, verb="checked" if dry_run else "sent", waiting=waiting), flush=True)
    return 1 if refused else 0
