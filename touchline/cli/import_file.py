"""`touchline import FILE --mapping M.yaml`: the rows of files as events, each refused row with line, field and remedy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.contested import STATUS, open_comparison, say_contested
from touchline.cli.importing import MappingOption, SourceOption, open_journal, open_sender, require_file, to_stderr
from touchline.cli.progress import progress_on_stderr
from touchline.producers.imports.file import send_file, work_of
from touchline.producers.imports.fit import Part, parts_of
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.mapping.revisions import REVISION_MAX, is_revised, with_revision
from touchline.producers.imports.ready.find import find_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.settings import load_settings


def import_file(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV or NDJSON (also .gz), .xlsx, Parquet.")],
    mapping: MappingOption,
    source: SourceOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row; send nothing.")] = False,
    revision: Annotated[
        int | None, typer.Option(min=1, max=REVISION_MAX, help="Of all rows: they count before those of a lower one.")
    ] = None,
    outbox: Annotated[Path | None, typer.Option(help="Through the durable outbox in this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file, with the verdicts.")] = False,
) -> int:
    """Send the rows of files as events, by a mapping (docs/senders/files.md).

    Ids come from the natural keys of the rows: the same file again, a part of it, or one that overlaps it adds nothing. A bad row is
    reported with its line, field and remedy, and stands in the quarantine; the others are sent, and the exit status is 1. An import that
    was killed goes on where it was when it is run again.

    Where ids come with other contents than before, under the same revision, it says how many, what counts and what to do, and the exit
    status is 4. A corrected file is imported with a higher --revision, or its mapping names the column that says when a row was changed.

    Examples:

        touchline import receipts.csv --mapping tills.yaml

        touchline import monday.csv tuesday.csv.gz --mapping tills.yaml --dry-run

        touchline import file answers.parquet --mapping survey.yaml --json

        touchline import corrected.csv --mapping tills.yaml --revision 1

        touchline import orders.json --mapping shopify --source web-shop
    """
    wanted = find_mapping(mapping, source)
    if revision is not None:
        wanted = with_revision(wanted, revision)
    revised = is_revised(wanted)
    for file in files:
        require_file(file, "retail, clicks, watch, mappings")
    settings = load_settings()
    refused, is_contested = 0, False
    with (
        open_sender(settings, outbox, is_dry=dry_run) as producer,
        open_journal(settings) as journal,
        open_comparison(settings, revised=revised, is_dry=dry_run) as comparison,
    ):
        for file, part in _parts(files, wanted):
            started_s, name = time.monotonic(), part.named(file)
            work = work_of(journal, file, part.mapping)
            rows = open_rows(file, part.mapping)
            with progress_on_stderr(f"{file.name} {rows.unit}", rows.size) as advance:
                verdicts = send_file(
                    name,
                    rows,
                    part.mapping,
                    producer,
                    None if dry_run else journal,
                    work,
                    advance=advance,
                    say=to_stderr,
                    contested=comparison.ids,
                )
            if not dry_run:
                journal.end(work)
            refused += verdicts.rejected + verdicts.skipped_rejected
            is_contested = is_contested or bool(verdicts.contested)
            waiting = producer.counts.on_their_way
            seconds = round(time.monotonic() - started_s, 3)
            if as_json:
                more = {"waiting": waiting, "seconds": seconds, "not_compared": comparison.fault}
                more |= {"question": part.question} if part.question else {}
                print(verdicts.as_json(file, **more, is_dry_run=dry_run), flush=True)
            else:
                print(verdicts.sentence(name, verb="checked" if dry_run else "sent", waiting=waiting), flush=True)
            say_contested(name, verdicts.contested, revised=revised, is_dry=dry_run)
        comparison.say_fault()
    if is_contested:
        return STATUS
    return 1 if refused else 0


def _parts(files: list[Path], mapping: Mapping) -> Iterator[tuple[Path, Part]]:
    """A file that cannot be read ends the import when its turn comes: those before it were sent."""
    for file in files:
        for part in parts_of(file, mapping):
            yield file, part
