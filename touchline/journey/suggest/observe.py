"""What the ledger saw of every touchpoint, whatever a map says of it: volumes, persons, and in which order persons came by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from touchline.sql.ledger.projections import TOUCHPOINT_TYPE
from touchline.sql.ledger.rows import NET_ROWS

if TYPE_CHECKING:
    from clickhouse_driver import Client

TOUCHPOINTS_MAX = 100
"""More are no map that a person reads; the rest is counted."""
FOLLOWED_EVENTS_MAX = 2_000_000
"""Most events from which the order is taken: beyond it, of every n-th person only."""


class SeenTouchpoint(NamedTuple):
    """One touchpoint. `channels` and `actions` count its events (empty name: not said). `median_position` is where persons first met it,
    counted in their own touchpoints from 1; None where it is not known of anybody."""

    touchpoint: str
    events: int
    persons: int
    channels: Mapping[str, int]
    actions: Mapping[str, int]
    order_events: int
    declared_events: int
    simulated_events: int
    median_position: float | None = None


class Observed(NamedTuple):
    """All of it, touchpoints by volume. `first_before[a, b]` counts persons who met a before b (firsts of each), `followed[a, b]` events of
    b right after a; both of every `every_person`-th person. `pause_days` is the 95th percentile of a person's waits of a day and more."""

    sources: Sequence[str]
    events: int
    persons: int
    nobody_events: int
    first_time: datetime | None
    last_time: datetime | None
    seen: Sequence[SeenTouchpoint]
    left_out: int
    first_before: Mapping[tuple[str, str], int]
    followed: Mapping[tuple[str, str], int]
    pause_days: float | None
    every_person: int = 1


def observe(client: Client, sources: Sequence[str] = ()) -> Observed:
    """Read the stored touchpoint events of these sources, or of all."""
    facts = _FACTS + ("source IN %(sources)s" if sources else "1")
    values: dict[str, object] = {"sources": tuple(sources)}
    ((events, persons, named, first, last, found),) = client.execute(_TOTALS.format(facts=facts), values)
    every = 1 + named // FOLLOWED_EVENTS_MAX
    seen = [SeenTouchpoint(*row) for row in client.execute(_VOLUMES.format(facts=facts), values)]
    kept = seen[:TOUCHPOINTS_MAX]
    values |= {"touchpoints": tuple(one.touchpoint for one in kept), "every": every}
    followed: dict[tuple[str, str], int] = {}
    before: dict[tuple[str, str], int] = {}
    positions: dict[str, float] = {}
    pause: float | None = None
    if kept and named:
        steps = _STEPS.format(facts=facts)
        positions = dict(client.execute(_POSITIONS.format(steps=steps), values))
        followed = {(a, b): n for a, b, n in client.execute(_FOLLOWED.format(steps=steps), values)}
        before = {(a, b): n for a, b, n in client.execute(_BEFORE.format(steps=steps), values)}
        ((pause,),) = client.execute(_PAUSES.format(steps=steps), values)
    return Observed(
        sorted(found),
        events,
        persons,
        events - named,
        first if events else None,
        last if events else None,
        [one._replace(median_position=positions.get(one.touchpoint)) for one in kept],
        len(seen) - len(kept),
        before,
        followed,
        pause,
        every,
    )


_MERGED = f"""
(
    SELECT identifier AS merged, any(person) AS merged_into FROM journey_raw.ledger
    WHERE kind = 'attached' AND identifier != '' AND identifier != person AND {NET_ROWS}
    GROUP BY identifier HAVING uniqExact(person) = 1
)"""
"""Identifiers of a person that bears another one's key. A device that several persons share stays by itself."""
_FACTS = f"""
(
    SELECT *, if(merged_into = '', identifier, merged_into) AS who
    FROM journey_raw.ledger LEFT JOIN {_MERGED} AS of_person ON identifier = merged
    WHERE kind = 'received' AND fate = 'stored' AND event_type = '{TOUCHPOINT_TYPE}' AND {NET_ROWS}
)
WHERE """
_TOTALS = """
SELECT count(), uniqExactIf(who, who != ''), countIf(who != ''), min(event_time), max(event_time),
    groupUniqArray(toString(source))
FROM {facts}
"""
_VOLUMES = """
SELECT toString(touchpoint) AS name, count() AS events, uniqExactIf(who, who != ''),
    sumMap(map(toString(channel), toUInt64(1))), sumMap(map(toString(action), toUInt64(1))), countIf(order_id != '' OR currency != ''),
    countIf(provenance = 'declared'), countIf(is_simulated = 1)
FROM {facts}
GROUP BY name ORDER BY events DESC, name
"""
_STEPS = """
(
    SELECT who, toString(touchpoint) AS name, event_time,
        row_number() OVER person AS number,
        lagInFrame(toString(touchpoint), 1, '') OVER person AS name_before, lagInFrame(event_time, 1, event_time) OVER person AS time_before
    FROM {facts} AND who != '' AND modulo(cityHash64(who), %(every)s) = 0
    WINDOW person AS (PARTITION BY who ORDER BY event_time, toString(touchpoint) ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
"""
_POSITIONS = """
SELECT name, toFloat64(quantileExactWeighted(0.5)(first_number, 1))
FROM (SELECT who, name, min(number) AS first_number FROM {steps} GROUP BY who, name)
WHERE name IN %(touchpoints)s GROUP BY name
"""
_FOLLOWED = """
SELECT name_before, name, count() FROM {steps}
WHERE name_before != name AND name_before IN %(touchpoints)s AND name IN %(touchpoints)s GROUP BY name_before, name
"""
_BEFORE = """
SELECT pair.1, pair.2, count()
FROM
(
    SELECT arrayJoin(arrayFlatten(arrayMap(
        (earlier, place) -> arrayMap(later -> (earlier, later), arraySlice(names, place + 1)), names, arrayEnumerate(names)))) AS pair
    FROM
    (
        SELECT who, arrayMap(one -> one.2, arraySort(groupArray((first_number, name)))) AS names
        FROM
        (
            SELECT who, name, min(number) AS first_number FROM {steps}
            WHERE name IN %(touchpoints)s GROUP BY who, name
        )
        GROUP BY who
    )
)
GROUP BY pair
"""
_PAUSES = """
SELECT quantileExactWeightedOrNull(0.95)(toFloat64(days), 1)
FROM (SELECT dateDiff('hour', time_before, event_time) / 24 AS days FROM {steps} WHERE number > 1)
WHERE days >= 1
"""
