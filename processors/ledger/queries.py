"""The worker's SQL. Lookups name `kind` and the key columns plainly, so that the engine reads them through its lookup projections."""

from __future__ import annotations

from collections.abc import Mapping

from touchline.processors.ledger.columns import ATTACHED, LINK, default_of
from touchline.processors.ledger.rows import PARTITION_SHIFT
from touchline.processors.values.event_hash import HASHED_BY
from touchline.processors.values.records import NAMES_EVENT, Fact
from touchline.schemas.events import TOUCHPOINT

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


def _read(column: str) -> str:
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
    return _read(column)


# The partition stands in the row's id.
_OF_PARTITION = f"bitShiftRight(row_id, {PARTITION_SHIFT}) = %(partition)s"

# A record that was refused for another reason than a conflict is no version of its event: it has neither revision nor hash.
KNOWN_EVENTS = f"""
SELECT source, event_id, revision, payload_hash, completeness, fate, reason, offset, row_id, identifier FROM journey_raw.ledger
WHERE kind = 'received' AND sign = 1 AND (fate IN ('stored', 'superseded') OR reason = 'conflict') AND event_id IN %(event_ids)s
  AND (source, event_id) IN %(keys)s AND {_OF_PARTITION}
  AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE kind = 'received' AND sign = -1 AND event_id IN %(event_ids)s)
"""

LINKS = f"""
SELECT kind, row_id, offset, {", ".join(map(_read, LINK))} FROM journey_raw.ledger
WHERE kind IN ('link', 'unlink') AND sign = 1 AND event_id IN %(event_ids)s AND (source, event_id) IN %(keys)s AND {_OF_PARTITION}
  AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE kind IN ('link', 'unlink') AND sign = -1 AND event_id IN %(event_ids)s)
"""

FACTS = f"""
SELECT offset, {", ".join(map(_read_fact, Fact._fields))} FROM journey_raw.ledger
WHERE kind = 'received' AND sign = 1 AND fate = 'stored' AND identifier IN %(identifiers)s
  AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE kind = 'received' AND sign = -1 AND identifier IN %(identifiers)s)
"""

PUBLISHED = f"""
SELECT row_id, offset, {", ".join(map(_read, ATTACHED))} FROM journey_raw.ledger
WHERE kind = 'attached' AND sign = 1 AND identifier IN %(identifiers)s
  AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE kind = 'attached' AND sign = -1 AND identifier IN %(identifiers)s)
"""

PUBLISHED_ALONE = f"""
SELECT row_id, offset, {", ".join(map(_read, ATTACHED))} FROM journey_raw.ledger
WHERE kind = 'attached' AND sign = 1 AND identifier = '' AND event_id IN %(event_ids)s AND (source, event_id) IN %(keys)s
  AND {_OF_PARTITION}
  AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE kind = 'attached' AND sign = -1 AND event_id IN %(event_ids)s)
"""

FACTS_ALONE = f"""
SELECT offset, {", ".join(map(_read_fact, Fact._fields))} FROM journey_raw.ledger
WHERE kind = 'received' AND sign = 1 AND fate = 'stored' AND identifier = '' AND event_id IN %(event_ids)s
  AND (source, event_id) IN %(keys)s AND {_OF_PARTITION}
  AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE kind = 'received' AND sign = -1 AND event_id IN %(event_ids)s)
"""

# Of events that answers name: the received rows tell the zone, the attached ones all else.
OCCASIONS = f"""
SELECT kind, bitShiftRight(row_id, {PARTITION_SHIFT}), source, event_id, row_id, offset, zone, {", ".join(map(_read, ATTACHED))}
FROM journey_raw.ledger
WHERE kind IN ('received', 'attached') AND sign = 1 AND event_type = '{TOUCHPOINT}' AND (kind = 'attached' OR fate = 'stored')
  AND event_id IN %(event_ids)s AND (source, event_id) IN %(keys)s
  AND row_id NOT IN (
    SELECT row_id FROM journey_raw.ledger
    WHERE kind IN ('received', 'attached') AND sign = -1 AND event_id IN %(event_ids)s)
"""

POSITIONS = "SELECT toString(stream), max(insert_number) FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream"
CURSORS = """
SELECT cursors FROM journey_raw.ledger
WHERE stream = %(stream)s AND kind = 'mark' ORDER BY insert_number DESC LIMIT 1
"""
# As the projection by_occasion has it, which holds these rows alone. (The engine rewrites a comparison with an empty text, and then does
# not find the projection.)
_NAMING = f"FROM journey_raw.ledger WHERE kind = 'received' AND about_own >= {NAMES_EVENT} AND {_OF_PARTITION}"
HAS_NAMING_ANSWERS = f"SELECT 1 {_NAMING} LIMIT 1"


def answers_naming(spans: Mapping[str, tuple[int, int]]) -> tuple[str, dict[str, object]]:
    """Answers of a partition that name an event of which inserts of these streams, after the first number and up to the second one, hold
    an attached row; with the values of its parameters. No values: there is nothing to ask."""
    inserts, values = [], dict[str, object]()
    for number, (stream, (after, until)) in enumerate(spans.items()):
        inserts.append(f"stream = %(s{number})s AND insert_number > %(a{number})s AND insert_number <= %(u{number})s")
        values |= {f"s{number}": stream, f"a{number}": after, f"u{number}": until}
    changed = f"kind = 'attached' AND event_type = '{TOUCHPOINT}' AND ({' OR '.join(f'({one})' for one in inserts)})"
    sql = f"""
    SELECT DISTINCT toString(source), event_id, identifier {_NAMING} AND (about_source, about_event_id) IN (
        SELECT source, event_id FROM journey_raw.ledger WHERE {changed})
    ORDER BY ALL"""
    return sql, values


# Retracted rows and retractions are read, too, and versions that do not count: a person may have lost all events since, and what was
# superseded must be found late when it comes again.
_VERSION = "kind = 'received' AND (fate IN ('stored', 'superseded') OR reason = 'conflict')"
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
    a partition."""
    return f"""
    SELECT identifier, {_LATEST} FROM journey_raw.ledger
    WHERE {_STORED_SINCE if since else _STORED} AND identifier != '' GROUP BY identifier"""


def last_unidentified(*, since: bool) -> str:
    """The same per source for events without identifier."""
    return f"""
    SELECT toString(source) AS source_name, {_LATEST} FROM journey_raw.ledger
    WHERE {_STORED_SINCE if since else _STORED} AND identifier = '' GROUP BY source_name"""


COUNT_IDS = f"SELECT count() FROM journey_raw.ledger WHERE {_STORED} AND sign = 1"


def id_hashes(*, since: bool) -> str:
    """Hashes of the (source, event id) pairs of those versions."""
    return f"SELECT {HASHED_BY} FROM journey_raw.ledger WHERE {_STORED_SINCE if since else _STORED} AND sign = 1"
