"""The collector is killed under load, again and again: what it answered with 202 is in the ledger, once."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.support.collectors import CollectorProcess, collector, event, events
from tests.support.engines import Ledger, fresh_topic
from tests.support.real_worker import ask, real_worker
from tests.support.workers import wait_for
from touchline.producers.outbox.look import look
from touchline.producers.producer import now_us

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

KILLS = 3
FIRST = {"outbox": 0, "kafka": 1_000_000}
"""Where the numbers of the events begin: both ways share one ledger."""
SENDERS = 8
EVENTS_A_REQUEST = 5
SECONDS_BETWEEN_KILLS = 0.5
STORED = "SELECT event_id, count() FROM journey.touchpoints WHERE source = 'shell' GROUP BY event_id"


async def load(running: CollectorProcess, numbers: Iterator[int], accepted: set[str], stop: asyncio.Event) -> None:
    """One sender: posts on, whatever happens to the collector, and notes what it was promised."""
    headers = {"Authorization": f"Bearer {running.write_key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        while not stop.is_set():
            batch = events(list(itertools.islice(numbers, EVENTS_A_REQUEST)))
            try:
                async with session.post(f"{running.url}/v1/events", data=json.dumps(batch)) as answer:
                    if answer.status == 202:
                        assert (await answer.json())["accepted"] == len(batch)
                        accepted.update(one["id"] for one in batch)
            except (aiohttp.ClientError, ConnectionError):
                await asyncio.sleep(0.02)


async def kill_under_load(running: CollectorProcess, first: int) -> set[str]:
    """Ids of the events that were promised."""
    numbers, accepted, stop = itertools.count(first), set[str](), asyncio.Event()
    senders = [asyncio.create_task(load(running, numbers, accepted, stop)) for _ in range(SENDERS)]
    for _ in range(KILLS):
        before = len(accepted)
        await asyncio.sleep(SECONDS_BETWEEN_KILLS)
        while len(accepted) == before:
            await asyncio.sleep(0.05)
        running.process.kill()
        await asyncio.to_thread(running.restart)
        await asyncio.to_thread(running.wait_ready)
    await asyncio.sleep(SECONDS_BETWEEN_KILLS)
    stop.set()
    await asyncio.gather(*senders)
    return accepted


@pytest.mark.timeout(180)
@pytest.mark.parametrize("durable_in", ["outbox", "kafka"])
def test_what_was_answered_202_is_in_the_ledger_once_although_the_collector_is_killed(
    ledger: Ledger, tmp_path: Path, durable_in: str
) -> None:
    outbox = tmp_path / "outbox" if durable_in == "outbox" else None
    settings = ledger.settings.with_changes(outbox_dir=outbox, collector_events_per_second=1e6)
    with (
        collector(settings, tmp_path) as running,
        real_worker(ledger.settings, tmp_path),
    ):
        accepted = asyncio.run(kill_under_load(running, FIRST[durable_in]))
        assert len(accepted) > KILLS * SENDERS * EVENTS_A_REQUEST
        status, _ = running.end()
        assert status == 0
        if outbox is not None:
            assert look(outbox, now_us()).records == 0
        stored: dict[str, int] = {}

        def all_stored() -> bool:
            stored.update(ask(ledger.settings, STORED))
            return accepted <= stored.keys()

        wait_for(all_stored, lambda: f"{len(accepted - stored.keys())} of {len(accepted)} promised events are missing")
    assert {count for _, count in stored.items()} == {1}


@pytest.mark.timeout(180)
def test_without_an_outbox_an_absent_kafka_is_503_and_later_202_again(stack: LocalStack, tmp_path: Path) -> None:
    settings = stack.settings.with_changes(topic=fresh_topic(stack))
    with collector(settings, tmp_path, collector_ack_seconds=1.0) as running:
        assert running.post_json(event(1)).status == 202
        stack.kafka.kill()
        try:
            refused = [running.post_json(event(2)) for _ in range(2)]
            assert [(answer.status, answer.headers["Retry-After"]) for answer in refused] == [(503, "5")] * 2
            assert "send all of them again" in refused[0].json()["hint"]
            failing = running.get("/readyz")
            assert failing.status == 503
            assert failing.json()["in_flight_bytes"] > 0  # kafka-python has them still
            assert running.get("/healthz").status == 200
        finally:
            stack.start()
        wait_for(lambda: running.post_json(event(2)).status == 202, lambda: running.log, 60)
        wait_for(lambda: running.get("/readyz").json()["in_flight_bytes"] == 0, lambda: running.log, 60)
        assert running.end()[0] == 0
