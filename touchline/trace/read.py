"""What became of one event: the records that brought it, the version that counts, where each map put it, and the cells it counts in.

Personal values stay where they are: person keys are shortened, properties, orders and comments are not read.

Why: docs/decisions/0087.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clickhouse_driver import Client

from touchline.schemas.events import CONSENT
from touchline.schemas.reasons import Fate, Reason
from touchline.schemas.rejections import REMEDIES
from touchline.sql.all_views import EVENT_VIEWS
from touchline.sql.language.views import literal
from touchline.sql.ledger.behind import EventView
from touchline.sql.ledger.projections import ANSWER_TYPE, FIRST_OF_BITS
from touchline.sql.ledger.rows import DEFAULT_MAP, NET_ROWS
from touchline.surveys.uncounted import why_uncounted
from touchline.trace.values import CLAIM, Counted, Event, Placement, Trace, Unseen, Version, Withdrawn

# The engine else looks an event up by scanning tables that it takes for small: a tenth of a second a view.
SETTINGS = {"min_table_rows_to_use_projection_index": 0}
SHOWN_KEY_DIGITS = 8
_OF_EVENT = "source = %(source)s AND event_id = %(event_id)s"


def trace_event(client: Client, source: str, event_id: str, waiting: Callable[[], int | None] = lambda: None) -> Trace:
    """Read everything about one event. One query per mart that may count it, each through the ledger's projection by event. `waiting` is
    asked for the records that are not stored yet where the id is not known."""
    key = {"source": source, "event_id": event_id}
    versions = read_versions(_ask(client, _RECEIVED, key))
    if not any(version.counts for version in versions):
        unseen = None if versions else _unseen(client, key, waiting())
        return Trace(source, event_id, versions, None, [], [], unseen)
    ((*event, is_simulated, provenance, campaign, identifier_type, identifier, occasion),) = _ask(client, _EVENT, key)
    links = [(kind, short_key(other)) for kind, other in _ask(client, _LINKS, key)]
    attached = _ask(client, _ATTACHED, key)
    sent = Event._make(
        (
            *(
                *event,
                bool(is_simulated),
                provenance,
                campaign,
                identifier_type,
                short_key(identifier),
                links,
                occasion,
            ),
            _other_person(identifier, attached),
            _holder(client, identifier),
        )
    )
    placements = [_placement(row) for row in attached]
    counting = [view for view in EVENT_VIEWS if view.event_type == sent.event_type] if placements else []
    counted = [cell for view in counting for cell in _counted(client, view, key)]
    withdrawn = [] if placements else _withdrawn(client, key)
    return Trace(source, event_id, versions, sent, placements, counted, None, withdrawn)


def _withdrawn(client: Client, key: dict[str, str]) -> list[Withdrawn]:
    """The purposes that the event names and that had been withdrawn by then: by its person, or for the grant that it names."""
    found = [
        row
        for purposes, identifier, consent_id in _ask(client, _NAMED, key)
        for row in client.execute(
            _WITHDRAWN,
            key | {"purposes": purposes, "identifier": identifier, "consent_id": consent_id},
            settings=SETTINGS,
        )
    ]
    return [Withdrawn._make(row) for row in found]


def _other_person(identifier: str, attached: Sequence[tuple[Any, ...]]) -> str:
    """Whose the event is where that is not its identifier alone, by the default map, else by any."""
    by_default = sorted(attached, key=lambda row: not row[2])
    person = next((row[3] for row in by_default), "")
    return short_key(person) if person != identifier else ""


def _holder(client: Client, identifier: str) -> int | None:
    """The partition to which the identifier was handed over last; None where it never was."""
    newest = _ask(client, _HANDOFF, {"identifier": identifier}) if identifier else []
    return newest[0][0] if newest else None


def short_key(person: str) -> str:
    """A person key without what could find the person: key id and the first digits."""
    key_id, _, digits = person.partition(":")
    return f"{key_id}:{digits[:SHOWN_KEY_DIGITS]}…" if digits else ""


def cell_query(view: EventView, cell: Mapping[str, object]) -> str:
    """The query for the events behind a cell, given by its dimension columns."""
    conditions = " AND ".join(
        f"{name} IS NULL" if value is None else f"{name} = {literal(value)}" for name, value in cell.items()
    )
    columns = dict.fromkeys(("source", "event_id", *view.adds))
    return f"SELECT {', '.join(columns)} FROM {view.view.full_name} WHERE {conditions}"


def read_versions(rows: Sequence[tuple[Any, ...]]) -> list[Version]:
    """Received rows of both signs -> one version per record, by the time at which it was stored."""
    retracted = {row[3] for row in rows if row[2] < 0}
    by_record: dict[tuple[str, int], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        if row[2] > 0:
            by_record[row[0], row[1]].append(row)
    now_of = {key: row for key, held in by_record.items() for row in held if row[3] not in retracted}
    standing = list(now_of.values())
    versions = []
    for key, now in now_of.items():
        held = sorted(by_record[key], key=lambda row: row[3])  # row ids grow with the inserts, a worker's clock may not
        topic, incarnation, partition = str(now[0]).split("/")
        fate, reason, field, revision = now[4:8]
        received = max(row[9] for row in held)  # a fate that was moved leaves the time to the first row
        versions.append(
            Version(
                topic, incarnation, int(partition), now[1], revision, fate, reason, field,
                REMEDIES[Reason(reason)] if reason in REMEDIES else "",
                _because(now, standing),
                received if received.timestamp() else None,
                [(row[10], row[4]) for row in held],
            )
        )  # fmt: skip
    return versions


def _because(row: tuple[Any, ...], standing: Sequence[tuple[Any, ...]]) -> str:
    """Which other record decided the fate of this one."""
    fate, reason, revision, payload_hash = row[4], row[5], row[7], row[8]
    winner = next((other for other in standing if other[4] == Fate.STORED), None)
    if reason == CLAIM:
        now = f"until then the version at {_position(winner)} counts" if winner is not None else "no version counts"
        return f"it counts as soon as every partition knows of it; {now}"
    if fate == Fate.SUPERSEDED and winner is not None:
        better = f"revision {winner[7]}" if winner[7] > revision else "a more complete answer"
        under = " under another key" if row[11] != winner[11] else ""
        return f"{better}{under} at {_position(winner)} counts"
    if fate == Fate.DUPLICATE:
        known = [other for other in standing if other is not row and (other[7], other[8]) == (revision, payload_hash)]
        first = next((other for other in known if other[4] != Fate.DUPLICATE), None)
        return f"the same as {_position(first)}" if first else ""
    if reason == Reason.CONFLICT and winner is not None:
        return f"other content under the same revision counts, at {_position(winner)}"
    return ""


def _position(row: tuple[Any, ...]) -> str:
    topic, _, partition = str(row[0]).split("/")
    return f"{topic}/{partition} offset {row[1]}"


def _placement(row: tuple[Any, ...]) -> Placement:
    (*decided, first_of, stage_before, stage_max, passed_before, passed, churn_due_at, event_type, answer) = row
    name, version, is_default, person, *rest = decided
    bits = [bit_name for bit_name, bit in FIRST_OF_BITS.items() if first_of & bit]
    placed = [name, version, bool(is_default), short_key(person), *rest[:-1], bool(rest[-1]), bits]
    uncounted = why_uncounted(*answer) if event_type == ANSWER_TYPE else ""
    return Placement._make((*placed, stage_before, stage_max, passed_before, passed, churn_due_at, uncounted))


def _counted(client: Client, view: EventView, key: dict[str, str]) -> list[Counted]:
    names = (*view.keys, *view.adds)
    rows = _ask(client, f"SELECT {', '.join(names)} FROM {view.view.full_name} WHERE {_OF_EVENT} ORDER BY ALL", key)
    found = []
    for row in rows:
        cell = dict(zip(view.keys, row[: len(view.keys)], strict=True))
        adds = dict(zip(view.adds, row[len(view.keys) :], strict=True))
        found.append(Counted(view.mart, cell, adds, cell_query(view, cell)))
    return found


def _unseen(client: Client, key: dict[str, str], waiting: int | None) -> Unseen:
    others = _ask(
        client, "SELECT DISTINCT toString(source) FROM journey_raw.ledger WHERE event_id = %(event_id)s ORDER BY 1", key
    )
    return Unseen([name for (name,) in others], _ask(client, _WITHOUT_ID, key), waiting)


def _ask(client: Client, query: str, key: dict[str, str]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = client.execute(query, key, settings=SETTINGS)
    return rows


_RECEIVED = f"""
SELECT toString(stream), offset, sign, row_id, toString(fate), toString(reason), toString(field), revision, payload_hash,
    received_time, stored_time, identifier
