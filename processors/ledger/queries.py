"""The worker's SQL. Lookups name `kind` and the key columns plainly, so that the engine reads them through its lookup projections."""

from __future__ import annotations

from collections.abc import Sequence

from touchline.processors.ledger.columns import ATTACHED, LINK, default_of
from touchline.processors.ledger.rows import PARTITION_SHIFT
from touchline.processors.values.event_hash import HASHED_BY
from touchline.processors.values.records import NAMES_EVENT, OFFSET_BITS, Cursors, Fact
from touchline.schemas.events import TOUCHPOINT
from touchline.sql.ledger.rows import or_mark

MARK = """
SELECT insert_number, offset FROM journey_raw.ledger
WHERE stream = %(stream)s AND kind = 'mark' ORDER BY insert_number DESC LIMIT 1
"""

# Streams of the same partition number: earlier incarnations of the topic. Their writers are closed before their numbers are read.
OTHER_STREAMS = """
SELECT DISTINCT stream FROM journey_raw.ledger
WHERE kind = 'mark' AND splitByChar('/', toString(stream))[-1] = toString(%(partition)s) AND stream != %(stream)s
"""
HIGHEST_INSERT_NUMBER = """
SELECT max(insert_number) FROM journey_raw.ledger
WHERE kind = 'mark' AND splitByChar('/', toString(stream))[-1] = toString(%(partition)s)
"""
# A Join table cannot be read as a table while it is written; scalar subqueries are done before.
CLOSE_STREAM = """
INSERT INTO journey_raw.fence
SELECT %(stream)s, (SELECT max(generation) FROM journey_raw.fence WHERE stream = %(stream)s) + 1, ''
"""

# One statement, so that a writer that sleeps between its look and its write cannot step back over a newer one.
TAKE_FENCE = """
INSERT INTO journey_raw.fence
SELECT %(stream)s, %(generation)s, %(writer)s
WHERE %(force)s = 1 OR %(generation)s >= (SELECT max(generation) FROM journey_raw.fence WHERE stream = %(stream)s)
"""
FENCE = "SELECT generation, writer FROM journey_raw.fence WHERE stream = %(stream)s"

IN_FLIGHT = """
SELECT query_id FROM system.processes
WHERE position(query, concat('/* ', %(tag)s, ' */')) > 0 AND query_id != queryID()
"""
KILL = "KILL QUERY WHERE query_id IN %(query_ids)s SYNC"

_TIMES = frozenset(("event_time", "received_time", "about_time"))
_DAYS = frozenset(("local_date", "answered_date"))
LEFT_OUT = frozenset(("payload_hash", "comment", "cipher_key_id", "completeness"))


def tag_body(stream: str) -> str:
    """What marks an insert of a stream in system.processes (without the comment signs: the look-up must not find itself)."""
    return f"touchline insert {stream}"


def tag(stream: str) -> str:
    """The comment that an insert of a stream carries."""
    return f"/* {tag_body(stream)} */"


def read(column: str) -> str:
    """A column as the worker takes it: times and days as numbers."""
    if column in _TIMES:
        return f"toUnixTimestamp64Micro({column})"
    if column in _DAYS:
        return f"toUInt16({column})"
    if column == "churn_due_at":
        return "toUnixTimestamp(churn_due_at)"
    return column


def _read_fact(column: str) -> str:
    if column in LEFT_OUT:
        return "''" if default_of(column) == "" else "0"
    return read(column)


OF_PARTITION = f"bitShiftRight(row_id, {PARTITION_SHIFT}) = %(partition)s"
"""The partition stands in the row's id."""
_RECEIVED_POSITION = f"bitOr(bitShiftLeft(bitShiftRight(row_id, {PARTITION_SHIFT}), {OFFSET_BITS}), toUInt64(offset))"
_ATTACHED_POSITION = f"bitOr(bitShiftLeft(toUInt64(record_partition), {OFFSET_BITS}), toUInt64(offset))"


def standing(columns: str, condition: str, more: str = "1") -> str:
    """Rows of which the condition is true that were asserted and not retracted, and of which `more` is true, too. The retraction of a row
    must repeat all that the condition reads.

    Both are read in one go and the retraction of a row hides it: `row_id NOT IN (SELECT ...)` takes five times as long, and tells a mix
    of before and after where an insert comes between its two readings.
    """
    return f"""
    SELECT {columns} FROM (SELECT * FROM journey_raw.ledger WHERE {condition} ORDER BY sign LIMIT 1 BY row_id)
    WHERE sign = 1 AND {more}"""


def columns_of(names: Sequence[str]) -> str:
    """These columns as the worker takes them."""
    return ", ".join(map(read, names))


OF_EVENTS = "event_id IN %(event_ids)s AND (source, event_id) IN %(keys)s"

# A record that was refused for another reason than a conflict is no version of its event: it has neither revision nor hash.
KNOWN = (
    "source, event_id, revision, payload_hash, completeness, fate, reason, offset, row_id, identifier, "
    f"{read('event_time')}, event_type"
)
_VERSION = "kind = 'received' AND (fate IN ('stored', 'superseded', 'erased') OR reason = 'conflict')"
KNOWN_EVENTS = standing(KNOWN, f"{_VERSION} AND {OF_EVENTS}")
VERSIONS_OF = standing(KNOWN, f"kind = 'received' AND identifier IN %(identifiers)s AND {OF_PARTITION}")
LINKS = standing(
    f"kind, row_id, offset, {columns_of(LINK)}", f"kind IN ('link', 'unlink') AND {OF_EVENTS} AND {OF_PARTITION}"
)

