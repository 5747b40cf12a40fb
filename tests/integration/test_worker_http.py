"""A worker over HTTP: its numbers are the account's, its readiness is the ready file's, and it answers while ClickHouse hangs."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from tests.support.engines import Ledger, own_face, touchline
from tests.support.ports import free_port
from tests.support.real_worker import RealWorker, ask, real_worker
from tests.support.scraping import get, readiness, scrape, value_of
from tests.support.workers import wait_for
from touchline.kafka.partitioning import partition_of
from touchline.metrics import declared
from touchline.processors.worker.health import says_ready
from touchline.schemas.reasons import Fate

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack
    from touchline.settings import Settings

PARTITIONS = 2
STALL_SECONDS = 5
EVENT = {
    "type": "touchline.touchpoint.v1",
    "source": "retail-pos",
    "time": "2026-01-01T10:00:00Z",
    "received_at": "2026-01-01T10:00:01Z",
    "touchpoint": "store_purchase",
}


@pytest.fixture(scope="module")
def own_ledger(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    changes = {"partitions": PARTITIONS, "stall_seconds": STALL_SECONDS, "worker_http_port": free_port()}
    with own_face(stack, tmp_path_factory.mktemp("face"), **changes) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def running(own_ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWorker]:
    with real_worker(own_ledger.settings, tmp_path_factory.mktemp("worker")) as worker:
        yield worker


def event(number: int, **more: Any) -> bytes:
    key = f"k:{number % 5:064x}"
    one = EVENT | {"id": f"e{number}", "persons": [{"type": "loyalty", "key": key}]} | more
    return json.dumps(one).encode()


def send(settings: Settings, values: list[bytes | None]) -> None:
    """To the partition of the person, or the first one where no person can be read."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    for value in values:
        try:
            key = json.loads(value or b"")["persons"][0]["key"].encode()
        except (ValueError, KeyError, TypeError):
            key = b""
        producer.send(settings.topic, value, key=key, partition=partition_of(key, PARTITIONS) if key else 0)
    producer.flush()
    producer.close()


def disturbed() -> list[list[bytes | None]]:
    """Events of every fate: stored, repeated, revised, in conflict, broken in several ways, unknown to the contract; each list is to be
    stored before the next one comes."""
    good: list[bytes | None] = [event(number) for number in range(40)]
    again: list[bytes | None] = [event(number) for number in range(5)]
    revised: list[bytes | None] = [event(number, revision=1, place="store-1") for number in range(10, 14)]
    conflicts: list[bytes | None] = [event(number, place="store-2") for number in (20, 21, 22)]
    settled: list[bytes | None] = [event(20, revision=2)]
    broken: list[bytes | None] = [
        b"{", b"\xff\xfe", None, b"[]", event(90, source="unheard_of"), event(91, time="soon"), event(92, type="touchline.touchpoint.v9"),
    ]  # fmt: skip
    odd = event(99, colour_of_the_door="green")
    return [good, [*again, *revised], conflicts, [*settled, *broken, odd]]


def test_numbers_equal_the_account_by_fate_and_reason(own_ledger: Ledger, running: RealWorker) -> None:
    settings, port = own_ledger.settings, own_ledger.settings.worker_http_port
    assert port is not None
    sent_count = 0
    for values in disturbed():
        send(settings, values)
        sent_count += len(values)
        running.wait_stored(sent_count)
    wait_for(
        lambda: value_of(scrape(port), "touchline_records_received_total") == sent_count,
        lambda: f"{scrape(port)}\n{running.log}",
    )
    found = scrape(port)
    names = [fate.value for fate in Fate]
    columns = ", ".join(f"toInt64(sum({name}))" for name in ("received", *names, "gaps"))
    received, *fates, gaps = ask(settings, f"SELECT {columns} FROM journey.account")[0]
    net = {name: value_of(found, "touchline_records_total", fate=name) for name in names}
    for (name, labels), value in found.items():
        if name == "touchline_records_moved_total":
            net[dict(labels)["from_fate"]] -= value
            net[dict(labels)["to_fate"]] += value
    assert net == dict(zip(names, fates, strict=True))
    assert received == sent_count
    assert value_of(found, "touchline_offset_gaps_total") == gaps
    assert all(net[name] > 0 for name in ("stored", "duplicate", "superseded", "quarantined"))
    assert value_of(found, "touchline_records_moved_total", from_fate="stored", to_fate="superseded") >= 4
    assert value_of(found, "touchline_unknown_fields_total") == 1

    reasons = {
        dict(labels)["reason"]: value
        for (name, labels), value in found.items()
        if name == "touchline_records_quarantined_total" and value
    }
    kept = dict(ask(settings, "SELECT toString(reason), count() FROM journey.quarantine GROUP BY reason"))
    conflicts_moved = reasons["conflict"] - kept.get("conflict", 0)
    moved = value_of(found, "touchline_records_moved_total", from_fate="quarantined", to_fate="superseded")
    gained = value_of(found, "touchline_records_moved_total", from_fate="stored", to_fate="quarantined")
    assert conflicts_moved == moved - gained
    assert {name: count for name, count in reasons.items() if name != "conflict"} == {
        name: count for name, count in kept.items() if name != "conflict"
    }
    assert len(reasons) >= 5


