"""`touchline erase`: a person leaves every number and every table, with a certificate."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.backup.register import write_register
from touchline.cli.erase_people import LISTED_MAX, People, find_people, found_text, read_names
from touchline.cli.erase_places import kafka_of, kafka_told, places_of
from touchline.cli.ledger import CHANGE_SECONDS, open_ledger
from touchline.erasure.certificate import Certificate, certificate_text
from touchline.erasure.elsewhere import forget_erased
from touchline.erasure.page import (
    certificates_table,
    found_object,
    request_object,
    requests_table,
)
from touchline.erasure.run import Around, SomeLeft, ask, complete, open_requests
from touchline.erasure.tables import read_requests
from touchline.erasure.values import DONE
from touchline.erasure.whom import withdrawn
from touchline.errors import TouchlineError, WrongUsage
from touchline.kafka.topic import count_partitions
from touchline.processors.state.erasures import ANONYMISE, ERASE
from touchline.schemas.erasure import ErasureSecret
from touchline.schemas.times import FUTURE_TOLERANCE_US, TimeUnreadable, parse_time
from touchline.settings import load_settings
from touchline.terminal import plain, print_page, progress_lines
from touchline.wording import counted

if TYPE_CHECKING:
    from clickhouse_driver import Client

WIDTH_WHEN_PIPED = 200
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700


def erase(
    who: Annotated[
        str | None,
        typer.Argument(
            metavar="PERSON|TYPE:VALUE|FILE",
            help="A person key or its beginning, an identifier, or a file with one of these a line (- is standard input).",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be erased, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Let the events count on, as nobody's, instead of leaving every number.")
    ] = False,
    until: Annotated[
        str | None,
        typer.Option(help="What happened until then (RFC 3339); else all until now, clocks that run ahead included."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the certificate into this folder.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the workers at most.")] = 120.0,
    resume: Annotated[bool, typer.Option("--resume", help="Complete all requests that are half done.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="All requests, and how far they are.")] = False,
    certificate: Annotated[
        str | None, typer.Option("--certificate", metavar="REQUEST", help="The certificate of a request that is done.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Erase a person: the events leave every KPI, as if they had never been, then the rows are blanked for good, with quarantined records
    and what senders and `touchline care` of this machine keep in outboxes and alerts. A certificate says what was found and what remains;
    it names nobody. Whatever is sent again afterwards stays away.

    Who withdrew a consent cannot be anonymised.

    All identifiers of the person are meant, as `touchline person` shows them; of a device that others use, too, the times in which it
    was this person's. It shows what it found and asks first. Killed, or without a worker, it can be run again: it goes on where it was.

    Takes the keys in payload_key_file and erasure_secret_file, and a login that may change rows (the role touchline_migrator).

    Exit status 1 where nothing is kept of the person, 4 where the workers have not followed in time.

    Examples:

        touchline erase loyalty:4711 --dry-run

        touchline erase loyalty:4711 --out certificates

        touchline erase customers-who-left.txt --yes --json

        touchline erase --list
    """
    settings = load_settings()
    if sum((who is not None, resume, list_, certificate is not None)) != 1:
        raise WrongUsage(
            "name a person, or one of --resume, --list and --certificate",
            "for example `touchline erase loyalty:4711 --dry-run`",
        )
    with open_ledger(settings, CHANGE_SECONDS) as client:
        if list_:
            return _list(client, as_json=as_json)
        if certificate is not None:
            return _show(client, certificate, out, as_json=as_json)
        secret = ErasureSecret.from_file(settings.erasure_secret_file)
        places = places_of(settings, client)
        say = progress_lines()
        if not dry_run:
            forget_erased(places, secret)
        if resume:
            raw: dict[str, list[str]] = {one.id: [] for one in open_requests(read_requests(client), secret)}
        else:
            assert who is not None
            people = find_people(places, secret, read_names(who, settings), _until_us(until), say)
            _say_found(people, as_json=as_json and dry_run)
            if dry_run or people.is_empty:
                return 1 if people.is_empty else 0
            if anonymise:
                _require_no_withdrawal(client, people)
            if people.found:
                _require_consent(len(people.found), is_sure=yes)
            how = ANONYMISE if anonymise else ERASE
            made = ask(client, secret, how, people.found, datetime.now(UTC))
            raw = people.resumed | {
                request: list(one.raw) for request, (one, _) in zip(made, people.found, strict=True)
            }
        around = Around(
            lambda: write_register(client, settings.erasure_register_file),
            lambda: kafka_of(settings),
            say,
            timeout,
            count_partitions(settings),
            lambda: kafka_told(settings),
        )
        try:
            done = complete(places, secret, list(raw), raw, around)
        except SomeLeft as some_left:
            if some_left.certificates:
                _tell(some_left.certificates, out, as_json=as_json)
            raise
    _tell(done, out, as_json=as_json)
    return 0