FROM journey_raw.ledger WHERE kind = 'received' AND {_OF_EVENT} ORDER BY stored_time, stream, insert_number, offset"""
_EVENT = f"""
SELECT toString(event_type), event_time, local_date, toString(zone), clock_correction_us / 1000000, toString(touchpoint), toString(action),
    is_simulated, toString(provenance), toString(campaign), toString(identifier_type), identifier,
    if(about_event_id = '', '', concat(about_event_id, ' of ', if(about_source = '', source, about_source)))
FROM journey_raw.ledger WHERE kind = 'received' AND fate = 'stored' AND {_OF_EVENT} AND {NET_ROWS} LIMIT 1"""
_LINKS = f"""
SELECT toString(kind), linked_identifier FROM journey_raw.ledger
WHERE kind IN ('link', 'unlink') AND {_OF_EVENT} AND {NET_ROWS} ORDER BY ALL"""
_HANDOFF = """
SELECT handoff_to FROM journey_raw.ledger WHERE kind = 'handoff' AND identifier = %(identifier)s AND sign = 1
ORDER BY handoff_number DESC LIMIT 1"""
_ATTACHED = f"""
SELECT toString(map), map_version, {DEFAULT_MAP}, person, toString(stage), stage_order, toString(rule), toString(evidence),
    toString(channel), toString(persona), toString(segment), cycle, toString(transition), touchpoint_number,
    if(touchpoint_number > 1, wait_us / 1000000, NULL), is_conversion, first_of, stage_max_before, stage_max, funnel_before, funnel_depth,
    if(toUnixTimestamp(churn_due_at) = 0, NULL, churn_due_at), toString(event_type),
    (toString(kpi), toString(variant), scale_min, scale_max, has_score, toString(disposition))