def test_every_declared_metric_of_a_worker_is_exposed_and_times_and_sizes_are_real(
    own_ledger: Ledger, running: RealWorker
) -> None:
    port = own_ledger.settings.worker_http_port
    assert port is not None
    found = scrape(port)
    names = {name for name, _ in found}
    for metric in declared.WORKER:
        assert {metric.name, f"{metric.name}_count"} & names, metric.name
    inserts = value_of(found, "touchline_inserts_total", outcome="stored")
    assert inserts > 0
    assert value_of(found, "touchline_insert_seconds_count") == value_of(found, "touchline_batch_rows_count") == inserts
    assert (
        value_of(found, "touchline_batch_rows_sum")
        == ask(own_ledger.settings, "SELECT count() FROM journey_raw.ledger")[0][0]
    )
    assert value_of(found, "touchline_event_delay_seconds_count") == value_of(
        found, "touchline_records_total", fate="stored"
    )
    assert all(value_of(found, "touchline_step_seconds_total", step=step) > 0 for step in declared.STEPS)
    steps = sum(value_of(found, "touchline_step_seconds_total", step=step) for step in declared.STEPS)
    assert steps == pytest.approx(value_of(found, "touchline_batch_seconds_sum"), rel=0.05)
    assert value_of(found, "touchline_assigned_partitions") == PARTITIONS
    for partition in map(str, range(PARTITIONS)):  # looked at once a second
        wait_for(
            lambda: value_of(scrape(port), "touchline_partition_lag_records", partition=partition) == 0,  # noqa: B023
            lambda: running.log,
        )
    assert value_of(found, "touchline_state_bytes", partition="0", kind="tails") > 4096
    assert value_of(found, "touchline_acquisitions_total") == PARTITIONS


def test_it_answers_while_clickhouse_hangs_is_not_ready_after_the_stall_and_ready_again(
    own_ledger: Ledger, running: RealWorker
) -> None:
    settings, port = own_ledger.settings, own_ledger.settings.worker_http_port
    assert port is not None
    assert readiness(port) == (200, {"status": "ready", "generation": 1, "partitions": PARTITIONS})
    assert says_ready(running.ready_file)
    own_ledger.face.pause()
    try:
        send(settings, [event(200)])
        began = time.monotonic()
        wait_for(lambda: readiness(port)[0] == 503, lambda: running.log)
        assert time.monotonic() - began > STALL_SECONDS - 2
        assert readiness(port)[1]["status"] == "stalled_in_store"
        assert not says_ready(running.ready_file)
        assert get(port, "/healthz")[0] == 200
        found = scrape(port)
        assert value_of(found, "touchline_ready") == 0
        assert value_of(found, "touchline_store_busy_seconds") > STALL_SECONDS - 2
        assert sum(value for (name, _), value in found.items() if name == "touchline_partition_lag_records") == 1
    finally:
        own_ledger.face.resume()
    wait_for(lambda: readiness(port)[0] == 200, lambda: running.log, 60)
    assert says_ready(running.ready_file)
    assert value_of(scrape(port), "touchline_ready") == 1


def test_a_clickhouse_that_goes_away_is_counted_as_waits_and_unclear_inserts_no_further(
    own_ledger: Ledger, running: RealWorker
) -> None:
    settings, port = own_ledger.settings, own_ledger.settings.worker_http_port
    assert port is not None
    before = value_of(scrape(port), "touchline_acquisitions_total")
    own_ledger.face.kill()
    send(settings, [event(201)])
    wait_for(lambda: value_of(scrape(port), "touchline_store_waits_total", cause="clickhouse") > 0, lambda: running.log)
    own_ledger.face.start()
    stored = "SELECT count() FROM journey.touchpoints WHERE event_id = 'e201'"
    wait_for(lambda: ask(settings, stored) == [(1,)], lambda: running.log, 60)
    wait_for(lambda: value_of(scrape(port), "touchline_acquisitions_total") > before, lambda: running.log)
    touchline(own_ledger, "reconcile", "--wait", "10")


def test_a_second_worker_on_the_same_port_says_so_with_status_2(
    own_ledger: Ledger, running: RealWorker, tmp_path: Path
) -> None:
    with real_worker(own_ledger.settings, tmp_path, "second") as second:
        assert second.process.wait(20) == 2
        assert f"cannot listen on 127.0.0.1:{own_ledger.settings.worker_http_port}" in second.log
        assert "worker_http_port" in second.log.partition("hint: ")[2]


def test_sigterm_ends_it_in_time_though_a_scraper_keeps_its_connection(own_ledger: Ledger, running: RealWorker) -> None:
    port = own_ledger.settings.worker_http_port
    assert port is not None
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    kept.request("GET", "/metrics")
    assert kept.getresponse().read()
    status, seconds = running.end()
    kept.close()
    assert (status, seconds < 5.0) == (0, True), running.log
    assert get(port, "/healthz")[0] == 599
