"""What becomes of the same stored events under two versions: read from the rows of both that stand."""

from __future__ import annotations

from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.map_changes.values import Key
from touchline.sql.language.usual import moment_after
from touchline.sql.ledger.projections import TOUCHPOINT_TYPE
from touchline.sql.ledger.rows import NET_ROWS
from touchline.sql.subjects.funnel.views import FUNNEL_STAGE
from touchline.sql.subjects.surveys.api import SURVEY_BY_STAGE

REASONS_SHOWN: Final = 20
PERSONS_SHOWN: Final = 10
NOT_ON_MAP: Final = "(not on the map)"
UNMAPPED: Final = "(unmapped)"


class Crossing(NamedTuple):
    """Events that the first version places here and the second one there, and their persons."""

    before: str
    after: str
    events: int
    persons: int


class Reason(NamedTuple):
    """Why events of a touchpoint and action changed: the stage, the rule that decided and what it asked, under both."""

    touchpoint: str
    action: str
    stage_before: str
    rule_before: str
    evidence_before: str
    stage_after: str
    rule_after: str
    evidence_after: str
    events: int
    persons: int


class ChangedPerson(NamedTuple):
    """A person of whom something differs: events with another stage, events in another cycle, conversions under both."""

    person: str
    restaged_events: int
    recycled_events: int
    conversions_before: int
    conversions_after: int


class Figure(NamedTuple):
    """A KPI under both; None where it has no value. `n` is what it rests on."""

    kpi: str
    stage: str
    before: float | None
    n_before: int
    after: float | None
    n_after: int


class EventChanges(NamedTuple):
    """`events` of both versions, those of them that get another stage, the persons of whom anything differs (the first of them as examples,
    those of whom most differs first), the crosswalk of stages, the reasons by weight, and KPIs."""

    events: int
    restaged_events: int
    persons: int
    changed_persons: int
    examples: list[ChangedPerson]
    crosswalk: list[Crossing]
    reasons: list[Reason]
    figures: list[Figure]


def read_event_changes(client: Client, before: Key, after: Key) -> EventChanges:
    """Compare two versions that stand, applied both."""
    of_both = {"a_map": before[0], "a_version": before[1], "b_map": after[0], "b_version": after[1]}
    ((events, restaged),) = client.execute(_TOTALS, of_both)
    ((persons, changed),) = client.execute(_COUNT_OF_PERSONS, of_both)
    return EventChanges(
        events,
        restaged,
        persons,
        changed,
        [ChangedPerson(*row) for row in client.execute(_PERSONS, of_both | {"shown": PERSONS_SHOWN})],
        [Crossing(*row) for row in client.execute(_CROSSWALK, of_both)],
        [Reason(*row) for row in client.execute(_REASONS, of_both | {"shown": REASONS_SHOWN})],
        _figures(client, before, after),
    )


def _figures(client: Client, before: Key, after: Key) -> list[Figure]:
    rows: dict[tuple[str, str], list[tuple[float | None, int]]] = {}
    for place, key in enumerate((before, after)):
        for kpi, stage, value, n in _figures_of(client, key):
            rows.setdefault((kpi, stage), [(None, 0), (None, 0)])[place] = (value, n)
    return [Figure(kpi, stage, *old, *new) for (kpi, stage), (old, new) in rows.items()]


def _figures_of(client: Client, key: Key) -> list[tuple[str, str, float | None, int]]:
    of_map = {"map": key[0], "version": key[1]}
    journeys, converted, touchpoints = client.execute(_JOURNEYS, of_map)[0]
    rate = converted / journeys if journeys else None
    found: list[tuple[str, str, float | None, int]] = [
        ("events", "", touchpoints, touchpoints),
        ("journeys", "", journeys, journeys),
        ("conversion_rate", "", rate, journeys),
    ]
    days = client.execute(_DAYS, of_map)
    if not days:
        return found
    chosen = of_map | {"as_of": moment_after(days[0][0])}
    for mode in ("any", "in_order"):
        for stage, reached, value, n in client.execute(_FUNNEL, chosen | {"mode": mode}):
            found += [(f"reached ({mode})", stage, reached, reached), (f"stage_rate ({mode})", stage, value, n)]
    found += [(name, stage, value, n) for name, stage, value, n in client.execute(_SURVEYS, of_map)]
    return found


