"""SQL of what partitions ask about each other. What a projection holds is named as the projection has it, else the engine does not see
that it may read it; and beside it plainly, so that it finds the rows by their sort keys."""

from __future__ import annotations

from collections.abc import Sequence

from touchline.processors.ledger.columns import CLAIM, FEED_KINDS, LINK
from touchline.processors.ledger.ledger import FeedRow, HandoffRow, Said, WaitingRow
from touchline.processors.ledger.queries import KNOWN, OF_EVENTS, OF_PARTITION, columns_of, read, standing
from touchline.processors.values.event_hash import HASHED_BY
from touchline.processors.values.records import Fact
from touchline.schemas.erasure import ERASED_PREFIX
from touchline.schemas.retention import ANONYMISE, Cutoff
from touchline.sql.ledger.rows import or_mark

_OF_FEED = or_mark(f"has([{', '.join(map(repr, FEED_KINDS))}], kind)")
_OF_LINKS = or_mark("has(['link', 'unlink'], kind)") + " AND kind IN ('link', 'unlink')"
_MERGED = or_mark("kind = 'attached' AND person != identifier") + " AND kind = 'attached'"
_CLAIMS = f"{_OF_FEED} AND kind = 'claim'"
CLAIMS = standing(f"row_id, offset, {columns_of(CLAIM)}", f"{_CLAIMS} AND {OF_EVENTS} AND {OF_PARTITION}")
STANDING_CLAIMS = standing("DISTINCT toString(source), event_id", _CLAIMS) + " ORDER BY ALL"
CLAIM_HASHES = f"SELECT {HASHED_BY} FROM journey_raw.ledger WHERE {_CLAIMS} AND sign = 1"
_STORED = "kind = 'received' AND (fate = 'stored' OR reason = 'conflict') AND sign = 1"
STORED_HASHES = f"SELECT {HASHED_BY} FROM journey_raw.ledger WHERE {_STORED}"
KEYS_OF_HASHES = (
    f"SELECT DISTINCT toString(source), event_id FROM journey_raw.ledger WHERE {_STORED} AND {HASHED_BY} IN %(hashes)s"
)
CLAIMED_FACTS = standing(
    f"row_id, offset, {columns_of(Fact._fields)}",
    f"kind = 'received' AND reason = 'claim' AND {OF_EVENTS} AND {OF_PARTITION}",
)
WAITING = f"""
SELECT {columns_of(WaitingRow._fields)} FROM journey_raw.ledger
WHERE {_OF_FEED} AND kind IN ('claim', 'release') AND {OF_EVENTS} AND sign = 1
"""

_SAID = columns_of(Said._fields)
LINKS_ABOUT = f"""
{standing(_SAID, "kind IN ('link', 'unlink') AND identifier IN %(identifiers)s")}
UNION ALL
{standing(_SAID, f"{_OF_LINKS} AND linked_identifier IN %(identifiers)s")}
"""
_LINK = f"kind, row_id, offset, {columns_of(LINK)}"
LINKS_NAMING = f"""
{standing(_LINK, f"kind IN ('link', 'unlink') AND identifier IN %(identifiers)s AND {OF_PARTITION}")}
UNION ALL
{standing(_LINK, f"kind IN ('link', 'unlink') AND linked_identifier IN %(identifiers)s AND {OF_PARTITION}")}
"""
ERASURES = """
SELECT number, identifier, toString(identifier_type), digest, toString(secret_id),
    toUnixTimestamp64Micro(after_time), toUnixTimestamp64Micro(until_time), toString(how)
FROM journey_raw.erasures WHERE number > %(number)s ORDER BY number
"""

EXPIRED_ROWS_AT_ONCE = 5_000
"""Rows of which it is asked whether they still stand: more than are wanted, since on the way most may have ended already."""
_PAST_TERM = """source = %(source{0})s AND event_type IN %(types{0})s
        AND event_time >= fromUnixTimestamp64Micro(%(from{0})s) AND event_time < fromUnixTimestamp64Micro(%(before{0})s)"""
_IS_NOBODYS = f"(fate = 'stored' AND startsWith(event_id, '{ERASED_PREFIX}'))"


