"""Answers that name a receipt, on real Kafka and the real engine: they come first, lie in other partitions, and no record follows that
wakes their partition. A look in between, not a record, moves them to the day and place of the receipt, and again when it is corrected."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.engines import Ledger, own_face_with_worker, touchline
from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import lag
from touchline.producers.kafka import TouchpointProducer

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

RECEIPTS = 6
Event = dict[str, Any]
PLACES = "SELECT place, about_date, count() FROM journey.answers GROUP BY ALL ORDER BY ALL"


def receipt(number: int, place: str, revision: int) -> Event:
    return {
        "type": "touchline.touchpoint.v1", "id": f"r{number}", "source": "retail-pos", "time": "2026-03-01T11:00:00Z", "zone": "UTC",
        "revision": revision, "identifiers": [{"type": "loyalty", "value": f"card {number}"}], "touchpoint": "store_purchase",
        "action": "purchase", "place": place, "amount": {"amount_minor": 2_500, "currency": "USD"},
    }  # fmt: skip


def answer(number: int, day: int) -> Event:
    """By somebody else than the buyer, or by nobody."""
    persons = {"identifiers": [{"type": "loyalty", "value": f"guest {number}"}]} if day == 2 else {"anonymous": True}
    return {
        "type": "touchline.answer.v1", "id": f"a{number}-{day}", "source": "survey-tool", "time": f"2026-03-{day:02d}T11:00:00Z",
        "zone": "UTC", "about": {"touchpoint": "store_purchase", "source": "retail-pos", "event_id": f"r{number}"}, "survey": "s",
        "question": "q", "kpi": "nps", "scope": "transactional", "scale_min": 0, "scale_max": 10, "score": 9, **persons,
    }  # fmt: skip


def send(ledger: Ledger, events: Sequence[Event]) -> None:
    with TouchpointProducer.from_settings(ledger.settings) as producer:
        for one in events:
            producer.emit(one)
    deadline = time.monotonic() + 60
    while lag(ledger.settings) != 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def wait_for_places(ledger: Ledger, wanted: list[tuple[str | None, date, int]]) -> None:
    client = connect(ledger.settings)
    deadline = time.monotonic() + 30
    while (found := client.execute(PLACES)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    client.disconnect()


def test_answers_follow_their_receipt_from_partition_to_partition_without_a_record(
    stack: LocalStack, tmp_path: Path
) -> None:
    first = date(2026, 3, 1)
    answers = [answer(number, day) for number in range(RECEIPTS) for day in (2, 21)]
    with own_face_with_worker(stack, tmp_path, partitions=4, tick_seconds=0.5) as ledger:
        send(ledger, answers)
        wait_for_places(ledger, [(None, date(2026, 3, 2), RECEIPTS), (None, date(2026, 3, 21), RECEIPTS)])
        send(ledger, [receipt(number, "12", 0) for number in range(RECEIPTS)])
        wait_for_places(ledger, [("12", first, 2 * RECEIPTS)])
        send(ledger, [receipt(number, "7", 1) for number in range(RECEIPTS)])
        wait_for_places(ledger, [("7", first, 2 * RECEIPTS)])
        client = connect(ledger.settings)
        assert client.execute("SELECT bucket, place, n FROM journey.kpi_survey_1d") == [(first, "7", 2 * RECEIPTS)]
        partitions = "SELECT count(DISTINCT stream) FROM journey_raw.ledger WHERE kind = 'received' AND event_type LIKE '%answer%'"
        assert client.execute(partitions)[0][0] > 1
        client.disconnect()
        touchline(ledger, "reconcile")
