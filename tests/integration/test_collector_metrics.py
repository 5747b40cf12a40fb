"""The collector's numbers are those of its answers, and say what waits for a Kafka that is away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.collectors import collector
from tests.support.engines import fresh_topic
from tests.support.ports import free_port
from tests.support.scraping import get, scrape, value_of
from tests.support.workers import wait_for
from touchline.metrics import declared

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

EVENT: dict[str, Any] = {
    "type": "touchline.touchpoint.v1",
    "source": "retail-pos",
    "time": "2026-03-03T10:15:00+01:00",
    "touchpoint": "store_purchase",
    "identifiers": [{"type": "loyalty", "value": "4711"}],
}


def test_numbers_equal_the_answers(stack: LocalStack, tmp_path: Path) -> None:
    settings = stack.settings.with_changes(topic=fresh_topic(stack), outbox_dir=tmp_path / "outbox")
    with collector(settings, tmp_path) as running:
        good = [EVENT | {"id": f"g{number}"} for number in range(7)]
        bad = [EVENT | {"id": "b1", "time": "soon"}, EVENT | {"id": "b2", "touchpoint": 3}]
        assert running.post_json([*good, *bad]).status == 202
        assert running.post_json(bad).status == 422
        assert running.post(b"{}", key="nobody.secret").status == 401
        assert get(running.port, "/no/such/place")[0] == 404
        found = scrape(running.port)
        unmapped = declared.ANSWERS_UNMAPPED  # has a series for each source that sent one
        for metric in {*declared.COLLECTOR, *declared.OUTBOX} - {unmapped}:
            assert {metric.name, f"{metric.name}_count"} & {name for name, _ in found}, metric.name
        statuses = {
            dict(labels)["status"]: value
            for (name, labels), value in found.items()
            if name == "touchline_collector_requests_total" and value
        }
        assert statuses == {"202": 1, "422": 1, "401": 1, "404": 1}
        assert value_of(found, "touchline_collector_request_seconds_count") == 4
        assert value_of(found, "touchline_collector_events_accepted_total") == 7
        rejected = sum(
            value for (name, _), value in found.items() if name == "touchline_collector_events_rejected_total"
        )
        assert rejected == 4
        assert value_of(found, "touchline_collector_events_rejected_total", reason="wrong_type") >= 2
        assert value_of(found, "touchline_ready") == 1
        wait_for(
            lambda: value_of(scrape(running.port), "touchline_outbox_waiting_records") == 0,
            lambda: f"{scrape(running.port)}",
        )


def test_what_waits_for_an_absent_kafka_is_told(stack: LocalStack, tmp_path: Path) -> None:
    settings = stack.settings.with_changes(
        kafka_bootstrap=f"127.0.0.1:{free_port()}", topic="events", outbox_dir=tmp_path / "outbox"
    )
    with collector(settings, tmp_path) as running:
        events = [EVENT | {"id": f"g{number}"} for number in range(5)]
        assert running.post_json(events).status == 202
        wait_for(
            lambda: value_of(scrape(running.port), "touchline_outbox_kafka_away") == 1,
            lambda: f"{scrape(running.port)}",
        )
        found = scrape(running.port)
        assert value_of(found, "touchline_outbox_waiting_records") == 5
        assert value_of(found, "touchline_outbox_waiting_bytes") > 500
        assert value_of(found, "touchline_outbox_oldest_seconds") > 0
