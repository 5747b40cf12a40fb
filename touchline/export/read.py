"""Finds all that is kept of one person, and writes down that it was read before it is given to anybody.

Why: docs/decisions/0189.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from clickhouse_driver import Client
from cryptography.exceptions import InvalidTag

from touchline.comments.readings import EXPORT, Reading, digest_of, read_log, record_reading
from touchline.errors import WrongUsage
from touchline.export.kept_out import find_kept_out
from touchline.export.rows import TECHNICAL, by_kind, is_own, record_of
from touchline.export.values import Export, Named, OwnIdentifier, Read, Record
from touchline.person.ask import SETTINGS
from touchline.person.known import keys_beginning_with
from touchline.person.read import read_person
from touchline.person.values import Person
from touchline.processors.steps.cipher import Cipher
from touchline.sql.ledger.rows import NET_ROWS
from touchline.wording import counted

READINGS_MAX = 100_000


def export_person(client: Client, cipher: Cipher, named: Named, reader: str, now: datetime | None = None) -> Export:
    """All that is kept, with the reading written down; where that fails, nothing is returned. Raises WrongUsage."""
    found = read_export(client, cipher, named, now or datetime.now(UTC))
    filters = {"person": "1 person", "quarantine": counted(len(found.quarantine), "record")}
    record_reading(client, Reading(EXPORT, reader, filters, digest_of(found.person), found.opened, found.opened))
    return found


def read_export(client: Client, cipher: Cipher, named: Named, now: datetime) -> Export:
    """The same without writing it down. Nothing in it where nothing is kept. Raises WrongUsage where it is not clear who is meant."""
    person = _person(client, named.keys)
    key = named.keys[0] if person is None else _key_of(person)
    identifiers = [] if person is None else _identifiers(person)
    own = {one.identifier for one in identifiers} or {key}
    shared = {one.identifier for one in identifiers if one.is_shared}
    rows = _rows(client, sorted(own), key)
    events = {(row["source"], row["event_id"]) for row in rows if row["kind"] == "attached" and row["person"] == key}
    rows = [row for row in rows if is_own(row, key, own, shared, events)]
    records, opened, locked = _opened(rows, own, cipher)
    kept_out, locked_out = find_kept_out(client, cipher, own - shared, named.raw, now)
    readings = [Read(one.read_at, one.way, one.opened) for one in read_log(client, persons=[key], limit=READINGS_MAX)]
    return Export(
        now,
        version("touchline"),
        key,
        person is not None and person.is_on_its_way,
        identifiers,
        _sources(client, {str(one["source"]) for one in records if one.get("source")}),
        by_kind(records),
        [] if person is None else person.journeys,
        [] if person is None else [one for one in person.changes if one.identifier in own - shared],
        _consents(client, key),
        kept_out,
        readings,
        opened + len(kept_out),
        locked + locked_out,
    )


def _person(client: Client, keys: Sequence[str]) -> Person | None:
    """The first of the keys, or beginnings of keys, that an event names; None where none is."""
    for key in keys:
        known = keys_beginning_with(client, key)
        if len(known) > 1:
            raise WrongUsage("several person keys begin so", "give more digits of the one that is meant")
        if known and (asked := read_person(client, known[0])) is not None:
            if len(asked.persons) > 1:
                raise WrongUsage(
                    "that is a shared device, of several persons", "name one of them: `touchline person` lists them"
                )
            (key_of_person,) = asked.persons
            return asked if key_of_person == asked.asked else read_person(client, key_of_person) or asked
    return None


def _key_of(person: Person) -> str:
    return person.persons[0] if len(person.persons) == 1 else person.asked


def _identifiers(person: Person) -> list[OwnIdentifier]:
    devices = {one.identifier for one in person.shared}
    return [
        OwnIdentifier(
            *(one.identifier, one.type, one.events, one.first_at, one.last_at),
            one.identifier in devices or len(one.persons) > 1,
        )
        for one in person.identifiers
    ]


def _rows(client: Client, own: Sequence[str], person: str) -> list[Record]:
    """Every row of the ledger that names one of the identifiers or the person, of whatever kind; of marks none does."""
    names = [name for (name,) in client.execute(_COLUMNS) if name not in TECHNICAL]
    sql = (
        f"SELECT {', '.join(names)} FROM journey_raw.ledger WHERE kind != 'mark' AND {NET_ROWS} "
        "AND (identifier IN %(own)s OR linked_identifier IN %(own)s OR person = %(person)s)"
    )
    rows = client.execute(sql, {"own": tuple(own), "person": person}, settings=SETTINGS)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _opened(rows: Sequence[Record], own: set[str], cipher: Cipher) -> tuple[list[Record], int, int]:
    """The records with their free text, how many texts were opened, and how many are under another key."""
    records, opened, locked = [], 0, 0
    for row in rows:
        told = record_of(row, own)
        if sealed := row["comment"]:
            try:
                told["comment"] = cipher.open(sealed, f"{row['source']}\0{row['event_id']}").decode("utf-8", "replace")
                opened += 1
            except (InvalidTag, ValueError):
                told["comment_locked_under"] = row["cipher_key_id"]
                locked += 1
        records.append(told)
    return records, opened, locked


def _sources(client: Client, names: set[str]) -> dict[str, str]:
    known: dict[str, str] = dict(client.execute("SELECT toString(id), name FROM journey.dim_source"))
    return {name: known.get(name, name) for name in sorted(names)}


def _consents(client: Client, person: str) -> list[Record]:
    """The state of each purpose over time, as the view of consents has it; what was said stands among the records, too."""
    rows = client.execute(_CONSENTS, {"person": person})
    return [dict(zip(_OF_CONSENTS, row, strict=True)) for row in rows]


_COLUMNS = "SELECT name FROM system.columns WHERE database = 'journey_raw' AND table = 'ledger' ORDER BY position"
_OF_CONSENTS = (
    *("purpose", "state", "valid_from", "valid_until", "consent_id", "version"),
    *("identifier", "source", "event_id", "stated_at", "is_simulated"),
)
_CONSENTS = f"SELECT {', '.join(_OF_CONSENTS)} FROM journey.consents WHERE person = %(person)s ORDER BY ALL"
