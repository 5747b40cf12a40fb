"""A till file with three bad rows that comes ten days late, then again, in halves, and shuffled: the tables are those of a run in which it
came in time, and three records are in quarantine."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.rest import wait_until_at_rest
from tests.support.view_sums import view_sums
from touchline.clickhouse.connect import connect
from touchline.producers.kafka import TouchpointProducer

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAYS = 20
PERSONS = 40
Event = dict[str, Any]


def visits() -> list[Event]:
    """Calls and answers over twenty days, as they come."""
    chance = random.Random(7)
    return [
        _event("call-centre", f"call-{number}", START + timedelta(hours=2 * number), chance, touchpoint="call_centre")
        for number in range(DAYS * 12)
    ]


def till_rows() -> list[Event]:
    """Purchases of days six to ten."""
    chance = random.Random(8)
    return [
        _event(
            "retail-pos", f"basket-{number}", START + timedelta(days=5, minutes=50 * number), chance,
            touchpoint="store_purchase", action="purchase", place="store-1",
            amount={"amount_minor": 100 + number, "currency": "USD"}, order={"id": f"o{number}", "kind": "purchase"},
        )
        for number in range(140)
    ]  # fmt: skip


def _event(source: str, event_id: str, at: datetime, chance: random.Random, **fields: Any) -> Event:
    return {
        "type": "touchline.touchpoint.v1",
        "id": event_id,
        "source": source,
        "time": at.isoformat(),
        "identifiers": [{"type": "loyalty", "value": f"card {chance.randrange(PERSONS)}"}],
        **fields,
    }


MAPPING = """\
mapping: late_till
source: {column: till}
id: receipt
time: sold_at
identifiers: {loyalty: card}
amount: {column: total, currency: {column: currency}}
fields:
  touchpoint: {constant: store_purchase}
  action: {constant: purchase}
  place: {constant: store-1}
  order.id: order
  order.kind: {constant: purchase}
"""
COLUMNS = ("till", "receipt", "sold_at", "card", "total", "currency", "order")


def till_lines() -> list[tuple[str, ...]]:
    """The purchases as a till writes them."""
    return [
        ("retail-pos", one["id"], one["time"], one["identifiers"][0]["value"], f"{one['amount']['amount_minor'] / 100:.2f}", "USD",
         one["order"]["id"])
        for one in till_rows()
    ]  # fmt: skip


def bad_lines() -> list[tuple[str, ...]]:
    _, _, sold_at, card, total, currency, order = till_lines()[0]
    return [
        ("old-till", "bad-1", sold_at, card, total, currency, order),
        ("retail-pos", "bad-2", "1970-01-01T00:00:00Z", card, total, currency, order),
        ("retail-pos", "bad-3", sold_at, card, total, "XXQ", order),
    ]


def write(path: Path, lines: list[tuple[str, ...]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *lines])
    return str(path)


def send(ledger: Ledger, events: list[Event]) -> None:
    with TouchpointProducer.from_settings(ledger.settings) as producer:
        for one in events:
            producer.emit(one)


def test_a_late_till_file_uploaded_again_in_halves_and_shuffled_gives_the_tables_of_one_in_time(
    stack: LocalStack, tmp_path: Path
) -> None:
    with own_face_with_worker(stack, tmp_path / "in time", partitions=1) as in_time:
        send(in_time, sorted([*visits(), *till_rows()], key=lambda one: str(one["time"])))
        wait_until_at_rest(in_time.settings)
        wanted = view_sums(in_time.settings)

    mapping = tmp_path / "till.yaml"
    mapping.write_text(MAPPING)
    lines = [*till_lines()[:70], *bad_lines(), *till_lines()[70:]]
    shuffled = random.Random(9).sample(lines, len(lines))
    uploads = (lines, lines, lines[:72], lines[72:], shuffled)
    with own_face_with_worker(stack, tmp_path / "late", partitions=1) as late:
        send(late, visits())
        wait_until_at_rest(late.settings)
        assert view_sums(late.settings) != wanted
        outcomes = []
        for number, upload in enumerate(uploads):
            file = write(tmp_path / f"till-{number}.csv", upload)
            outcomes.append(json.loads(touchline(late, "import", file, "--mapping", str(mapping), "--json", status=1)))
        wait_until_at_rest(late.settings)
        actual = view_sums(late.settings)
        client = connect(late.settings)
        reasons = client.execute("SELECT source, reason, field FROM journey.quarantine ORDER BY reason")
        columns = "received, stored, duplicate, quarantined, is_balanced"
        account = client.execute(f"SELECT {columns} FROM journey.account")
        client.disconnect()

    told = [[(one["line"], one["reason"], one["field"]) for one in outcome["rejections"]] for outcome in outcomes]
    assert told[0] == [
        (72, "unknown_source", "source"), (73, "time_out_of_range", "time"), (74, "unknown_currency", "amount.currency"),
    ]  # fmt: skip
    assert [len(one) for one in told] == [3, 3, 2, 1, 3]
    assert [outcome["quarantined"] for outcome in outcomes] == [3, 0, 0, 0, 0]
    assert reasons == [
        ("retail-pos", "time_out_of_range", "time"),
        ("retail-pos", "unknown_currency", "amount.currency"),
        ("old-till", "unknown_source", "source"),
    ]
    assert account == [(240 + 4 * 140 + 3, 240 + 140, 3 * 140, 3, 1)]
    assert actual == wanted
    assert wanted["journeys"][0] >= PERSONS
    assert wanted["orders"][0] == 140
