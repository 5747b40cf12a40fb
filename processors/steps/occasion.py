"""An answer that names a touchpoint event, its occasion, takes from it what it does not say itself.

Time, local day, place, brand, channel, persona, segment and the order's amount are those of the occasion as the same map attached it. An
answer of the same person about the same touchpoint also stands where the occasion stands: in its stage and its journey. Which came
first does not matter: the row of an answer is a function of what it says and of the occasion's rows.

Why: docs/decisions/0185.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from touchline.journey.compile import CompiledMap
from touchline.journey.values import Attachment
from touchline.processors.ledger.columns import ATTACHED, SHARED
from touchline.processors.ledger.ledger import OccasionRow
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.records import (
    NAMES_EVENT,
    OWN_BRAND,
    OWN_TIME,
    OWN_ZONE,
    Fact,
    partition_of,
    shared_of,
)
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.times import local_day

Key = tuple[str, str]
"""(source, event id)"""
_DECIDED_FROM = ATTACHED.index("map_version") + 1
_key_and_rank: Any = itemgetter(*map(ATTACHED.index, ("source", "event_id", "revision")))
_map_of: Any = itemgetter(*map(ATTACHED.index, ("map", "map_version")))
_TYPE = SHARED.index("event_type")
_TAKEN = ("amount_minor", "currency", "currency_exponent", "order_id", "order_kind")
_taken: Any = itemgetter(*map(SHARED.index, _TAKEN))
_of_occasion: Any = itemgetter(
    *map(SHARED.index, ("event_time", "local_date", "brand", "place", "person", "touchpoint"))
)


class Occasion(NamedTuple):
    """A touchpoint event as one map attached it: what its row says in the order of columns.SHARED, what the map decided, and its zone."""

    said: tuple[Any, ...]
    decided: Attachment
    zone: str


Occasions = Mapping[tuple[Key, tuple[str, int]], Occasion]
"""By (source, event id) and (map, version)."""


def names_occasion(fact: Fact) -> bool:
    """Whether it is an answer that names the event which it is about."""
    return fact.about_own >= NAMES_EVENT


def occasion_key(fact: Fact) -> Key:
    """(source, event id) of the event that an answer names."""
    return (fact.about_source, fact.about_event_id)


def rows_of_batch(
    placed: Iterable[Placed], by_map: Sequence[Sequence[Attachment | None]], maps: Sequence[CompiledMap]
) -> list[OccasionRow]:
    """The touchpoint events among these, at their positions, as rows of occasions before they are stored: without row ids."""
    rows = []
    for index, (position, fact) in enumerate(placed):
        if fact.event_type == TOUCHPOINT:
            said = shared_of(fact)
            for journey_map, decided in zip(maps, by_map, strict=True):
                attachment = decided[index]
                if attachment is not None:
                    values = (*said, journey_map.map, journey_map.version, *attachment)
                    rows.append(OccasionRow(0, position, fact.zone, values))
    return rows


def occasions_of(rows: Iterable[OccasionRow]) -> Occasions:
    """The occasions by these rows. Where an event stands in several partitions (its sender gave it several persons), the highest
    revision counts, then the lowest partition."""
    best: dict[tuple[Key, tuple[str, int]], tuple[tuple[int, int], Occasion]] = {}
    for row in rows:
        source, event_id, revision = _key_and_rank(row.values)
        if row.values[_TYPE] != TOUCHPOINT:
            continue
        key, rank = ((source, event_id), _map_of(row.values)), (-revision, partition_of(row.position))
        if key not in best or rank < best[key][0]:
            decided = Attachment._make(row.values[_DECIDED_FROM:])
            best[key] = (rank, Occasion(row.values[: len(SHARED)], decided, row.zone))
    return {key: occasion for key, (_, occasion) in best.items()}


def taking(fact: Fact, decided: Attachment, occasion: Occasion) -> tuple[Fact, Attachment]:
    """The answer and its attachment under a map, with what it takes from its occasion under this map."""
    time_us, day, brand, place, person, touchpoint = _of_occasion(occasion.said)
    own, zone = fact.about_own, fact.zone
    about_us = fact.about_time if own & OWN_TIME else time_us
    if not own & OWN_ZONE:
        zone = occasion.zone
    if zone != occasion.zone or about_us != time_us:
        day = local_day(about_us, zone)
    if own & OWN_BRAND or not brand:
        brand = fact.brand
    taken = dict(zip(_TAKEN, _taken(occasion.said), strict=True))
    answer = fact._replace(
        about_time=about_us,
        local_date=day,
        answered_date=local_day(fact.event_time, zone),
        brand=brand,
        place=fact.place or place,
        **taken,
    )
    there = occasion.decided
    decided = decided._replace(persona=fact.persona or there.persona, segment=fact.segment or there.segment)
    if there.channel:
        decided = decided._replace(channel=there.channel, is_online=there.is_online)
    if touchpoint == fact.touchpoint and there.is_mapped:
        decided = decided._replace(stage=there.stage, stage_order=there.stage_order, is_mapped=True, rule=there.rule)
        decided = decided._replace(evidence=f"answer about an event of touchpoint={touchpoint}")
    if fact.identifier and person == fact.person:
        decided = decided._replace(
            cycle=there.cycle,
            stage_max_before=there.stage_max,
            stage_max=there.stage_max,
            funnel_before=there.funnel_depth,
            funnel_depth=there.funnel_depth,
            churn_due_at_s=there.churn_due_at_s,
        )
    return answer, decided
