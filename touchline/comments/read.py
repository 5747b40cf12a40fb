"""Reads comments: chosen in SQL by what stands beside them, then decrypted, then by their words; the reading is written down before
anything is returned.

Why: docs/decisions/0189.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from clickhouse_driver import Client
from cryptography.exceptions import InvalidTag

from touchline.comments.readings import Reading, digest_of, record_reading
from touchline.comments.values import BY_VALUE, Comment, Cursor, Found, Selection, us_of
from touchline.errors import WrongUsage
from touchline.processors.steps.cipher import Cipher

CHUNK: Final = 2_000
"""Comments that are decrypted at once while words are looked for."""
OPENED_MAX: Final = 100_000
"""Comments that one search decrypts; it then says where to go on."""


def read_comments(client: Client, cipher: Cipher, selection: Selection, way: str, reader: str) -> Found:
    """A page of comments, the newest first. Where the reading cannot be written down, nothing is returned. Raises WrongUsage."""
    found = open_comments(client, cipher, selection)
    persons = selection.persons or ()
    digest = digest_of(persons[0]) if len(persons) == 1 else ""
    record_reading(client, Reading(way, reader, selection.as_filters(), digest, found.opened, len(found.comments)))
    return found


def open_comments(client: Client, cipher: Cipher, selection: Selection) -> Found:
    """The same without writing it down: for `read_comments`, and for who writes down more than this."""
    selection.check()
    shown: list[Comment] = []
    opened = 0
    after = selection.after
    while True:
        size = CHUNK if selection.words else selection.limit - len(shown)
        rows = _rows(client, selection, after, size + 1)
        for number, row in enumerate(rows[:size], 1):
            comment = _opened(row, cipher)
            opened += comment.text is not None
            after = Cursor(us_of(comment.answered_at), comment.source, comment.event_id)
            if not selection.words or (comment.text is not None and selection.accepts(comment.text)):
                shown.append(comment)
            if len(shown) == selection.limit:
                return Found(shown, opened, after if number < len(rows) else None)
        if len(rows) <= size:
            return Found(shown, opened, None)
        if opened >= OPENED_MAX:
            return Found(shown, opened, after)


def persons_of(client: Client, keys: Sequence[str]) -> tuple[str, ...]:
    """The person to whom the first of these person keys, or beginnings of keys, leads that is known; the keys where none is.

    Raises WrongUsage where several keys begin so, and for a shared device.
    """
    for key in keys:
        rows = client.execute(_PERSONS, {"key": key})
        if len({identifier for identifier, _ in rows}) > 1:
            raise WrongUsage("several person keys begin so", "give more digits of the one that is meant")
        persons = sorted({person for _, person in rows})
        if len(persons) > 1:
            raise WrongUsage(
                "that is a shared device, of several persons", "name one of them: `touchline person` lists them"
            )
        if persons:
            return tuple(persons)
    return tuple(keys)


def _rows(client: Client, selection: Selection, after: Cursor | None, limit: int) -> list[tuple[Any, ...]]:
    conditions = list(_conditions(selection, after))
    where = " AND ".join(sql for sql, _ in conditions) or "1"
    values = {name: value for _, some in conditions for name, value in some.items()}
    sql = f"SELECT {_COLUMNS} FROM journey_raw.comments WHERE {where} ORDER BY {_ORDER} LIMIT {limit}"
    rows: list[tuple[Any, ...]] = client.execute(sql, values)
    return rows


def _conditions(selection: Selection, after: Cursor | None) -> Iterator[tuple[str, dict[str, object]]]:
    time = "fromUnixTimestamp64Micro(%({})s, 'UTC')"
    if selection.since is not None:
        yield f"answered_at >= {time.format('since')}", {"since": us_of(selection.since)}
    if selection.until is not None:
        yield f"answered_at < {time.format('until')}", {"until": us_of(selection.until)}
    for name, some in selection.values.items():
        if name not in BY_VALUE:
            raise ValueError(f"no column of comments is chosen by {name!r}")
        yield f"ifNull(toString({name}), '') IN %({name})s", {name: tuple(some)}
    if selection.score_from is not None:
        yield "score >= %(score_from)s", {"score_from": selection.score_from}
    if selection.score_to is not None:
        yield "score <= %(score_to)s", {"score_to": selection.score_to}
    if selection.language:
        spoken = selection.language.lower()
        yield (
            "(lower(language) = %(language)s OR startsWith(lower(language), %(of_region)s))",
            {"language": spoken, "of_region": f"{spoken}-"},
        )
    if selection.persons is not None:
        yield "ifNull(person, '') IN %(persons)s", {"persons": selection.persons}
    if after is not None:
        place = (f"({time.format('after_us')}, %(after_source)s, %(after_id)s)", _KEY)
        yield (
            f"{place[1]} < {place[0]}",
            {"after_us": after.answered_us, "after_source": after.source, "after_id": after.event_id},
        )


def _opened(row: tuple[Any, ...], cipher: Cipher) -> Comment:
    *facts, is_simulated, key_id, sealed = row
    source, event_id = facts[2], facts[3]
    try:
        text: str | None = cipher.open(sealed, f"{source}\0{event_id}").decode("utf-8", "replace")
    except (InvalidTag, ValueError):
        text = None
    return Comment._make((*facts, bool(is_simulated), key_id, text))


_KEY = "(answered_at, toString(source), event_id)"
_ORDER = "answered_at DESC, toString(source) DESC, event_id DESC"
_COLUMNS = """answered_at, about_time, toString(source), event_id, person, toString(touchpoint), stage, channel, place, survey, question,
    kpi, scope, scale_min, scale_max, score, language, is_simulated, toString(cipher_key_id), comment"""
_PERSONS = (
    "SELECT identifier, person FROM journey.identifiers WHERE startsWith(identifier, %(key)s) ORDER BY ALL LIMIT 100"
)
