"""`touchline comments`: what people wrote, for those who may read it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from touchline.cli.ledger import open_ledger
from touchline.cli.naming import keys_named
from touchline.comments.page import comments_csv, comments_object, comments_page, log_csv, log_object, log_page
from touchline.comments.read import persons_of, read_comments
from touchline.comments.readings import COMMENTS, read_log, reader_of_command
from touchline.comments.values import LIMIT_MAX, Cursor, Selection
from touchline.errors import WrongUsage
from touchline.processors.steps.cipher import Cipher
from touchline.schemas.erasure import ErasureSecret
from touchline.settings import load_settings
from touchline.terminal import plain, print_page

WIDTH_WHEN_PIPED = 200
LISTED = 50
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
_Values = list[str] | None


def _some(words: str) -> Any:
    return typer.Option(help=f"{words}; may be given several times, '' for what is not known.")


def comments(
    since: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="Answered then or later (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="Answered before that (UTC).")] = None,
    touchpoint: Annotated[_Values, _some("About this touchpoint")] = None,
    stage: Annotated[_Values, _some("About a touchpoint of this stage of the default map")] = None,
    place: Annotated[_Values, _some("About this place")] = None,
    score_from: Annotated[float | None, typer.Option(help="With this score or a higher one.")] = None,
    score_to: Annotated[float | None, typer.Option(help="With this score or a lower one.")] = None,
    kpi: Annotated[_Values, _some("Of this KPI, such as nps")] = None,
    question: Annotated[_Values, _some("To this question")] = None,
    survey: Annotated[_Values, _some("Of this survey")] = None,
    source: Annotated[_Values, _some("Of this source")] = None,
    language: Annotated[str | None, typer.Option(help="Asked in this language (de: de-CH, too).")] = None,
    person: Annotated[
        str | None, typer.Option(metavar="KEY|TYPE:VALUE", help="Of one person, under all identifiers.")
    ] = None,
    contains: Annotated[
        _Values, typer.Option(help="With these words, whatever their case; several times: all of them.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX, help="At most this number.")] = LISTED,
    next_page: Annotated[str | None, typer.Option("--next", help="Go on where the page before ended.")] = None,
    log: Annotated[
        bool, typer.Option("--log", help="Who has read comments instead; takes times and --person.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header row.")] = False,
) -> None:
    """Read what people wrote in answers, the newest first. Comments are stored encrypted: reading takes the key in payload_key_file and a
    login of ClickHouse with the role touchline_comments or touchline_writer.

    Every reading is written down before anything is shown: who, when, what was asked for, how many; not the words that were looked for,
    nor the texts. --log shows it. Scores are compared as given: name the KPI or the question when there are several scales.

    Examples:

        touchline comments --since 2026-03-01 --touchpoint store_purchase --kpi nps --score-to 6

        touchline comments --contains queue --language de --limit 200 --csv > queue.csv

        touchline comments --person loyalty:4711

        touchline comments --log --since 2026-03-01
    """
    if as_json and as_csv:
        raise WrongUsage("--json and --csv exclude each other", "give one of them")
    asked = {
        "touchpoint": touchpoint, "stage": stage, "place": place, "kpi": kpi, "question": question, "survey": survey, "source": source,
    }  # fmt: skip
    chosen = Selection(
        _utc(since),
        _utc(until),
        {name: tuple(some) for name, some in asked.items() if some},
        score_from,
        score_to,
        language,
        None,
        tuple(contains or ()),
        limit,
        None if next_page is None else Cursor.from_text(next_page),
    )
    if log:
        _show_log(chosen, person, as_json, as_csv)
    else:
        _show(chosen, person, as_json, as_csv)


def _show(chosen: Selection, person: str | None, as_json: bool, as_csv: bool) -> None:
    chosen.check()
    settings = load_settings()
    cipher = Cipher.from_file(settings.payload_key_file)
    with open_ledger(settings) as client:
        if person is not None:
            chosen = chosen._replace(persons=persons_of(client, keys_named(person, settings)))
        found = read_comments(client, cipher, chosen, COMMENTS, reader_of_command())
    if as_json:
        _print_json(comments_object(found))
    elif as_csv:
        _write(comments_csv(found.comments))
        if found.next is not None:
            print(f"there are more: --next {found.next.to_text()}", file=sys.stderr)
    else:
        print_page(comments_page(found), WIDTH_WHEN_PIPED)


def _show_log(chosen: Selection, person: str | None, as_json: bool, as_csv: bool) -> None:
    unread = chosen._replace(since=None, until=None, limit=LISTED)
    if unread != Selection():
        raise WrongUsage("the log of readings takes --since, --until, --person and --limit", "leave the others out")
    settings = load_settings()
    with open_ledger(settings) as client:
        persons = None if person is None else persons_of(client, keys_named(person, settings))
        secret = (
            ErasureSecret.from_file(settings.erasure_secret_file) if settings.erasure_secret_file.is_file() else None
        )
        readings = read_log(client, chosen.since, chosen.until, persons, chosen.limit, secret)
    if as_json:
        _print_json(log_object(readings))
    elif as_csv:
        _write(log_csv(readings))
    else:
        print_page(log_page(readings), WIDTH_WHEN_PIPED)


def _print_json(value: dict[str, object]) -> None:
    print(json.dumps(value, default=plain, ensure_ascii=False))


def _write(lines: Iterable[str]) -> None:
    sys.stdout.flush()
    for line in lines:
        sys.stdout.buffer.write(line.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
