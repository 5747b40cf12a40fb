"""Checks of the ledger against itself: sums kept by projections against a count of the rows, and signs that cancel out."""

from __future__ import annotations

from collections.abc import Iterator

from clickhouse_driver import Client

from touchline.account.accounts import RESTORE
from touchline.account.differences import Mismatch
from touchline.sql.all_views import VIEWS

PROJECTIONS = "projections equal a recount"
SIGNS = "every row stands once or not at all"
RECOUNTED = (
    *(view.name for view in VIEWS if view.name.startswith(("kpi_", "funnel_"))),
    "unmapped",
    "account",
)
SET_OF_ROWS = "count(), sum(cityHash64(tuple(*)))"
"""Equal for equal rows in any order. The tuple is needed: the hash of several arguments is NULL when one of them is, and sums skip that."""
_SHOWN = 10
_LOOKS = 10
_ROWS_STORED = "SELECT total_rows FROM system.tables WHERE database = 'journey_raw' AND name = 'ledger'"
ASK_LATER = "run it again when less is stored: whether the sums are those of the rows cannot be said"
MAKE_ANEW = (
    "sums are not those of the rows: "
    "ALTER TABLE journey_raw.ledger CLEAR PROJECTION name, then MATERIALIZE PROJECTION name, makes one anew"
)
STANDS_WRONG = f"rows were lost, doubled or written by hand: {RESTORE}"
TWO_PERSONS = (
    "the same revision of one (source, id) came under several keys, and a version counts in each of their partitions; the workers settle "
    "that within a minute: run it again then. A restore would bring the same again. Let the sender raise the revision, or give each "
    "event an id of its own. Which ones: "
    '`touchline sql "SELECT source, event_id FROM journey.touchpoints GROUP BY ALL HAVING count() > 1"`, then `touchline trace`'
)
"""A version in another partition is seen a tick later, and of two equal revisions nobody tells the other."""


def check_projections(client: Client) -> Iterator[Mismatch]:
    """Each mart is the same set of rows when the engine may not use its projections. What differs while workers store is asked again."""
    for view in RECOUNTED:
        query = f"SELECT {SET_OF_ROWS} FROM journey.{view}"
        for _ in range(_LOOKS):
            before = client.execute(_ROWS_STORED)
            ((kept, kept_hash),) = client.execute(query)
            ((counted, counted_hash),) = client.execute(query, settings={"optimize_use_projections": 0})
            if (kept, kept_hash) == (counted, counted_hash):
                break
            if client.execute(_ROWS_STORED) == before:
                said = (
                    f"{kept} rows with projections, {counted} without"
                    if kept != counted
                    else f"{kept} rows, with other values"
                )
                yield Mismatch(PROJECTIONS, f"journey.{view}", said, MAKE_ANEW)
                break
        else:
            yield Mismatch(PROJECTIONS, f"journey.{view}", "something is stored whenever it is looked at", ASK_LATER)


def check_signs(client: Client) -> Iterator[Mismatch]:
    """Of one row id, and of one event and map, the signs add up to 0 or 1."""
    for row_id, net in client.execute(
        f"SELECT row_id, sum(sign) AS net FROM journey_raw.ledger GROUP BY row_id HAVING net NOT IN (0, 1) ORDER BY row_id LIMIT {_SHOWN}"
    ):
        yield Mismatch(SIGNS, f"row {row_id}", f"stands {net} times", STANDS_WRONG)
    for source, stage_map, version, net, offset, streams in client.execute(
        "SELECT any(source), any(map), any(map_version), sum(sign) AS net, min(offset), uniqExact(stream) FROM journey_raw.ledger "
        "WHERE kind = 'attached' GROUP BY sipHash128(source, event_id, map, map_version) HAVING net NOT IN (0, 1) "
        f"ORDER BY 1, 2, 3, 5 LIMIT {_SHOWN}"
    ):
        is_split = streams > 1 and net > 1
        where = f", in {streams} partitions" if is_split else ""
        said = f"an event of source {source} (offset {offset}) stands {net} times{where}"
        yield Mismatch(SIGNS, f"map {stage_map} version {version}", said, TWO_PERSONS if is_split else STANDS_WRONG)
