"""What is read of requests to erase while workers are behind: which are open, and for whom they wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from clickhouse_driver import Client

from tests.support.engine import running_engine
from touchline.clickhouse.connect import connect
from touchline.erasure.tables import Row, write_rows, write_states
from touchline.erasure.under_way import OpenRequests, read_open_requests
from touchline.erasure.values import ASKED, DONE, RETRACTED
from touchline.erasure.wait import Followed, not_read, read_followed
from touchline.settings import Settings

NOW = datetime(2026, 3, 1, 9, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("read")) as settings:
        yield settings


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    client = connect(settings)
    for table in ("ledger", "erasures", "erasure_states"):
        client.execute(f"TRUNCATE TABLE journey_raw.{table}")
    yield client
    client.disconnect()


def ask(client: Client, request: str, *identifiers: str, minutes: int = 0, how: str = "erase") -> int:
    """Returns the number of its last row."""
    asked_at = NOW + timedelta(minutes=minutes)
    return write_rows(
        client, [Row(request, how, one, "login", one, "s1", EPOCH, asked_at, asked_at) for one in identifiers]
    )[-1]


def mark(client: Client, stream: str, erasure: int, *, minutes: int = 0, insert_number: int = 1) -> None:
    row = ("mark", stream, insert_number, 1, erasure, NOW + timedelta(minutes=minutes))
    client.execute(
        "INSERT INTO journey_raw.ledger (kind, stream, insert_number, sign, erasure, stored_time) VALUES", [row]
    )


def test_open_requests_are_told_by_state_since_when_and_what_they_wait_for(client: Client) -> None:
    assert read_open_requests(client) == []
    ask(client, "r1", "a", "b", minutes=-60)
    write_states(client, RETRACTED, {"r1": "{}"})
    ask(client, "r2", "c")
    write_states(client, ASKED, {"r2": "{}"})
    newest = ask(client, "r3", "d", "e", minutes=5)  # its command was killed before it could say so
    ask(client, "r4", "f")
    write_states(client, DONE, {"r4": "{}"})
    ask(client, "", "", how="read")
    mark(client, "events/T/0", newest)
    mark(client, "events/T/1", newest - 1)
    mark(client, "events/T/2", 0)

    found = read_open_requests(client)
    assert found == [
        OpenRequests("asked", 2, 3, NOW, ("events/T/1", "events/T/2")),
        OpenRequests("retracted", 1, 2, NOW - timedelta(hours=1)),
    ]
    assert found[0].waits_for == "the worker of partition 1, 2"
    assert "--resume" in found[1].waits_for


def test_what_all_workers_have_followed_waits_for_the_command(client: Client) -> None:
    newest = ask(client, "r1", "a")
    mark(client, "events/T/0", newest)
    assert read_open_requests(client) == [OpenRequests("asked", 1, 1, NOW)]


def test_partitions_of_a_larger_topic_of_before_are_not_waited_for_and_those_without_a_worker_yet_are(
    client: Client,
) -> None:
    for number in range(12):
        mark(client, f"events/OLD/{number}", 3, minutes=0)
    mark(client, "events/NEW/0", 5, minutes=1)
    mark(client, "events/NEW/1", 4, minutes=1)
    mark(client, "events/NEW/1", 5, minutes=2, insert_number=2)

    assert read_followed(client, 3) == [
        Followed("events/NEW/0", 5),
        Followed("events/NEW/1", 5),
        Followed("events/OLD/2", 3),
    ]
    assert not_read(client, 5, 3).streams == ["events/OLD/2"]
    assert not_read(client, 5, 2).is_over
    assert len(not_read(client, 5).streams) == 10, "Kafka does not say how many there are"
    assert len(read_followed(client, 16)) == 12


def test_open_requests_do_not_wait_for_partitions_that_are_no_more(client: Client) -> None:
    newest = ask(client, "r1", "a")
    mark(client, "events/OLD/1", 0)
    mark(client, "events/NEW/0", newest, minutes=1)
    assert [one.partitions for one in read_open_requests(client, 1)] == [()]
    assert [one.partitions for one in read_open_requests(client, 2)] == [("events/OLD/1",)]
