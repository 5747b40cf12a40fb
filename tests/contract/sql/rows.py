"""Hand-made ledger rows: whole where the views look, empty elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clickhouse_driver import Client

Row = dict[str, Any]

STREAM = "customer-events/topic-id/{}"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULTS: Row = {
    "stream": STREAM.format(0), "insert_number": 1, "offset": 0, "sign": 1, "row_id": 0, "fate": "", "reason": "", "field": "",
    "event_type": "touchline.touchpoint.v1", "source": "shop", "event_id": "", "revision": 0, "event_time": NOON, "received_time": NEVER,
    "stored_time": NOON, "local_date": date(2026, 3, 1), "identifier": "", "person": "", "touchpoint": "store_visit", "action": "",
    "channel": "", "is_online": 0, "is_simulated": 0, "campaign": "", "brand": "", "place": "", "persona": "", "segment": "", "map": "",
    "map_version": 0, "stage": "", "stage_order": 0, "is_mapped": 0, "cycle": 0, "transition": "", "touchpoint_number": 0, "wait_us": 0,
    "is_conversion": 0, "rule": "", "evidence": "", "first_of": 0, "stage_max_before": 0, "stage_max": 0, "funnel_before": 0,
    "funnel_depth": 0, "churn_due_at": NEVER,
    "survey": "", "question": "", "kpi": "", "variant": "", "scope": "", "scale_min": 0, "scale_max": 0, "score": 0.0,
    "has_score": 0, "disposition": "", "about_time": NEVER, "answered_date": NEVER.date(), "about_source": "",
    "about_event_id": "", "amount_minor": 0, "currency": "", "currency_exponent": 0, "order_id": "",
    "order_kind": "", "writer": "", "generation": 0, "first_offset": 0, "gaps": 0, "fate_counts": {},
    "map_change": 0, "walked_to": "",
    "identifier_type": "", "linked_identifier": "", "linked_identifier_type": "",
    "handoff_to": 0, "handoff_number": 0, "record_partition": 0,
    "provenance": "observed", "sampling_probability": 1.0, "question_version": "",
}  # fmt: skip


def attached(row_id: int, **values: Any) -> Row:
    """An attached touchpoint event of map `retail` version 1, mapped to its first stage unless told otherwise."""
    mapped = {
        "map": "retail",
        "map_version": 1,
        "stage": "awareness",
        "stage_order": 1,
        "is_mapped": 1,
        "event_id": f"e{row_id}",
    }
    return DEFAULTS | {"kind": "attached", "row_id": row_id} | mapped | values


def answer(row_id: int, kpi: str, score: float, scale: tuple[int, int], **values: Any) -> Row:
    """A complete answer, about noon."""
    given = {
        "event_type": "touchline.answer.v1",
        "kpi": kpi,
        "score": score,
        "has_score": 1,
        "scale_min": scale[0],
        "scale_max": scale[1],
        "scope": "transactional",
        "disposition": "complete",
        "about_time": NOON,
    }
    return attached(row_id, **(given | values))


def received(row_id: int, fate: str, offset: int, **values: Any) -> Row:
    """The received row of a record."""
    return (
        DEFAULTS
        | {"kind": "received", "row_id": row_id, "fate": fate, "offset": offset, "event_id": f"e{row_id}"}
        | values
    )


def mark(row_id: int, last_offset: int, fate_counts: dict[str, int], **values: Any) -> Row:
    """A mark; `write` opens the fence for its writer."""
    mark_values = {"writer": "worker", "generation": 1, "fate_counts": fate_counts}
    return DEFAULTS | {"kind": "mark", "row_id": row_id, "offset": last_offset} | mark_values | values


def retraction(row: Row) -> Row:
    """The row that takes it back."""
    return row | {"sign": -1}


def write(client: Client, rows: Sequence[Row]) -> None:
    """One insert."""
    for stream in {row["stream"] for row in rows if row["kind"] == "mark"}:
        client.execute("INSERT INTO journey_raw.fence VALUES", [(stream, 1, "worker")])
    if rows:
        names = list(rows[0])
        client.execute(
            f"INSERT INTO journey_raw.ledger ({', '.join(names)}) VALUES",
            [[row[name] for name in names] for row in rows],
        )


def choose_default_map(client: Client, name: str = "retail", version: int = 1) -> None:
    """The map is known, and the default."""
    register_map(client, name, version)
    client.execute("INSERT INTO journey_raw.shown_maps VALUES", [(name, version, 0, 1, datetime.now(UTC))])


def register_map(client: Client, name: str, version: int = 1) -> None:
    """The map is known by its name."""
    row = (name, version, "", f"Map {name}", "", 0, "", datetime.now(UTC))
    client.execute("INSERT INTO journey_raw.maps VALUES", [row])


def standing(rows: Iterable[Row]) -> list[Row]:
    """The rows whose signs add up to 1: the brute force of `sign = 1 AND row_id NOT IN (retracted)`."""
    net: Counter[int] = Counter()
    known: dict[int, Row] = {}
    for row in rows:
        net[row["row_id"]] += row["sign"]
        known.setdefault(row["row_id"], row)
    return [known[row_id] for row_id, count in net.items() if count]


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
