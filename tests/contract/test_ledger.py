"""One contract for the ledger: the in-memory twin and the real engine answer alike."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import running_engine
from tests.unit.processors.loop.partition import version
from tests.unit.processors.loop.two_partitions import Workers, answer, receipt, records_by_partition
from tests.unit.processors.loop.world import (
    SOURCES,
    TOPIC,
    batch,
    event,
    make_loop,
    make_pipeline,
    person_key,
    records_of,
    store_all,
)
from touchline.clickhouse.connect import connect, connect_as
from touchline.processors.ledger import queries
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.columns import (
    ATTACHED,
    AWAY,
    BARE,
    CLAIM,
    FACT,
    FATE,
    HANDOFF,
    HEAD,
    LINK,
    LOOK,
    MARK,
    RELEASE,
    default_of,
)
from touchline.processors.ledger.encode import EncodedColumn
from touchline.processors.ledger.ledger import FenceHeld, Ledger, LedgerUnavailable, Mark, Stream, WriterFenced
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.ledger.rows import Block, Insert, build_insert
from touchline.processors.values.event_hash import hashes_of
from touchline.processors.values.protocol import Acknowledge, Assigned
from touchline.processors.values.records import NamingAnswer, position_of
from touchline.schemas.canonical import payload_hash
from touchline.schemas.checking import check_event
from touchline.schemas.sources import Source
from touchline.schemas.times import parse_time
from touchline.schemas.versions import completeness_of
from touchline.settings import Settings

STREAM = Stream("events", "T1", 0)
LedgerMaker = Callable[[], Ledger]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("ledger")) as settings:
        yield settings


@pytest.fixture(params=["twin", "engine"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "twin":
        yield MemoryLedger()
        return
    settings = request.getfixturevalue("engine")
    empty(settings)
    real = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
    yield real
    real.close()


def empty(settings: Settings) -> None:
    client = connect(settings)
    client.execute("TRUNCATE TABLE journey_raw.ledger")
    client.execute("TRUNCATE TABLE journey_raw.fence")
    client.disconnect()


def marked(stream: Stream, number: int, last_offset: int, generation: int, writer: str) -> Insert:
    row: tuple[object, ...] = (writer, generation, 0, 0, {"received": 1}, {}, 0, "", 0)
    return build_insert(stream.name, stream.partition, number, 1, [Block("mark", MARK, 1, [last_offset], [row])])


def test_a_new_stream_has_no_mark_and_the_newest_mark_counts(ledger: Ledger) -> None:
    assert ledger.acquire(STREAM, 1, "a") == Mark(0, -1)
    ledger.insert(marked(STREAM, 1, 9, 1, "a"))
    ledger.insert(marked(STREAM, 2, 19, 1, "a"))
    assert ledger.acquire(STREAM, 2, "b") == Mark(2, 19)
    assert (ledger.last_offset(STREAM), ledger.last_offset(Stream("events", "T1", 1))) == (19, -1)


def test_a_fenced_writer_stores_nothing(ledger: Ledger) -> None:
    ledger.acquire(STREAM, 1, "a")
    ledger.acquire(STREAM, 2, "b")
    with pytest.raises(WriterFenced):
        ledger.insert(marked(STREAM, 1, 9, 1, "a"))
    assert ledger.acquire(STREAM, 2, "b") == Mark(0, -1)


def test_an_older_generation_does_not_take_the_fence_unless_forced(ledger: Ledger) -> None:
    ledger.acquire(STREAM, 5, "a")
    with pytest.raises(FenceHeld):
        ledger.acquire(STREAM, 4, "b")
    ledger.insert(marked(STREAM, 1, 0, 5, "a"))
    assert ledger.acquire(STREAM, 4, "b", force=True) == Mark(1, 0)
    with pytest.raises(WriterFenced):
        ledger.insert(marked(STREAM, 2, 1, 5, "a"))


def test_a_new_incarnation_closes_the_old_one_and_numbers_on(ledger: Ledger) -> None:
    ledger.acquire(STREAM, 1, "a")
    ledger.insert(marked(STREAM, 1, 9, 1, "a"))
    reborn = Stream("events", "T2", 0)
    assert ledger.acquire(reborn, 1, "b") == Mark(1, -1)
    with pytest.raises(WriterFenced):
        ledger.insert(marked(STREAM, 2, 10, 1, "a"))
    ledger.insert(marked(reborn, 2, 0, 1, "b"))
    assert ledger.acquire(Stream("events", "T2", 1), 1, "b") == Mark(0, -1)


def test_what_was_stored_is_read_back_as_it_was(ledger: Ledger, tmp_path: Path) -> None:
    amount = {"amount_minor": -1999, "currency": "EUR"}
    events = [
        event(1, 1, 0, "poster", persona="runner", properties={"size": "44", "é": "ü\n\n"}, zone="America/New_York"),
        event(2, 1, 5, "till", amount=amount, order={"id": "o1", "kind": "refund"}, place="p1", simulated=True),
        event(3, None, 6, "poster"),
    ]
    store_all(make_loop(ledger, tmp_path), records_of(events))
    facts = {fact.event_id: (offset, fact) for offset, fact in ledger.facts_of([person_key(1)])}
    assert set(facts) == {"e1", "e2"}
    offset, poster = facts["e1"]
    assert (offset, poster.persona, dict(poster.properties)) == (0, "runner", {"size": "44", "é": "ü\n\n"})
    assert poster.local_date == (date(2025, 5, 31) - date(1970, 1, 1)).days
    offset, till = facts["e2"]
    assert (till.amount_minor, till.currency, till.currency_exponent, till.order_kind) == (-1999, "EUR", 2, "refund")
    assert (till.place, till.is_simulated, till.event_time) == ("p1", 1, 1_748_736_300_000_000)
    published = ledger.published_of(0, [person_key(1)], [("shop", "e3")])
    assert {row.values[2] for row in published} == {"e1", "e2", "e3"}
    assert all(len(row.values) == len(ATTACHED) for row in published)
    for time_us, later in (
        (1_748_735_999_999_999, {"e1", "e2"}),
        (1_748_736_000_000_000, {"e2"}),
        (2 * 10**15, set[str]()),
    ):
        since = {person_key(1): time_us, "nobody": 0}
        assert {fact.event_id for _, fact in ledger.facts_of([person_key(1)], since)} == later
        rows = ledger.published_of(0, [person_key(1)], [("shop", "e3")], since)
        assert {row.values[2] for row in rows} == {"e3", *later}
    last = {person_key(1): 1_748_736_300_000_000}
    assert list(ledger.identifiers_since(STREAM, 0)) == list(ledger.identifiers_since(STREAM, None)) == [last]
    assert list(ledger.identifiers_since(STREAM, 1)) == []
    assert [ledger.offset_of_insert(STREAM, number) for number in (1, 2)] == [2, None]
    assert ledger.last_unidentified_since(STREAM, None) == {"shop": 1_748_736_360_000_000}


def test_ids_are_hashed_alike_on_both_sides(ledger: Ledger, tmp_path: Path) -> None:
    names = ["a", "é\u0301 ü", "with\ttab 'quote' \\0", "x" * 256, "\U0001f45f"]
    events = [{**event(n, n % 2 or None, n), "id": name} for n, name in enumerate(names)]
    loop = make_loop(ledger, tmp_path)
    store_all(loop, records_of([*events, events[0]]), sizes=[3])

    def hashes(since: int | None) -> set[int]:
        return {hashed for chunk in ledger.id_hashes_since(STREAM, since) for hashed in chunk}

    assert hashes(None) == hashes(0) == set(hashes_of(("shop", name) for name in names))
    assert hashes(1) == set(hashes_of(("shop", name) for name in names[3:]))
    assert hashes(2) == set()
    assert ledger.count_ids(STREAM) == 5
    assert ledger.count_ids(Stream("events", "T2", 1)) == 0


def test_every_version_that_stands_tells_how_complete_it_was_on_arrival(ledger: Ledger, tmp_path: Path) -> None:
    states = [version(1, 1, 5, "answer", 0, place, content) for place, content in (("a", "partial"), ("b", "partial"))]
    states.append(version(1, 1, 3, "answer", 0, "a", "complete with words"))
    expected = {
        payload_hash(one): (fate, completeness_of(check_event(one), parse_time(one["time"])))
        for one, fate in zip(states, ("superseded", "superseded", "stored"), strict=True)
    }
    store_all(make_loop(ledger, tmp_path), records_of([states[0], event(2, 1, 6), *states[1:], states[0]]), sizes=[1])
    found = ledger.find_events([("shop", "e1"), ("shop", "e2")])
    assert {one.payload_hash: (one.fate, one.completeness) for one in found if one.event_id == "e1"} == expected
    assert [(one.event_id, one.completeness) for one in found if one.event_id == "e2"] == [("e2", 0)]


def test_what_is_known_to_the_second_may_have_come_until_its_end_and_is_read_back_so(
    ledger: Ledger, tmp_path: Path
) -> None:
    pipeline = make_pipeline(sources={**SOURCES, "tills": Source(legal_basis="contract", precision="second")})
    cut = {**event(1, 1, 0), "source": "tills"}
    versions = [{**cut, "revision": 1}, {**cut, "time": "2025-06-02T00:00:00.7Z"}, event(2, 1, 5)]
    nobody = {**event(3, None, 0), "source": "tills"}
    store_all(make_loop(ledger, tmp_path, pipeline=pipeline), records_of([*versions, nobody]), sizes=[1])
    superseded_us = parse_time("2025-06-02T00:00:00.999999Z")
    assert list(ledger.identifiers_since(STREAM, None)) == [{person_key(1): superseded_us}]
    assert ledger.last_unidentified_since(STREAM, None) == {"tills": parse_time("2025-06-01T00:00:00.999999Z")}
    spans = {(fact.event_id, fact.span_us) for _, fact in ledger.facts_of([person_key(1)])}
    assert spans == {("e1", 999_999), ("e2", 0)}


def test_links_of_a_version_that_counts_no_more_are_retracted(ledger: Ledger, tmp_path: Path) -> None:
    def persons(*numbers: int) -> list[dict[str, str]]:
        return [{"type": "login", "key": person_key(number)} for number in numbers]

    first, second = event(1, 1, 5, persons=persons(1, 2)), event(1, 1, 5, persons=persons(1, 3), revision=1)
    other = event(2, 1, 6, persons=persons(1, 4))
    loop = make_loop(ledger, tmp_path)
    store_all(loop, records_of([first, other, first, second]), sizes=[1])
    links = ledger.links_of(0, [("shop", "e1"), ("shop", "e2")])
    assert sorted((link.offset, link.values[LINK.index("linked_identifier")]) for link in links) == [
        (1, person_key(4)),
        (3, person_key(3)),
    ]
    assert ledger.links_of(1, [("shop", "e1"), ("shop", "e2")]) == []


def test_late_and_revised_events_are_settled_by_what_stands(ledger: Ledger, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = [
        event(1, 1, 0, "poster"),
        event(2, 1, 50, "till"),
        event(3, 1, 20, "site"),
        event(2, 1, 50, "site", revision=1),
        event(1, 1, 0, "poster"),
    ]
    loop = make_loop(ledger, tmp_path)
    store_all(loop, records_of(events), sizes=[1])
    fates = {
        (one.event_id, one.revision): one.fate for one in ledger.find_events([("shop", f"e{n}") for n in range(4)])
    }
    assert fates == {("e1", 0): "stored", ("e2", 0): "superseded", ("e2", 1): "stored", ("e3", 0): "stored"}
    before = ledger.published_of(0, [person_key(1)], [])
    rows = {row["event_id"]: row for row in (dict(zip(ATTACHED, one.values, strict=True)) for one in before)}
    assert {name: row["touchpoint_number"] for name, row in rows.items()} == {"e1": 1, "e3": 2, "e2": 3}
    assert rows["e2"]["transition"] == "stay"
    # Followed again because of another late event, what stands equals what should, so it is not touched.
    assert loop.store(
        batch(records_of([*events, event(4, 1, 60, "till"), event(5, 1, 55, "site")])[5:])
    ) == Acknowledge(7)
    after = ledger.published_of(0, [person_key(1)], [])
    assert {row.row_id for row in before} < {row.row_id for row in after}
    assert len(after) == len(before) + 2


def test_answers_and_the_events_that_they_name_find_each_other_over_partitions(ledger: Ledger, tmp_path: Path) -> None:
    receipts = [receipt(1, 2, 600, place="12", zone="Asia/Tokyo"), receipt(3, 2, 660)]
    answers = [answer(5, 1, 700, 1), answer(7, None, 700, 1), answer(9, 1, 700, 9), answer(11, 1, 700, None)]
    log = records_by_partition([*receipts, *answers, receipt(1, 2, 600, place="7", zone="Asia/Tokyo", revision=1)])
    workers = Workers(ledger, tmp_path, log)
    streams = [Stream(TOPIC, "T1", number) for number in (0, 1)]
    assert (ledger.positions(), ledger.has_naming_answers(1), ledger.occasions_of([("shop", "e1")])) == ({}, False, [])
    workers.deliver(0, 2)
    workers.deliver(1, 9)
    before = {streams[0].name: 1}
    assert ledger.positions() == before | {streams[1].name: 1}
    assert (ledger.has_naming_answers(0), ledger.has_naming_answers(1)) == (False, True)
    (found,) = ledger.occasions_of([("shop", "e1"), ("shop", "e5"), ("shop", "e9")])
    values = dict(zip(ATTACHED, found.values, strict=True))
    assert (found.position, found.zone) == (position_of(0, 0), "Asia/Tokyo")
    assert (values["place"], values["stage"]) == ("12", "purchase")
    assert ledger.answers_naming(1, before, ledger.positions()) == []
    workers.deliver(0, 1)
    naming = ledger.answers_naming(1, before, ledger.positions())
    assert naming == [NamingAnswer("shop", "e5", person_key(1)), NamingAnswer("shop", "e7", "")]
    assert ledger.answers_naming(0, {}, ledger.positions()) == []
    assert len(ledger.answers_naming(1, {}, ledger.positions())) == 2
    (found,) = ledger.occasions_of([("shop", "e1")])
    assert dict(zip(ATTACHED, found.values, strict=True))["place"] == "7"
    ((_, fact),) = ledger.facts_alone(1, [("shop", "e7"), ("shop", "e5")])
    assert (fact.event_id, fact.about_source, fact.about_event_id, fact.place) == ("e7", "shop", "e1", "")
    assert ledger.facts_alone(0, [("shop", "e7")]) == []
    for number in (0, 1):
        stored = ledger.positions()
        workers.tick(number)
        read = ledger.progress_of(streams[number]).cursors
        assert {
            name: newest for name, newest in read.items() if newest > stored[name]
        } == {}  # never ahead of what was read
    rows = ledger.published_of(1, [person_key(1)], [("shop", "e7")])
    places = {row.values[2]: row.values[ATTACHED.index("place")] for row in rows}
    assert places == {"e5": "7", "e7": "7", "e9": "", "e11": ""}
    workers.close()


def test_the_look_up_of_naming_answers_reads_its_projection(engine: Settings) -> None:
    empty(engine)
    client = connect(engine)
    client.execute(
        "INSERT INTO journey_raw.ledger (stream, insert_number, kind, offset, sign, row_id, event_id, about_own, about_event_id) "
        "SELECT 'events/T1/1', 1, 'received', number, 1, number, toString(number), if(number < 9, 8, 0), if(number < 9, 'e', '') "
        "FROM numbers(100000)"
    )
    spans, values = queries.between({}, {"events/T1/0": 9})
    sql = queries.answers_naming(spans)
    for question, given in ((sql, values | {"partition": 1}), (queries.HAS_NAMING_ANSWERS, {"partition": 1})):
        plan = "\n".join(line for (line,) in client.execute(f"EXPLAIN projections = 1 {question}", given))
        assert "by_occasion" in plan, plan
    client.disconnect()


@pytest.mark.parametrize("state", ["kept", "saved before", "lost"])
def test_all_goes_on_right_after_a_mark_alone(ledger: Ledger, state: str, tmp_path: Path) -> None:
    folder, old = tmp_path / "state", tmp_path / "old"
    assigned = Assigned(STREAM.topic, STREAM.partition, 1)
    records = records_of([event(1, 1, 5), event(2, None, 6), event(3, 1, 9), event(4, 1, 7), event(1, 1, 5)])
    loop = make_loop(ledger, folder)
    assert loop.tick(assigned, must_mark=True) == Acknowledge(0)
    assert (ledger.last_offset(STREAM), ledger.offset_of_insert(STREAM, 1)) == (-1, -1)
    loop.store(batch(records[:3]))
    loop.close()
    shutil.copytree(folder, old)
    loop = make_loop(ledger, folder, "w2")
    assert loop.tick(assigned, must_mark=True) == Acknowledge(3)
    assert loop.tick(assigned) == Acknowledge(3)
    assert [ledger.offset_of_insert(STREAM, number) for number in (1, 2, 3, 4)] == [-1, 2, 2, None]
    loop.close()
    if state != "kept":
        shutil.rmtree(folder)
    if state == "saved before":
        shutil.copytree(old, folder)
    loop = make_loop(ledger, folder, "w3")
    assert loop.store(batch(records[3:])) == Acknowledge(5)
    assert ledger.acquire(STREAM, 1, "w4") == Mark(4, 4)
    rows = [dict(zip(ATTACHED, row.values, strict=True)) for row in ledger.published_of(0, [person_key(1)], [])]
    assert {row["event_id"]: row["touchpoint_number"] for row in rows} == {"e1": 1, "e4": 2, "e3": 3}
    loop.close()


def test_the_account_balances_over_marks_alone(engine: Settings, tmp_path: Path) -> None:
    empty(engine)
    real = ClickHouseLedger(lambda: connect_as(ColumnClient, engine))
    loop = make_loop(real, tmp_path)
    assigned = Assigned(STREAM.topic, STREAM.partition, 1)
    client = connect(engine)
    ask = "SELECT received, stored, duplicate, gaps, is_balanced FROM journey.account"
    records = records_of([event(1, 1, 5), event(2, None, 6), event(1, 1, 5)])
    loop.tick(assigned, must_mark=True)
    assert client.execute(ask) == [(0, 0, 0, 0, 1)]
    loop.store(batch([records[0], records[2]], start_offset=0))
    loop.tick(assigned, must_mark=True)
    assert client.execute(ask) == [(2, 1, 1, 1, 1)]
    client.disconnect()
    loop.close()


def test_an_insert_of_a_wrong_type_stores_nothing_and_is_no_fence(engine: Settings) -> None:
    real = ClickHouseLedger(lambda: connect_as(ColumnClient, engine))
    stream = Stream("wrong", "T1", 3)
    real.acquire(stream, 1, "a")
    insert = marked(stream, 1, 0, 1, "a")
    insert.columns.append(EncodedColumn("no_such_column", 1, [(0, [1])]))
    with pytest.raises(LedgerUnavailable, match=r"code (16|47)"):
        real.insert(insert)
    assert real.acquire(stream, 1, "a") == Mark(0, -1)
    real.close()


def test_a_connection_that_broke_while_nothing_happened_is_not_replaced_unheard(engine: Settings) -> None:
    """The server may have come back with less than it had acknowledged: only acquiring again finds that."""
    real = ClickHouseLedger(lambda: connect_as(ColumnClient, engine))
    stream = Stream("broken", "T1", 4)
    real.acquire(stream, 1, "a")
    real.insert(marked(stream, 1, 0, 1, "a"))
    assert real._client is not None
    real._client.connection.socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(LedgerUnavailable):
        real.insert(marked(stream, 2, 1, 1, "a"))
    assert real.acquire(stream, 1, "b") == Mark(1, 0)
    real.close()


def test_the_columns_that_the_worker_writes_are_the_tables(engine: Settings) -> None:
    client = connect(engine)
    types = dict(
        client.execute("SELECT name, type FROM system.columns WHERE database = 'journey_raw' AND table = 'ledger'")
    )
    client.disconnect()
    written = {*HEAD, *FACT, *FATE, *BARE, *ATTACHED, "record_partition", *MARK}
    written.update(LINK, CLAIM, HANDOFF, AWAY, RELEASE, LOOK)
    assert written == set(types)
    for name in written - {"stored_time", "local_date", "stream", "kind"}:
        numeric = not any(word in types[name] for word in ("String", "Map"))
        assert isinstance(default_of(name), int | float) == numeric, name