FROM journey_raw.ledger WHERE kind = 'attached' AND {_OF_EVENT} AND {NET_ROWS} ORDER BY map, map_version"""
_NAMED = f"""
SELECT splitByChar(',', toString(purposes)), identifier, consent_id FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND event_type != '{CONSENT}' AND purposes != '' AND {_OF_EVENT} AND {NET_ROWS} LIMIT 1"""
_AT = f"(SELECT event_time FROM journey_raw.ledger WHERE kind = 'received' AND fate = 'stored' AND {_OF_EVENT} AND {NET_ROWS} LIMIT 1)"
_WITHDRAWN = f"""
SELECT toString(purpose), max(valid_from) FROM journey.consents
WHERE state = 'withdrawn' AND valid_from <= {_AT} AND (valid_until IS NULL OR valid_until > {_AT}) AND purpose IN %(purposes)s
    AND (consent_id = %(consent_id)s OR person IN (
        SELECT person FROM journey.identifiers WHERE identifier = %(identifier)s
        UNION ALL
        SELECT person FROM journey.consents WHERE identifier = %(identifier)s
        UNION ALL
        SELECT %(identifier)s
    ))
GROUP BY purpose ORDER BY purpose"""
_WITHOUT_ID = """
SELECT if(fate = 'quarantined', concat('quarantined as ', reason), toString(fate)) AS fate_and_reason, sum(sign) AS records
FROM journey_raw.ledger WHERE kind = 'received' AND event_id = '' AND source IN (%(source)s, '')
GROUP BY fate_and_reason HAVING records > 0 ORDER BY records DESC, fate_and_reason"""