def _until_us(until: str | None) -> int:
    latest = time.time_ns() // 1_000 + FUTURE_TOLERANCE_US
    if until is None:
        return latest
    try:
        until_us = parse_time(until)
    except TimeUnreadable as error:
        raise WrongUsage(f"--until: {error}", "for example --until 2026-03-01T00:00:00Z") from None
    if until_us > latest:
        raise WrongUsage(
            "--until lies in the future", "who comes back after the erasure is a new person: leave --until out"
        )
    return until_us


def _require_consent(persons: int, *, is_sure: bool) -> None:
    if is_sure:
        return
    if not sys.stdin.isatty():
        raise WrongUsage(
            "nothing was erased: there is no terminal to ask on", "look at what --dry-run shows, then give --yes"
        )
    typer.confirm(f"Erase {counted(persons, 'person')} for good?", abort=True, err=True)


def _require_no_withdrawal(client: Client, people: People) -> None:
    """What a withdrawn consent withholds counts nowhere; as nobody's it would count again."""
    withdrew = len(withdrawn(client, [subject for subject, _ in people.found]))
    if withdrew:
        raise WrongUsage(
            f"{counted(withdrew, 'person')} withdrew a consent: as nobody's, events that are withheld since then would count again",
            "erase who withdrew without --anonymise",
        )


def _say_found(people: People, *, as_json: bool) -> None:
    if as_json:
        persons = [found_object(subject, found) for subject, found in people.found]
        print(json.dumps({"persons": persons, "half_done": sorted(people.resumed)}, ensure_ascii=False))
        return
    print("\n".join(found_text(people)), file=sys.stderr)


def _list(client: Client, *, as_json: bool) -> int:
    requests = read_requests(client)
    if as_json:
        print(json.dumps({"requests": [request_object(one) for one in requests]}, default=plain))
    elif requests:
        print_page(requests_table(requests), WIDTH_WHEN_PIPED)
    else:
        print("nobody was erased yet")
    return 0


def _show(client: Client, request: str, out: Path | None, *, as_json: bool) -> int:
    found = next((one for one in read_requests(client) if one.id == request and one.state == DONE), None)
    if found is None:
        raise TouchlineError("there is no certificate of such a request", "see `touchline erase --list`")
    _tell([json.loads(found.draft)], out, as_json=as_json)
    return 0


def _tell(done: Sequence[Certificate], out: Path | None, *, as_json: bool) -> None:
    files = [] if out is None else list(_written(done, out))
    if as_json:
        print(json.dumps({"certificates": list(done), "files": [str(one) for one in files]}, ensure_ascii=False))
        return
    if len(done) > LISTED_MAX:
        print_page(certificates_table(done), WIDTH_WHEN_PIPED)
        if out is None:
            print("one of them in full: `touchline erase --certificate REQUEST`; all into a folder: --out DIR")
        else:
            print(f"{counted(len(files), 'file')} in {out}")
        return
    print("\n".join(map(certificate_text, done)) if done else "nothing is half done")
    print("\n".join(map(str, files)), end="\n" if files else "")


def _written(done: Sequence[Certificate], folder: Path) -> Iterator[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        for one in done:
            texts = {"json": json.dumps(one, ensure_ascii=False, indent=1) + "\n", "txt": certificate_text(one)}
            for ending, text in texts.items():
                path = folder / f"erasure-{one['request']}.{ending}"
                draft = folder / f".{path.name}.{os.getpid()}"
                with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE), "wb") as file:
                    file.write(text.encode())
                draft.replace(path)
                yield path
    except OSError as error:
        raise WrongUsage(
            f"it is done, but the certificate cannot be written to {folder} ({error.strerror or type(error).__name__})",
            "`touchline erase --certificate REQUEST --out DIR` writes it again",
        ) from None
