"""Reads what may have to be invited: events by their time and by what was stored since, asks that wait, asks whose time is over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from clickhouse_driver import Client

from touchline.person.ask import ask
from touchline.person.evidence import time_us
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.times import US_PER_DAY
from touchline.sql.ledger.rows import DEFAULT_MAP, NET_ROWS
from touchline.surveys.asked import OPEN
from touchline.surveys.asks import EXPIRES_AT, INVITATION, WAY, StoredAsk
from touchline.surveys.decide import EventFacts
from touchline.surveys.invitations import Span
from touchline.surveys.server.ledger_facts import ASKS_OF_SOURCE, stored_in

EVENTS_AT_ONCE: Final = 1_000
ASKS_AT_ONCE: Final = 1_000
_REACH_BACK_US: Final = 800 * US_PER_DAY
"""Longer than any delay and any time in which an answer is taken, together."""
Tops = Mapping[str, int]
"""Stream -> number of its last insert that was read."""
Place = tuple[int, str, str]
"""Time, source and id of an event."""
BEFORE_ALL: Final[Place] = (-(2**62), "", "")


class Wanted(NamedTuple):
    """Which events: those of `fresh` times, and those of `all` times that came after `tops`; from a place on."""

    fresh: Sequence[Span]
    every: Sequence[Span]
    tops: Tops


def read_tops(client: Client) -> dict[str, int]:
    """How far the streams have come."""
    return dict(client.execute(_TOPS))


def read_events(client: Client, wanted: Wanted, after: Place, limit: int = EVENTS_AT_ONCE) -> list[EventFacts]:
    """Touchpoint events of known persons, in the order of their places, at most `limit`."""
    values: dict[str, object] = {"limit": limit, "source": after[1], "event_id": after[2]}
    conditions = []
    if wanted.fresh:
        conditions.append(_within(wanted.fresh, "f", values))
    if wanted.every and wanted.tops:
        since = []
        for number, (stream, top) in enumerate(wanted.tops.items()):
            values |= {f"s{number}": stream, f"t{number}": top}
            since.append(f"(stream = %(s{number})s AND insert_number > %(t{number})s)")
        values["known"] = tuple(wanted.tops)
        since.append("stream NOT IN %(known)s")
        conditions.append(f"(({' OR '.join(since)}) AND {_within(wanted.every, 'e', values)})")
    if not conditions:
        return []
    query = _EVENTS.format(which=" OR ".join(conditions), after=_AFTER if after != BEFORE_ALL else "1")
    if after != BEFORE_ALL:
        values["time"] = after[0]
    return [_event(row) for row in ask(client, query, **values)]


def read_named(client: Client, names: Collection[tuple[str, str]]) -> list[EventFacts]:
    """Of these events, by source and id, those that stand and name a person."""
    if not names:
        return []
    query = _EVENTS.format(which="(toString(source), event_id) IN %(names)s", after="1")
    return [_event(row) for row in ask(client, query, names=tuple(names), limit=len(names))]


def read_waiting(client: Client, source: str, now_us: int) -> list[StoredAsk]:
    """Asks that were sampled to be invited, whose time is not over."""
    query = (
        f"{ASKS_OF_SOURCE} AND {_since(now_us)} AND disposition = 'sampled' AND properties[%(way)s] = %(invitation)s"
    )
    found = [stored_in(row) for row in ask(client, query, source=source, way=WAY, invitation=INVITATION)]
    return [one for one in found if now_us < one.ask.expires_us]


def read_over(client: Client, source: str, now_us: int, limit: int = ASKS_AT_ONCE) -> list[StoredAsk]:
    """Asks that might still go on, but whose time is over, the oldest first."""
    query = f"""{ASKS_OF_SOURCE} AND {_since(now_us)} AND disposition IN %(open)s
    AND parseDateTime64BestEffortOrZero(properties[%(expires)s], 6, 'UTC') BETWEEN '1970-01-02' AND fromUnixTimestamp64Micro(%(now)s, 'UTC')
    ORDER BY event_time, event_id LIMIT %(limit)s"""
    values: dict[str, object] = {"open": tuple(sorted(OPEN)), "expires": EXPIRES_AT, "limit": limit}
    rows = ask(client, query, source=source, now=now_us, **values)
    return [stored_in(row) for row in rows]


def _since(now_us: int) -> str:
    return f"event_time > {_moment(str(now_us - _REACH_BACK_US))}"


def _moment(microseconds: str) -> str:
    """As an expression: parameters that are times lose their fractions."""
    return f"fromUnixTimestamp64Micro(toInt64({microseconds}), 'UTC')"


def _within(spans: Sequence[Span], name: str, values: dict[str, object]) -> str:
    parts = []
    for number, span in enumerate(spans):
        first, last = f"{name}a{number}", f"{name}u{number}"
        values |= {first: span.after_us, last: span.until_us}
        parts.append(f"(event_time > {_moment(f'%({first})s')} AND event_time <= {_moment(f'%({last})s')})")
    return f"({' OR '.join(parts)})"


def _event(row: Sequence[Any]) -> EventFacts:
    source, event_id, at, touchpoint, action, stage, is_conversion, kind, identifier = row
    facts = (source, event_id, time_us(at), touchpoint, action, stage, bool(is_conversion))
    return EventFacts(*facts, persons=((kind, identifier),))


_TOPS: Final = (
    "SELECT toString(stream), toUInt64(max(insert_number)) FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream"
)
_AFTER: Final = f"(event_time, toString(source), event_id) > ({_moment('%(time)s')}, %(source)s, %(event_id)s)"
_EVENTS: Final = f"""
SELECT toString(source), event_id, event_time, toString(touchpoint), toString(action), toString(stage), is_conversion,
    toString(identifier_type), identifier
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = '{TOUCHPOINT}' AND {DEFAULT_MAP} AND identifier != '' AND provenance != 'declared'
    AND ({{which}}) AND {{after}} AND {NET_ROWS}
ORDER BY event_time, toString(source), event_id LIMIT %(limit)s"""
