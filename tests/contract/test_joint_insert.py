"""An insert of several streams, in the twin and in the real engine: all or nothing, by every fence, and whoever takes one of the streams
waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.contract.test_ledger import empty, marked
from tests.support.engine import running_engine
from touchline.clickhouse.connect import connect, connect_as
from touchline.processors.ledger import queries
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.columns import AWAY
from touchline.processors.ledger.ledger import Ledger, Mark, Stream, WriterFenced
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.ledger.rows import Block, Insert, build_insert, join_inserts
from touchline.settings import Settings

A, B = Stream("events", "T1", 0), Stream("events", "T1", 1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("joint")) as settings:
        yield settings


@pytest.fixture
def real(engine: Settings) -> Iterator[ClickHouseLedger]:
    empty(engine)
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, engine))
    yield ledger
    ledger.close()


@pytest.fixture(params=["twin", "engine"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    return MemoryLedger() if request.param == "twin" else request.getfixturevalue("real")


def both(number: int, last_offset: int) -> Insert:
    return join_inserts([marked(A, number, last_offset, 1, "a"), marked(B, number, last_offset + 10, 1, "a")])


def test_marks_of_both_streams_are_there(ledger: Ledger) -> None:
    for stream in (A, B):
        ledger.acquire(stream, 1, "a")
    ledger.insert(both(1, 5))
    assert (ledger.last_offset(A), ledger.last_offset(B)) == (5, 15)
    assert ledger.positions() == {A.name: 1, B.name: 1}


def test_columns_that_one_of_the_streams_does_not_use_are_empty_there(ledger: Ledger) -> None:
    for stream in (A, B):
        ledger.acquire(stream, 1, "a")
    row = ("k1:" + "a" * 64, 7)
    assert len(row) == len(AWAY)
    word = build_insert(B.name, 1, 2, 1, [Block("away", AWAY, 1, [0], [row])])
    ledger.insert(join_inserts([marked(A, 1, 5, 1, "a"), word]))
    fed = {(one.kind, one.stream): one for one in ledger.feed({}, {A.name: 1, B.name: 2})}
    assert fed["away", B.name].identifier == row[0]
    assert ledger.last_offset(A) == 5


@pytest.mark.parametrize("taken", [A, B])
def test_one_stale_fence_refuses_all(ledger: Ledger, taken: Stream) -> None:
    for stream in (A, B):
        ledger.acquire(stream, 1, "a")
    ledger.insert(both(1, 5))
    assert ledger.acquire(taken, 2, "b") == Mark(1, 5 if taken is A else 15)
    with pytest.raises(WriterFenced):
        ledger.insert(both(2, 9))
    assert (ledger.last_offset(A), ledger.last_offset(B)) == (5, 15)


def test_all_rows_are_one_part(real: ClickHouseLedger, engine: Settings) -> None:
    for stream in (A, B):
        real.acquire(stream, 1, "a")
    real.insert(both(1, 5))
    client = connect(engine)
    assert client.execute("SELECT count(), uniqExact(_part) FROM journey_raw.ledger") == [(2, 1)]
    client.disconnect()


@pytest.mark.parametrize("taken", [A, B])
def test_whoever_takes_one_of_the_streams_waits_until_the_insert_has_ended(
    real: ClickHouseLedger, engine: Settings, taken: Stream
) -> None:
    running = threading.Event()

    def insert_slowly() -> None:
        client = connect(engine)
        running.set()
        tags = f"{queries.tag(A.name)} {queries.tag(B.name)}"
        client.execute(f"INSERT INTO FUNCTION null('slept UInt8') {tags} SELECT sleep(2)")
        client.disconnect()

    slow = threading.Thread(target=insert_slowly)
    slow.start()
    assert running.wait(10)
    client = connect(engine)
    while not client.execute(
        "SELECT count() FROM system.processes WHERE query LIKE '%SELECT sleep(2)%' AND query NOT LIKE '%LIKE%'"
    )[0][0]:
        assert slow.is_alive(), "it ended before anybody looked"
    client.disconnect()
    real.acquire(taken, 1, "a")
    slow.join(1)
    assert not slow.is_alive()
