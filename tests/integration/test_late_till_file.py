"""A till file that comes ten days late, and then once more, and three bad rows: the tables are those of a run in which it came in time."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka import KafkaProducer

from tests.engines import Ledger, migrate, own_face, touchline
from tests.view_sums import view_sums
from touchline.clickhouse import connect
from touchline.local.parts import worker_part
from touchline.local.process import Part
from touchline.local.status import lag
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


def bad_rows() -> list[Event]:
    good = till_rows()[0]
    return [
        {**good, "id": "bad-1", "source": "old-till"},
        {**good, "id": "bad-2", "time": "1970-01-01T00:00:00Z"},
        {**good, "id": "bad-3", "amount": {"amount_minor": 1, "currency": "XXQ"}},
    ]


def write(path: Path, events: list[Event]) -> str:
    path.write_text("\n".join(map(json.dumps, events)))
    return str(path)


@contextmanager
def running_worker(stack: LocalStack, folder: Path) -> Iterator[Ledger]:
    with own_face(stack, folder, partitions=1) as ledger:
        migrate(ledger)
        worker = Part(worker_part(ledger.settings, 1, ledger.environment), folder)
        worker.start()
        try:
            yield ledger
        finally:
            worker.terminate()


def send_past_the_sdk(ledger: Ledger, events: list[Event]) -> None:
    """As a sender does that checks nothing."""
    producer = KafkaProducer(bootstrap_servers=ledger.settings.kafka_bootstrap)
    for one in events:
        sent = {name: value for name, value in one.items() if name != "identifiers"} | {"persons": []}
        producer.send(ledger.settings.topic, json.dumps(sent).encode()).get(10)
    producer.close()


def send(ledger: Ledger, events: list[Event]) -> None:
    with TouchpointProducer.from_settings(ledger.settings) as producer:
        for one in events:
            producer.emit(one)


def wait_until_stored(ledger: Ledger) -> None:
    deadline = time.monotonic() + 60
    while lag(ledger.settings) != 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_late_till_file_uploaded_twice_gives_the_tables_of_one_in_time(stack: LocalStack, tmp_path: Path) -> None:
    with running_worker(stack, tmp_path / "in time") as in_time:
        send(in_time, sorted([*visits(), *till_rows()], key=lambda one: str(one["time"])))
        wait_until_stored(in_time)
        wanted = view_sums(in_time.settings)

    with running_worker(stack, tmp_path / "late") as late:
        send(late, visits())
        wait_until_stored(late)
        assert view_sums(late.settings) != wanted
        till = write(tmp_path / "till.ndjson", till_rows())
        touchline(late, "emit", till)
        refused = touchline(late, "emit", write(tmp_path / "bad.ndjson", bad_rows()), "--json", status=1)
        assert json.loads(refused)["accepted"] == 0
        send_past_the_sdk(late, bad_rows())
        touchline(late, "emit", till)
        wait_until_stored(late)
        actual = view_sums(late.settings)
        client = connect(late.settings)
        reasons = client.execute("SELECT reason FROM journey.quarantine ORDER BY reason")
        columns = "received, stored, duplicate, quarantined, is_balanced"
        account = client.execute(f"SELECT {columns} FROM journey.account")
        client.disconnect()

    assert reasons == [("time_out_of_range",), ("unknown_currency",), ("unknown_source",)]
    assert account == [(240 + 280 + 3, 240 + 140, 140, 3, 1)]
    assert actual == wanted
    assert wanted["journeys"][0] >= PERSONS
    assert wanted["orders"][0] == 140
