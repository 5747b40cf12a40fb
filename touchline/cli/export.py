"""`touchline export`: all that is kept of one person."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.ledger import open_ledger
from touchline.cli.naming import keys_named
from touchline.comments.readings import reader_of_command
from touchline.export.files import JSON_FILE, PAGE_FILE, require_room, write_files
from touchline.export.page import page_of
from touchline.export.read import export_person
from touchline.export.values import Export, Named, as_object
from touchline.export.words import Language
from touchline.processors.steps.cipher import Cipher
from touchline.schemas.identifiers import IDENTIFIER_TYPES
from touchline.settings import load_settings
from touchline.terminal import plain
from touchline.wording import counted


def export(
    person: Annotated[str, typer.Argument(metavar="KEY|TYPE:VALUE", help="A person key, or an identifier.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help=f"Write {JSON_FILE} and {PAGE_FILE} into this folder.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --out: one JSON object about the files; else it is JSON anyway.")
    ] = False,
    language: Annotated[Language, typer.Option("--language", help="Language of the page.")] = Language.EN,
) -> int:
    """Give all that is kept of one person: identifiers, events and answers with their free text, journeys in every map, links, consents,
    and records in quarantine that name the person; as JSON on standard output, or as JSON and a page to read in a folder.

    The person is named by a person key, as `touchline person` shows it, or by an identifier as type:value, which is made into the key and
    looked for in quarantined records, and stands nowhere else. Identifiers of other people are left out. Takes the key in payload_key_file
    and a login with the role touchline_writer. The reading is written down first (`touchline comments --log`).

    Exit status 1 where nothing is kept.

    Examples:

        touchline export loyalty:4711 --out export-of-4711 --language de

        touchline export k1:16eaacd3 > export.json
    """
    settings = load_settings()
    if out is not None:
        require_room(out)
    cipher = Cipher.from_file(settings.payload_key_file)
    named = Named(keys_named(person, settings), raw_value(person))
    with open_ledger(settings) as client:
        found = export_person(client, cipher, named, reader_of_command())
    if out is None:
        print(_json(found))
    elif not found.is_empty:
        written = write_files(out, {JSON_FILE: _json(found) + "\n", PAGE_FILE: page_of(found, language)})
        _tell(found, written, as_json)
    elif as_json:
        print(json.dumps({"files": [], "events": 0, "opened": 0, "locked": 0}))
    else:
        print("nothing is kept of this person")
    return 1 if found.is_empty else 0


def _tell(found: Export, written: list[Path], as_json: bool) -> None:
    events = len(found.records.get("received", ()))
    if as_json:
        files = [str(path) for path in written]
        print(json.dumps({"files": files, "events": events, "opened": found.opened, "locked": found.locked}))
        return
    print(f"{counted(events, 'event')}, {counted(found.opened, 'text')} opened")
    if found.locked:
        print(
            f"{counted(found.locked, 'text')} could not be opened: encrypted under another key than that in payload_key_file"
        )
    print("\n".join(map(str, written)))


def raw_value(person: str) -> str:
    """The value of `type:value`; empty where a person key was given, which is looked for as it is."""
    name, _, value = person.partition(":")
    digits = value.removesuffix("…")
    is_key = name not in IDENTIFIER_TYPES and len(digits) == 64 and all(one in "0123456789abcdef" for one in digits)
    return "" if is_key else value.strip()


def _json(found: Export) -> str:
    return json.dumps(as_object(found), default=_plain, ensure_ascii=False, indent=1)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return plain(value)
