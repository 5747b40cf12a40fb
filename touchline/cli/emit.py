"""`touchline emit`: events from the shell, one by flags or many as NDJSON, each with a verdict."""

from __future__ import annotations

import json
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from touchline.cli.progress import progress_on_stderr
from touchline.cli.sending import open_producer
from touchline.errors import WrongUsage
from touchline.producers.masked import MaskedCounts, in_json, masked_note
from touchline.producers.ndjson import LineVerdicts, emit_lines
from touchline.schemas.money import CURRENCY_EXPONENTS, to_minor
from touchline.settings import load_settings
from touchline.wording import suppressed_note, waiting_note

DEFAULT_SOURCE = "shell"
STDIN = Path("-")
FILES_OF_ROWS: Final = frozenset((".csv", ".tsv", ".xlsx", ".xls", ".parquet"))
_NUMBER: Final = re.compile(r"[-+]?[0-9]+(?:\.([0-9]+))?")


def emit(
    file: Annotated[Path | None, typer.Argument(help="NDJSON, one complete event a line; - is standard input.")] = None,
    touchpoint: Annotated[str | None, typer.Option(help="Send one event: this touchpoint was met.")] = None,
    source: Annotated[str | None, typer.Option(help=f"As declared in sources.yaml ({DEFAULT_SOURCE}).")] = None,
    person: Annotated[list[str] | None, typer.Option(help="type:value, such as loyalty:4711; may be repeated.")] = None,
    action: Annotated[str | None, typer.Option(help="What was done there.")] = None,
    channel: Annotated[str | None, typer.Option(help="Channel, where it is not the touchpoint's own.")] = None,
    place: Annotated[str | None, typer.Option(help="Store, branch, call centre.")] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone of the place.")] = None,
    time: Annotated[str | None, typer.Option(help="RFC 3339 with offset; now where left out.")] = None,
    event_id: Annotated[str | None, typer.Option("--id", help="Unique within the source; new where left out.")] = None,
    amount: Annotated[str | None, typer.Option(help="Paid amount and currency, such as 19.99EUR.")] = None,
    order: Annotated[str | None, typer.Option(help="Number of the order.")] = None,
    fact: Annotated[list[str] | None, typer.Option("--property", help="name=value; may be repeated.")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Mark it as simulated.")] = False,
    outbox: Annotated[Path | None, typer.Option(help="Through the durable outbox in this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with the verdicts.")] = False,
) -> int:
    """Send one event, or every line of an NDJSON file. Returns when Kafka has acknowledged them.

    With an outbox (--outbox, or the setting outbox_dir) events are safe on disk first: when Kafka does not answer within
    5 s, the command says how many wait there and succeeds; the next sender, or `touchline outbox drain`, sends them.

    A bad line is reported with its number, field and remedy; the others are sent, and the exit status is 1. Events of a source
    under consent that name no grant are counted apart: the pipeline suppresses them, whatever comes later.

    Examples:

        touchline emit --touchpoint coupon --action show --person loyalty:4711

        touchline emit --touchpoint store_purchase --action purchase --amount 19.99EUR --order 10042

        touchline emit events.ndjson --outbox .local/outbox

        zcat events.ndjson.gz | touchline emit - --json
    """
    given: dict[str, Any] = {
        "source": source,
        "action": action or None,
        "channel": channel,
        "place": place,
        "zone": zone,
        "time": time,
        "id": event_id,
        "identifiers": [_identifier(text) for text in person or ()] or None,
        "amount": None if amount is None else _amount(amount),
        "order": None if order is None else {"id": order},
        "properties": dict(_property(text) for text in fact or ()) or None,
        "simulated": simulated or None,
    }
    fields = {name: value for name, value in given.items() if value is not None}
    if touchpoint is None:
        if fields:
            raise WrongUsage(
                f"{', '.join(sorted(fields))} of one event given, but no touchpoint",
                "add --touchpoint, or write the fields into the lines of the file",
            )
        verdicts = _emit_stream(file, outbox)
        print(verdicts.as_json() if as_json else verdicts.sentence())
        return 1 if verdicts.rejected else 0
    if file is not None:
        raise WrongUsage("--touchpoint and a file were given", "leave one of them out")
    emitted, waiting, suppressed, masked = _emit_one(
        {"source": DEFAULT_SOURCE, "touchpoint": touchpoint, **fields}, outbox
    )
    if as_json:
        verdict = {"accepted": 1 - suppressed, "suppressed": suppressed, "rejected": 0}
        print(json.dumps({**verdict, **in_json(masked), "waiting": waiting, "id": emitted}))
    else:
        print(emitted)
        if waiting:
            print(f"sent 1 event{waiting_note(waiting)}", file=sys.stderr)
        if suppressed:
            print(f"sent 0 events{suppressed_note(suppressed)}", file=sys.stderr)
        if masked:
            print(f"sent 1 event{masked_note(masked)}", file=sys.stderr)
    return 0


def _emit_one(fields: dict[str, Any], outbox: Path | None) -> tuple[str, int, int, MaskedCounts]:
    """Id, events that wait, events that will be suppressed, personal values that were masked."""
    with open_producer(load_settings(), outbox) as producer:
        emitted = producer.emit(**fields)
    return emitted, producer.counts.on_their_way, producer.suppressed, producer.masked


def _emit_stream(file: Path | None, outbox: Path | None) -> LineVerdicts:
    if file is None and sys.stdin.isatty():
        raise WrongUsage("there is nothing to send", "give --touchpoint, a file, or NDJSON on standard input")
    stream, size = _open(file)
    with (
        stream,
        open_producer(load_settings(), outbox) as producer,
        progress_on_stderr("bytes", size) as advance,
    ):
        verdicts = emit_lines(stream, producer, advance, lambda line: print(line, file=sys.stderr))
    verdicts.waiting = producer.counts.on_their_way
    return verdicts


def _open(file: Path | None) -> tuple[BinaryIO, int | None]:
    """The stream and its size in bytes, where it has one."""
    if file is None or file == STDIN:
        return sys.stdin.buffer, None
    if file.suffix.lower() in FILES_OF_ROWS:
        raise WrongUsage(
            f"{file} holds rows, and emit sends lines of JSON",
            f"say by a mapping which column is what: touchline import {file} --mapping M.yaml (docs/senders/files.md)",
        )
    try:
        return file.open("rb"), file.stat().st_size
    except OSError as error:
        raise WrongUsage(f"{file} cannot be read ({error.strerror})", "give the path of an NDJSON file") from None


def _identifier(text: str) -> tuple[str, str]:
    kind, colon, value = text.partition(":")
    if not colon or not value:
        raise WrongUsage("--person is not type:value", "for example --person loyalty:4711")
    return kind, value


def _amount(text: str) -> dict[str, Any]:
    """Digits, a point before as many decimals as the currency has, and its code: `12.500EUR` may be twelve and a half, or thousands."""
    digits, currency = text.strip()[:-3].strip(), text.strip()[-3:].upper()
    places = CURRENCY_EXPONENTS.get(currency)
    found = _NUMBER.fullmatch(digits)
    if places is None:
        why = "the currency is no ISO 4217 code"
    elif found is None:
        why = "it is no number with a point before its decimals"
    elif len(found[1] or "") > places:
        why = f"it has more than {places} decimal places, too many for {currency}"
    else:
        return {"amount_minor": to_minor(Decimal(digits), currency), "currency": currency}
    raise WrongUsage(f"--amount is not an amount and a currency: {why}", "for example --amount 19.99EUR")


def _property(text: str) -> tuple[str, str | int | float | bool]:
    """Numbers, true and false are taken as such, all else as text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise WrongUsage("--property is not name=value", "for example --property items=3")
    try:
        parsed = json.loads(value, parse_constant=str)
    except (ValueError, RecursionError):
        return name, value
    return name, parsed if isinstance(parsed, int | float) else value