def expired(cutoffs: Sequence[Cutoff]) -> tuple[str, dict[str, object]]:
    """Rows of a stream past one of the cutoffs, whether they stand or not, in the order of their ids; with the values of its parameters."""
    past, values = [], dict[str, object]()
    for number, one in enumerate(cutoffs):
        condition = _PAST_TERM.format(number)
        if one.how == ANONYMISE:
            condition += f" AND NOT {_IS_NOBODYS}"
        past.append(f"({condition})")
        values |= {
            f"source{number}": one.source,
            f"types{number}": one.types,
            f"from{number}": one.from_us,
            f"before{number}": one.before_us,
        }
    sql = f"""
    SELECT {KNOWN} FROM journey_raw.ledger
    WHERE stream = %(stream)s AND kind = 'received' AND sign = 1 AND fate != 'erased' AND reason != 'claim'
        AND insert_number >= %(insert_number)s AND row_id > %(after)s AND row_id <= %(until)s AND ({" OR ".join(past)})
    ORDER BY insert_number, row_id LIMIT {EXPIRED_ROWS_AT_ONCE}"""
    return sql, values


RETRACTED_AMONG = (
    f"SELECT row_id FROM journey_raw.ledger WHERE {or_mark('sign = -1')} AND sign = -1 AND row_id IN %(row_ids)s"
)
STILL_NAMED = f"""
SELECT DISTINCT identifier FROM journey_raw.ledger WHERE identifier IN %(identifiers)s
UNION DISTINCT
SELECT DISTINCT linked_identifier FROM journey_raw.ledger WHERE {_OF_LINKS} AND linked_identifier IN %(identifiers)s
"""
HANDOFFS = f"""
SELECT {columns_of(HandoffRow._fields)} FROM journey_raw.ledger WHERE kind = 'handoff' AND identifier IN %(identifiers)s AND sign = 1
"""
MERGED = standing("DISTINCT identifier, person", f"{_MERGED} AND person IN %(identifiers)s")
MERGED_WITH = f"""
{standing("DISTINCT identifier, person", f"{_MERGED} AND identifier IN %(identifiers)s")}
UNION ALL
{MERGED}
"""

POSITIONS = "SELECT toString(stream), max(insert_number) FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream"
_PROGRESS = "insert_number, cursors, map_change, walked_to, erasure FROM journey_raw.ledger WHERE kind = 'mark'"
PROGRESS = f"""
SELECT toString(stream), {_PROGRESS} AND (stream, insert_number) IN (
    SELECT stream, max(insert_number) FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream)
"""
PROGRESS_OF = f"SELECT {_PROGRESS} AND stream = %(stream)s ORDER BY insert_number DESC LIMIT 1"


def feed(spans: str) -> str:
    """Rows by which partitions speak to each other, of these inserts. In no order: asked for that of the table, the engine reads the table
    and not the projection."""
    return f"""
    SELECT {columns_of(FeedRow._fields)} FROM journey_raw.ledger
    WHERE {_OF_FEED} AND kind IN {FEED_KINDS} AND {spans}"""


def away(inserts: str) -> str:
    """Of these identifiers the earliest time that a word in such inserts names."""
    return f"""
    SELECT identifier, min({read("event_time")}) FROM journey_raw.ledger
    WHERE {_OF_FEED} AND kind = 'away' AND identifier IN %(identifiers)s AND {inserts} GROUP BY identifier"""


MAPS = "SELECT toString(map), version, argMax(state, number), max(number) FROM journey_raw.map_changes GROUP BY map, version"

# All rows' identifiers, in their order: by_identifier itself is read, and no further than needed. In large blocks and by several threads
# the engine reads much more of each part.
NEXT_IDENTIFIERS = """
SELECT DISTINCT identifier FROM mergeTreeProjection(journey_raw, ledger, by_identifier)
WHERE identifier > %(identifier)s ORDER BY identifier LIMIT %(count)s
SETTINGS max_threads = 1, max_block_size = 1024, optimize_distinct_in_order = 0
"""
HAVE_STORED = """
SELECT identifier FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND identifier IN %(identifiers)s GROUP BY identifier HAVING sum(sign) > 0 ORDER BY identifier
"""
UNIDENTIFIED = """
SELECT row_id, insert_number, toString(source), event_id FROM journey_raw.ledger
WHERE stream = %(stream)s AND kind = 'received' AND sign = 1 AND fate = 'stored' AND identifier = '' AND insert_number > %(insert_number)s
ORDER BY insert_number LIMIT %(count)s WITH TIES
"""
RETRACTED = (
    f"SELECT row_id FROM journey_raw.ledger WHERE {or_mark('sign = -1')} AND row_id >= %(first)s AND row_id <= %(last)s"
)
