"""BI tools read the views while the worker writes: over the native protocol, by clickhouse-connect, and by curl."""

from __future__ import annotations

import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import clickhouse_connect
import pytest

from tests.support.engines import Ledger, own_face_with_worker
from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import lag
from touchline.local.stack import LocalStack
from touchline.producers.kafka import TouchpointProducer
from touchline.settings import Settings

EVENTS = 12_000
QUERY = "SELECT sum(events) FROM journey.kpi_volume_1h"
STORED_WITHIN_SECONDS = 60


@pytest.fixture
def worked(stack: LocalStack, tmp_path: Path) -> Iterator[Ledger]:
    with own_face_with_worker(stack, tmp_path) as ledger:
        yield ledger


def by_driver(settings: Settings) -> int:
    client = connect(settings)
    try:
        return int(client.execute(QUERY)[0][0])
    finally:
        client.disconnect()


def by_connect(settings: Settings) -> int:
    client = clickhouse_connect.get_client(
        host=settings.clickhouse_host,
        port=settings.clickhouse_http_port,
        username=settings.clickhouse_user,
        password=settings.clickhouse_password_file.read_text().strip(),
    )
    try:
        return int(client.query(QUERY).result_rows[0][0])
    finally:
        client.close()


def by_curl(settings: Settings) -> int:
    login = f"{settings.clickhouse_user}:{settings.clickhouse_password_file.read_text().strip()}"
    url = (
        f"http://{settings.clickhouse_host}:{settings.clickhouse_http_port}/?{urllib.parse.urlencode({'query': QUERY})}"
    )
    # The login comes by standard input: an argument could be read by every user of the machine.
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--config", "-", url]
    answer = subprocess.run(command, input=f'user = "{login}"', capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return int(answer.stdout)


def send(settings: Settings) -> None:
    with TouchpointProducer.from_settings(settings) as producer:
        for number in range(EVENTS):
            producer.emit(
                source="retail-pos",
                id=f"r{number}",
                time=f"2025-04-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z",
                touchpoint="store_purchase",
                action="purchase",
                identifiers=[("loyalty", f"card {number % 500}")],
            )


def test_three_kinds_of_clients_see_the_sums_grow_and_never_beyond_the_truth(worked: Ledger) -> None:
    readers: dict[str, Callable[[Settings], int]] = {"driver": by_driver, "connect": by_connect, "http": by_curl}
    seen: dict[str, list[int]] = {name: [] for name in readers}
    sender = threading.Thread(target=send, args=(worked.settings,))
    sender.start()
    deadline = time.monotonic() + STORED_WITHIN_SECONDS
    while sender.is_alive() or lag(worked.settings) != 0:
        assert time.monotonic() < deadline
        for name, read in readers.items():
            seen[name].append(read(worked.settings))
    sender.join()
    for name, read in readers.items():
        seen[name].append(read(worked.settings))
        assert seen[name] == sorted(seen[name])
        assert seen[name][-1] == EVENTS
    # The readers were there while it was being written, not only before and after.
    assert any(0 < count < EVENTS for counts in seen.values() for count in counts)