_ROWS: Final = f"kind = 'attached' AND event_type = '{TOUCHPOINT_TYPE}' AND {NET_ROWS}"
_IS_A: Final = "map = %(a_map)s AND map_version = %(a_version)s"
_IS_B: Final = "map = %(b_map)s AND map_version = %(b_version)s"
_PLACED: Final = f"if(stage = '', '{UNMAPPED}', toString(stage))"


def _of(side: str, is_it: str) -> str:
    values = {
        "stage": _PLACED, "stage_order": "stage_order", "rule": "toString(rule)", "evidence": "toString(evidence)", "cycle": "cycle",
        "converts": "is_conversion",
    }  # fmt: skip
    return ", ".join(f"anyIf({sql}, {is_it}) AS {side}_{name}" for name, sql in values.items())


_EVENTS: Final = f"""
    SELECT
        any(person) AS person, any(toString(touchpoint)) AS touchpoint, any(toString(action)) AS action,
        max({_IS_A}) AS in_a, max({_IS_B}) AS in_b, {_of("a", _IS_A)},
        {_of("b", _IS_B)},
        if(in_a, a_stage, '{NOT_ON_MAP}') AS stage_a, if(in_b, b_stage, '{NOT_ON_MAP}') AS stage_b, stage_a != stage_b AS is_restaged
    FROM journey_raw.ledger
    WHERE {_ROWS} AND (({_IS_A}) OR ({_IS_B}))
    GROUP BY source, event_id"""
_TOTALS: Final = f"SELECT count(), countIf(is_restaged) FROM ({_EVENTS})"
_BY_PERSON: Final = f"""
    SELECT
        person, countIf(is_restaged) AS restaged, countIf(a_cycle != b_cycle) AS recycled, sum(a_converts) AS before,
        sum(b_converts) AS after, countIf(a_converts != b_converts) AS converted_elsewhere
    FROM ({_EVENTS})
    WHERE person != ''
    GROUP BY person"""
_IS_CHANGED: Final = "restaged + recycled + converted_elsewhere > 0"
_COUNT_OF_PERSONS: Final = f"SELECT count(), countIf({_IS_CHANGED}) FROM ({_BY_PERSON})"
_PERSONS: Final = f"""
SELECT person, restaged, recycled, before, after FROM ({_BY_PERSON}) WHERE {_IS_CHANGED}
ORDER BY restaged + recycled + converted_elsewhere DESC, person LIMIT %(shown)s"""
_CROSSWALK: Final = f"""
SELECT stage_a, stage_b, count(), uniqExactIf(person, person != '') FROM ({_EVENTS})
GROUP BY stage_a, stage_b
ORDER BY startsWith(stage_a, '('), min(a_stage_order), stage_a, startsWith(stage_b, '('), min(b_stage_order), stage_b"""
_REASONS: Final = f"""
SELECT touchpoint, action, stage_a, a_rule, a_evidence, stage_b, b_rule, b_evidence, count() AS events, uniqExactIf(person, person != '')
FROM ({_EVENTS})
WHERE is_restaged
GROUP BY touchpoint, action, stage_a, a_rule, a_evidence, stage_b, b_rule, b_evidence
ORDER BY events DESC, touchpoint, action, a_rule, b_rule LIMIT %(shown)s"""
_JOURNEYS: Final = """
SELECT count(), countIf(converted_at IS NOT NULL), sum(touchpoints) FROM journey.journeys
WHERE map = %(map)s AND map_version = %(version)s AND cycle > 0"""
_DAYS: Final = "SELECT last_day FROM journey.map_days WHERE map = %(map)s AND map_version = %(version)s"
_ALL: Final = {
    "map": "%(map)s", "map_version": "%(version)s", "date_from": "'1970-01-01'", "date_to": "'2149-06-06'", "filter": "map()",
}  # fmt: skip
_FUNNEL: Final = f"""
SELECT toString(stage), reached, rate, denominator
FROM {FUNNEL_STAGE.called(**_ALL, as_of="%(as_of)s", mode="%(mode)s")}
ORDER BY stage_order"""
_SURVEYS: Final = f"""
SELECT
    concat(kpi, ' ', variant, ' (', scope, ')', if(is_simulated, ', simulated', '')) AS name, ifNull(toString(stage), '{UNMAPPED}'), value,
    ifNull(n, 0)
FROM {SURVEY_BY_STAGE.called(**_ALL, before_from="'1970-01-01'", before_to="'1970-01-01'")}
ORDER BY name, stage_order"""