_FACT = f"{_RECEIVED_POSITION}, {', '.join(map(_read_fact, Fact._fields))}"
_FACTS = (_FACT, "kind = 'received' AND fate = 'stored' AND identifier IN %(identifiers)s")
# Of some identifiers only what is later than a time. A retraction of a received row does not repeat the time.
_LATER = f"{read('event_time')} > transform(identifier, %(bounded)s, CAST(%(bounds)s, 'Array(Int64)'), toInt64(-1))"
FACTS, FACTS_LATER = standing(*_FACTS), standing(*_FACTS, _LATER)
RECEIVED_FACTS = standing(
    f"row_id, offset, {columns_of(Fact._fields)}",
    f"kind = 'received' AND fate = 'stored' AND {OF_EVENTS} AND {OF_PARTITION}",
)
FACTS_ALONE = standing(
    _FACT, f"kind = 'received' AND fate = 'stored' AND identifier = '' AND {OF_EVENTS} AND {OF_PARTITION}"
)

_PUBLISHED = f"row_id, {_ATTACHED_POSITION}, {columns_of(ATTACHED)}"
_OF_PERSONS = (_PUBLISHED, "kind = 'attached' AND identifier IN %(identifiers)s")
PUBLISHED, PUBLISHED_LATER = standing(*_OF_PERSONS), standing(*_OF_PERSONS, _LATER)
PUBLISHED_ALONE = standing(_PUBLISHED, f"kind = 'attached' AND identifier = '' AND {OF_EVENTS} AND {OF_PARTITION}")

# Of events that answers name: the received rows tell the zone, the attached ones all else.
OCCASIONS = standing(
    f"kind, source, event_id, if(kind = 'attached', {_ATTACHED_POSITION}, {_RECEIVED_POSITION}), row_id, zone, {columns_of(ATTACHED)}",
    f"kind IN ('received', 'attached') AND {OF_EVENTS}",
    f"event_type = '{TOUCHPOINT}' AND (kind = 'attached' OR fate = 'stored')",
)

# As the projection by_occasion has it, which holds these rows alone. (The engine rewrites a comparison with an empty text, and then does
# not find the projection.)
_NAMING_ROWS = or_mark(f"kind = 'received' AND about_own >= {NAMES_EVENT}")
_NAMING = f"FROM journey_raw.ledger WHERE {_NAMING_ROWS} AND kind = 'received' AND {OF_PARTITION}"
HAS_NAMING_ANSWERS = f"SELECT 1 {_NAMING} LIMIT 1"


def between(after: Cursors, until: Cursors) -> tuple[str, dict[str, object]]:
    """A condition: inserts of each stream after the first number and up to the second one; with the values of its parameters. No values:
    there is no such insert."""
    inserts, values = [], dict[str, object]()
    spans = {stream: (after.get(stream, 0), newest) for stream, newest in until.items()}
    for number, (stream, (first, last)) in enumerate(spans.items()):
        if first < last:
            inserts.append(
                f"(stream = %(s{number})s AND insert_number > %(a{number})s AND insert_number <= %(u{number})s)"
            )
            values |= {f"s{number}": stream, f"a{number}": first, f"u{number}": last}
    return f"({' OR '.join(inserts)})", values


def answers_naming(spans: str) -> str:
    """Answers of a partition that name an event of which these inserts hold an attached row."""
    changed = f"kind = 'attached' AND event_type = '{TOUCHPOINT}' AND {spans}"
    return f"""
    SELECT DISTINCT toString(source), event_id, identifier {_NAMING} AND (about_source, about_event_id) IN (
        SELECT source, event_id FROM journey_raw.ledger WHERE {changed})
    ORDER BY ALL"""


# Retracted rows and retractions are read, too, and versions that do not count: a person may have lost all events since, and what was
# superseded must be found late when it comes again.
_STORED_SINCE = f"{_VERSION} AND stream = %(stream)s AND insert_number > %(insert_number)s"
# Each insert has a mark; the streams are found among these, and their rows by the sort key.
_STORED = f"""{_VERSION} AND stream IN (
    SELECT stream FROM journey_raw.ledger
    WHERE kind = 'mark' AND splitByChar('/', toString(stream))[-1] = toString(%(partition)s) GROUP BY stream
)"""
_LATEST = "max(toUnixTimestamp64Micro(event_time) + span_us)"
MARK_OF_INSERT = """
SELECT offset FROM journey_raw.ledger
WHERE stream = %(stream)s AND insert_number = %(insert_number)s AND kind = 'mark'
"""


def identifiers(*, since: bool) -> str:
    """Per identifier the latest moment at which a version can have happened, whether it counts or not, of a stream since an insert or of
    a partition. In order, as the state keeps them."""
    return f"""
    SELECT identifier, {_LATEST} FROM journey_raw.ledger
    WHERE {_STORED_SINCE if since else _STORED} AND identifier != '' GROUP BY identifier
    ORDER BY identifier"""


def last_unidentified(*, since: bool) -> str:
    """The same per source for events without identifier."""
    return f"""
    SELECT toString(source) AS source_name, {_LATEST} FROM journey_raw.ledger
    WHERE {_STORED_SINCE if since else _STORED} AND identifier = '' GROUP BY source_name"""


COUNT_IDS = f"SELECT count() FROM journey_raw.ledger WHERE {_STORED} AND sign = 1"


def id_hashes(*, since: bool) -> str:
    """Hashes of the (source, event id) pairs of those versions."""
    return f"SELECT {HASHED_BY} FROM journey_raw.ledger WHERE {_STORED_SINCE if since else _STORED} AND sign = 1"
