"""Counts what is kept of the identifiers of persons in the times that are meant: rows of the ledger, comments, first and last day.

Many persons are counted by one query: the times that are meant, numbered by person, are a small table that is joined to the rows of their
identifiers.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from clickhouse_driver import Client

from touchline.erasure.values import BEFORE_ALL_US, Rows, Target, whole_of
from touchline.person.ask import AT_ONCE, ask
from touchline.sql.ledger.rows import NET_ROWS, or_mark


class Counted(NamedTuple):
    """Of the ledger. The days are empty where nothing is stored."""

    rows: Sequence[Rows]
    comments: int
    first_day: str
    last_day: str


class Span(NamedTuple):
    """A time of an identifier that is meant, behind `after_us` and up to `until_us`. With `is_whole` rows without a time, and words about
    where the identifier is at home, are meant as well."""

    identifier: str
    after_us: int
    until_us: int
    is_whole: bool


def count_rows(client: Client, persons: Sequence[Sequence[Target]]) -> list[Counted]:
    """Of each person all rows that name the identifiers, at either end of a link. A link between two of them counts once."""
    rows: defaultdict[int, list[Rows]] = defaultdict(list)
    texts: dict[int, tuple[int, str, str]] = {}
    for values in _parts(spans_of(one, whole_of(one)) for one in persons):
        for person, *found in ask(client, _COUNTS, **values):
            rows[person].append(Rows(*found))
        for person, comments, first, last in ask(client, _TEXTS, **values):
            texts[person] = (comments, str(first), str(last)) if last.year > 1970 else (comments, "", "")
    return [Counted(sorted(rows[person]), *texts.get(person, (0, "", ""))) for person in range(len(persons))]


def count_left(client: Client, persons: Sequence[Sequence[Target]]) -> list[dict[str, int]]:
    """Of each person by kind the rows that still count although workers have followed the request: none when all is retracted. Of records
    those with another fate than erased; of `handoff` and `away` none, since they say where an identifier is at home and count nowhere."""
    left: list[dict[str, int]] = [{} for _ in persons]
    for values in _parts(spans_of(one, ()) for one in persons):
        for person, kind, rows in ask(client, _LEFT, **values):
            left[person][kind] = rows
    return left


def spans_of(targets: Iterable[Target], whole: Iterable[str]) -> list[Span]:
    """The times of one person, so that none of them meets another of the same identifier: each row lies in one at most."""
    all_of_it = set(whole)
    spans: dict[str, Span] = {}
    done: list[Span] = []
    for one in sorted(targets, key=lambda target: (target.identifier, target.after_us)):
        if not one.identifier:
            continue
        known = spans.get(one.identifier)
        if known is not None and one.after_us <= known.until_us:
            spans[one.identifier] = known._replace(until_us=max(known.until_us, one.until_us))
            continue
        if known is not None:
            done.append(known)
        spans[one.identifier] = Span(one.identifier, one.after_us, one.until_us, one.identifier in all_of_it)
    return sorted([*done, *spans.values()])


def _parts(persons: Iterable[Sequence[Span]]) -> Iterator[dict[str, Any]]:
    """The values of each query: about a thousand times, of whole persons."""
    spans: list[tuple[int, str, str, str, int]] = []
    for person, own in enumerate(persons):
        if spans and len(spans) + len(own) > AT_ONCE:
            yield _values(spans)
            spans = []
        # Times as text: of numbers of which some are below zero and some are large the engine finds no common type.
        spans += [(person, one.identifier, str(one.after_us), str(one.until_us), int(one.is_whole)) for one in own]
    if spans:
        yield _values(spans)


def _values(spans: Sequence[tuple[int, str, str, str, int]]) -> dict[str, Any]:
    return {"spans": list(spans), "keys": tuple({identifier for _, identifier, *_ in spans})}


_SPANS = """
(
    SELECT
        toUInt32(span.1) AS person, span.2 AS meant, toInt64(span.3) AS after_us, toInt64(span.4) AS until_us, span.5 AS is_whole
    FROM (SELECT arrayJoin(%(spans)s) AS span)
)"""
_IS_MEANT = (
    f"(time > after_us OR (time = {BEFORE_ALL_US} AND is_whole)) AND time <= until_us "
    "AND (is_whole OR said NOT IN ('away', 'handoff'))"
)


def _meant(end: str, columns: str, condition: str) -> str:
    """Rows whose identifier at this end is meant, once for each person of whom it is; with `end` as `at`. The keys are a list in the query:
    behind IN (SELECT ...) no projection would be used."""
    return f"""
    SELECT person, '{end}' AS at, * EXCEPT (person, name, meant, after_us, until_us, is_whole) FROM
    (
        SELECT {end} AS name, toUnixTimestamp64Micro(event_time) AS time, {columns}
        FROM journey_raw.ledger WHERE {end} IN %(keys)s AND {condition}
    ) AS found INNER JOIN {_SPANS} AS spans ON found.name = spans.meant
    WHERE {_IS_MEANT}"""


_IS_LINK = or_mark("has(['link', 'unlink'], kind)") + " AND kind IN ('link', 'unlink')"
_IS_LEFT = "(kind = 'received' AND fate != 'erased' OR kind IN ('attached', 'link', 'unlink', 'claim'))"
_IS_STORED = f"kind = 'received' AND fate = 'stored' AND {NET_ROWS}"
_OF_ROW = "row_id, toString(kind) AS said, sign"
_OF_MAP = f"{_OF_ROW}, toString(fate) AS became, toString(map) AS of_map, map_version AS of_version"
_OF_LINK = f"{_OF_ROW}, '' AS became, '' AS of_map, toUInt32(0) AS of_version"
# A link with both ends among the identifiers of one person is found at both. Rows are counted, not their ids: what was inserted twice by a
# fault is there twice.
_TIMES = "greatest(countIf(at = 'identifier'), countIf(at = 'linked_identifier')) AS times"
_COUNTS = f"""
SELECT person, said, became, of_map, of_version, toInt64(sum(sign * times)), toInt64(sum(times)) FROM
(
    SELECT person, said, became, of_map, of_version, sign, {_TIMES} FROM
    (
        {_meant("identifier", _OF_MAP, "kind != 'mark'")}
        UNION ALL
        {_meant("linked_identifier", _OF_LINK, _IS_LINK)}
    )
    GROUP BY person, said, became, of_map, of_version, row_id, sign
)
GROUP BY person, said, became, of_map, of_version"""
_TEXTS = f"""
SELECT person, toInt64(countIf(has_comment)), toDate(min(event_time)), toDate(max(event_time)) FROM
(
    {_meant("identifier", "toString(kind) AS said, event_time, comment != '' AS has_comment", _IS_STORED)}
)
GROUP BY person"""
_LEFT = f"""
SELECT person, said, toInt64(sum(sign * times)) AS standing FROM
(
    SELECT person, said, sign, {_TIMES} FROM
    (
        {_meant("identifier", _OF_ROW, _IS_LEFT)}
        UNION ALL
        {_meant("linked_identifier", _OF_ROW, _IS_LINK)}
    )
    GROUP BY person, said, row_id, sign
)
GROUP BY person, said HAVING standing != 0"""
