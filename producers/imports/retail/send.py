"""Sends the data set: the baskets, then what campaigns brought; and counts what was read, to compare with the data set's own numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from touchline.producers.imports.contested import ContestedIds
from touchline.producers.imports.journal import ImportJournal, content_hash
from touchline.producers.imports.retail.baskets import CURRENCY, read_baskets
from touchline.producers.imports.retail.households import read_segments
from touchline.producers.imports.retail.mailings import read_mailings
from touchline.producers.imports.retail.products import REVENUE
from touchline.producers.imports.retail.redemptions import read_redemptions
from touchline.producers.imports.send import send_events
from touchline.producers.producer import EventProducer
from touchline.wording import waiting_note


@dataclass
class RetailTally:
    """What was read: `events`, `households` and so on are those of the baskets."""

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
class RetailOutcome:
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

    @classmethod
    def of(
        cls, tally: RetailTally, producer: EventProducer, *, are_places_known: bool, seconds: float, is_dry: bool
    ) -> RetailOutcome:
        """Of what was read, and of what the producer did with it."""
        return cls(
            events=tally.events,
            persons=len(tally.households),
            places=len(tally.stores),
            amount_minor=tally.amount_minor,
            currency=CURRENCY,
            mailings=tally.mailings,
            redemptions=tally.redemptions,
            departments=len(tally.departments),
            segmented_households=len(tally.segmented),
            places_registered=are_places_known,
            acknowledged=producer.counts.acknowledged,
            waiting=producer.counts.on_their_way,
            seconds=seconds,
            is_dry_run=is_dry,
        )

    def sentence(self) -> str:
        """For people."""
        verb = "read" if self.is_dry_run else "sent"
        dollars = f"{self.amount_minor // 100:,}.{self.amount_minor % 100:02}"
        campaigns = (
            f", {self.mailings:,} campaign sends, {self.redemptions:,} redeemed coupons" if self.mailings else ""
        )
        return (
            f"{verb} {self.events:,} baskets of {self.persons:,} households in {self.places:,} stores, "
            f"{dollars} {self.currency}{campaigns}, in {self.seconds:.1f} s{waiting_note(self.waiting)}"
        )


def send_baskets(
    folder: Path,
    limit: int | None,
    tally: RetailTally,
    advance: Callable[[int], None],
    producer: EventProducer,
    journal: ImportJournal | None,
    contested: ContestedIds | None = None,
) -> None:
    """Sends the first `limit` baskets, or all. Without a journal (a dry run) nothing is noted."""
    path = folder / "transactions.parquet"

    def baskets() -> Iterator[dict[str, Any]]:
        for batch in read_baskets(path, folder):
            yield from batch.events
            advance(batch.rows)

    # A part that was limited is no beginning of the whole: who stops there has ended.
    work = b"" if journal is None else journal.work(b"retail baskets", str(limit).encode(), content_hash(path))
    for batch, _ in send_events(islice(baskets(), limit), producer, journal, work, contested):
        for event in batch:
            tally.add_basket(event)


def send_campaigns(
    folder: Path,
    tally: RetailTally,
    producer: EventProducer,
    journal: ImportJournal | None,
    contested: ContestedIds | None = None,
) -> None:
    """Sends the mailings of the campaigns, then the coupons that were redeemed."""
    households = read_segments(folder)
    counts = []
    for name, events in (
        ("campaigns", read_mailings(folder, households)),
        ("coupon_redemptions", read_redemptions(folder, households)),
    ):
        work = b"" if journal is None else journal.work(name.encode(), content_hash(folder / f"{name}.parquet"))
        counts.append(sum(len(batch) for batch, _ in send_events(events, producer, journal, work, contested)))
    tally.mailings, tally.redemptions = counts
