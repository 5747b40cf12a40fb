"""What partitions ask the ledger about each other: the in-memory twin and the real engine answer alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings as examples, strategies as st

from tests.support.engine import running_engine
from tests.support.erasures import request
from touchline.clickhouse.connect import connect, connect_as
from touchline.person.evidence import moment_of
from touchline.processors.homes import position_of_row
from touchline.processors.ledger import queries, queries_across
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.columns import (
    ATTACHED,
    AWAY,
    BARE,
    CLAIM,
    FACT,
    HANDOFF,
    LINK,
    LOOK,
    MARK,
    RELEASE,
    default_of,
)
from touchline.processors.ledger.ledger import (
    HandoffRow,
    KnownEvent,
    Ledger,
    LedgerUnavailable,
    Progress,
    Said,
    StandingMaps,
    Stream,
)
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.ledger.rows import Block, build_insert, row_id_base
from touchline.processors.state.erasures import ANONYMISE
from touchline.processors.values.event_hash import hashes_of
from touchline.processors.values.records import Cursors, position_of
from touchline.schemas.events import ANSWER, TOUCHPOINT
from touchline.schemas.retention import Cutoff
from touchline.settings import Settings

STREAMS = [Stream("events", "T1", number) for number in (0, 1)]
PERSONS = ("a", "b", "c", "d'\\")
Values = dict[str, Any]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("across")) as settings:
        yield settings


@pytest.fixture(scope="module")
def real(engine: Settings) -> Iterator[ClickHouseLedger]:
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, engine))
    yield ledger
    ledger.close()


def empty(settings: Settings) -> None:
    client = connect(settings)
    for table in ("ledger", "fence", "map_changes", "erasures"):
        client.execute(f"TRUNCATE TABLE journey_raw.{table}")
    client.disconnect()


class Writers:
    """One ledger and the writers of its streams: each insert is a list of blocks, and the mark."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.numbers: dict[Stream, int] = {}

    def insert(self, stream: Stream, *blocks: Block, **mark: Any) -> int:
        """Returns the id of the insert's first row."""
        if stream not in self.numbers:
            self.numbers[stream] = self.ledger.acquire(stream, 1, "w").insert_number
        number = self.numbers[stream] = self.numbers[stream] + 1
        values = {"writer": "w", "generation": 1, "fate_counts": {}, "cursors": {}, **mark}
        self.ledger.insert(
            build_insert(stream.name, stream.partition, number, 1, [*blocks, block("mark", MARK, number, values)])
        )
        return row_id_base(stream.partition, number)


@pytest.fixture(params=["twin", "engine"])
def writers(request: pytest.FixtureRequest) -> Writers:
    if request.param == "twin":
        return Writers(MemoryLedger())
    empty(request.getfixturevalue("engine"))
    return Writers(request.getfixturevalue("real"))


def block(
    kind: str, names: Sequence[str], offset: int, values: Values, row_id: int | None = None, **same: object
) -> Block:
    """One row; with a row id its retraction."""
    row = tuple(values.get(name, default_of(name)) for name in names)
    row_ids = None if row_id is None else [row_id]
    return Block(kind, tuple(names), 1 if row_id is None else -1, [offset], [row], row_ids, tuple(same.items()))


def fact(offset: int, event_id: str, identifier: str = "", row_id: int | None = None, **more: Any) -> Block:
    values = {"source": "shop", "event_id": event_id, "identifier": identifier, "event_type": TOUCHPOINT, **more}
    same = {name: values.pop(name) for name in ("fate", "reason") if name in values}
    names = FACT if row_id is None else BARE
    return block(
        "received",
        [n for n in names if n not in ("fate", "reason")],
        offset,
        values,
        row_id,
        **{"fate": "stored", **same},
    )


def attached(
    offset: int, event_id: str, identifier: str, person: str, record_partition: int, row_id: int | None = None
) -> Block:
    values = {
        "source": "shop",
        "event_id": event_id,
        "identifier": identifier,
        "person": person,
        "event_type": TOUCHPOINT,
    }
    return block("attached", ATTACHED, offset, values, row_id, record_partition=record_partition)


def link(
    kind: str, offset: int, event_id: str, one: str, other: str, time_us: int = 5, row_id: int | None = None
) -> Block:
    ends = {"identifier": one, "identifier_type": "login", "linked_identifier": other, "linked_identifier_type": "mail"}
    return block(kind, LINK, offset, {"source": "shop", "event_id": event_id, "event_time": time_us, **ends}, row_id)


def claim(offset: int, event_id: str, revision: int, row_id: int | None = None) -> Block:
    values = {
        "source": "shop",
        "event_id": event_id,
        "revision": revision,
        "payload_hash": 2**63 + revision,
        "event_time": 7,
    }
    return block(
        "claim", CLAIM, offset, values | {"identifier": "a", "reason": "link", "linked_identifier": "b"}, row_id
    )


def test_versions_of_an_event_are_found_in_every_partition_and_tell_theirs(writers: Writers) -> None:
    first = writers.insert(STREAMS[0], fact(4, "e1", "a"))
    writers.insert(STREAMS[1], fact(2, "e1", "b", fate="superseded", reason="claim", revision=1))
    writers.insert(STREAMS[0], fact(4, "e1", "a", first), fact(4, "e1", "a", fate="superseded"), fact(5, "e2", "a"))
    found = writers.ledger.find_events([("shop", "e1"), ("shop", "e9")])
    assert sorted((one.partition, one.fate, one.reason, one.identifier) for one in found) == [
        (0, "superseded", "", "a"),
        (1, "superseded", "claim", "b"),
    ]
    positions = {position: one.event_id for position, one in writers.ledger.facts_of({"a", "b"})}
    assert positions == {position_of(0, 5): "e2"}


def test_a_row_leads_to_the_record_that_it_is_attached_from_whoever_published_it(writers: Writers) -> None:
    writers.insert(STREAMS[1], fact(2, "e1", "a", zone="Asia/Tokyo"), fact(3, "e2"), attached(3, "e2", "", "", 1))
    writers.insert(STREAMS[0], attached(2, "e1", "a", "a", 1))
    (row,) = writers.ledger.published_of(0, ["a"], [])
    assert row.position == position_of(1, 2)
    (row,) = writers.ledger.published_of(1, [], [("shop", "e2")])
    assert row.position == position_of(1, 3)
    assert writers.ledger.published_of(0, [], [("shop", "e2")]) == []
    ((position, _),) = writers.ledger.facts_alone(1, [("shop", "e2")])
    assert position == position_of(1, 3)
    (occasion,) = writers.ledger.occasions_of([("shop", "e1")])
    assert (occasion.position, occasion.zone) == (position_of(1, 2), "Asia/Tokyo")


def test_a_claim_stands_until_it_is_decided_and_its_fact_is_whole(writers: Writers) -> None:
    ledger, key = writers.ledger, ("shop", "e1")
    whole: Values = {
        "revision": 1,
        "payload_hash": 2**63 + 1,
        "comment": "sealed",
        "cipher_key_id": "k",
        "completeness": 2**60,
    }
    texts: Values = {"properties": {"size": "44"}, "consent_id": "c1"}
    claimed = fact(2, "e1", "a", fate="superseded", reason="claim", **whole, **texts)
    first = writers.insert(STREAMS[1], claimed, claim(2, "e1", 1))
    writers.insert(STREAMS[0], block("release", RELEASE, 0, {"source": "shop", "event_id": "e1"}))
    (row,) = ledger.claims_of(1, [key])
    assert (row.row_id, row.offset) == (first + 1, 2)
    named = dict(zip(CLAIM, row.values, strict=True))
    assert (named["revision"], named["payload_hash"], named["event_time"]) == (1, 2**63 + 1, 7)
    assert (named["linked_identifier"], named["reason"]) == ("b", "link")
    (received,) = ledger.claimed_facts(1, [key])
    assert (received.row_id, received.offset) == (first, 2)
    said = received.fact._asdict()
    assert {name: said[name] for name in (*whole, *texts)} == whole | texts
    assert (ledger.claims_of(0, [key]), ledger.claimed_facts(0, [key])) == ([], [])
    assert ledger.standing_claims() == [key]
    settled = fact(2, "e1", "a", first, fate="superseded", reason="claim", revision=1)
    writers.insert(STREAMS[1], settled, fact(2, "e1", "a", **whole), claim(2, "e1", 1, first + 1))
    assert (ledger.claims_of(1, [key]), ledger.claimed_facts(1, [key]), ledger.standing_claims()) == ([], [], [])
    waiting = sorted(
        (row.kind, tuple(position_of_row(row.row_id)), row.revision)
        for row in ledger.waiting_rows([key, ("shop", "e2")])
    )
    assert waiting == [("claim", (1, 1), 1), ("release", (0, 1), 0)]
    assert [one for chunk in ledger.claim_hashes() for one in chunk] == hashes_of([key])


def test_links_are_found_by_either_end(writers: Writers) -> None:
    first = writers.insert(STREAMS[0], link("link", 0, "e1", "a", "b"), link("unlink", 1, "e2", "c", "a", 6))
    link_ab = Said("link", 5, "shop", "e1", "a", "login", "b", "mail")
    unlink_ca = Said("unlink", 6, "shop", "e2", "c", "login", "a", "mail")
    said = writers.ledger.said_about
    assert set(said({"a"})) == {link_ab, unlink_ca}
    assert (said(["b"]), said(["c"]), said(["e"]), said([])) == ([link_ab], [unlink_ca], [], [])
    writers.insert(STREAMS[0], link("link", 0, "e1", "a", "b", row_id=first))
    assert set(said(["a"])) == {unlink_ca}
    assert said(["b"]) == []


def test_the_links_of_a_partition_that_name_somebody_are_found_by_either_end(writers: Writers) -> None:
    first = writers.insert(STREAMS[0], link("link", 3, "e1", "a", "b"), link("unlink", 4, "e2", "c", "a", 6))
    writers.insert(STREAMS[1], link("link", 0, "e3", "b", "c"))

    def naming(partition: int, *identifiers: str) -> set[tuple[Any, ...]]:
        found = writers.ledger.links_naming(partition, identifiers)
        return {(one.kind, one.row_id, one.offset, *one.values) for one in found}

    ab = ("link", first, 3, "", "shop", "e1", 0, 5, "a", "login", "b", "mail")
    ca = ("unlink", first + 1, 4, "", "shop", "e2", 0, 6, "c", "login", "a", "mail")
    assert (naming(0, "a"), naming(0, "b"), naming(0, "c", "e")) == ({ab, ca}, {ab}, {ca})
    assert (naming(1, "a"), naming(2, "b"), naming(0)) == (set(), set(), set())
    writers.insert(STREAMS[0], link("link", 3, "e1", "a", "b", row_id=first))
    assert (naming(0, "a", "b"), naming(0, "b")) == ({ca}, set())


def test_all_that_was_received_of_somebody_is_found_whatever_its_fate(writers: Writers) -> None:
    fates = [
        ("stored", ""),
        ("superseded", ""),
        ("superseded", "claim"),
        ("quarantined", "conflict"),
        ("duplicate", ""),
        ("erased", ""),
    ]
    whole = {"revision": 2, "payload_hash": 2**63 + 1, "completeness": 2**60, "event_time": 9}
    first = writers.insert(
        STREAMS[0],
        *(
            fact(place, f"e{place}", "a", fate=fate, reason=reason, **whole)
            for place, (fate, reason) in enumerate(fates)
        ),
        fact(6, "e6", "b"),
        fact(7, "e7"),
    )
    writers.insert(STREAMS[1], fact(0, "e0", "a"))
    found = writers.ledger.versions_of(0, ["a", "z"])
    assert sorted((one.event_id, one.fate, one.reason) for one in found) == [
        (f"e{place}", *fate) for place, fate in enumerate(fates)
    ]
    (stored,) = (one for one in found if one.fate == "stored")
    assert stored == KnownEvent("shop", "e0", *(2, 2**63 + 1, 2**60), "stored", "", 0, first, "a", 9, TOUCHPOINT)
    assert (writers.ledger.versions_of(2, ["a"]), writers.ledger.versions_of(0, [])) == ([], [])
    writers.insert(STREAMS[0], fact(0, "e0", "a", first))
    assert len(writers.ledger.versions_of(0, ["a"])) == len(fates) - 1


def test_a_stored_fact_is_read_whole(writers: Writers) -> None:
    ledger, key = writers.ledger, ("shop", "e1")
    whole: Values = {
        "revision": 1, "payload_hash": 2**63 + 1, "comment": "sealed", "cipher_key_id": "k", "completeness": 2**60,
        "properties": {"size": "44"}, "consent_id": "c1", "order_id": "o1", "event_time": 7, "place": "é",
    }  # fmt: skip
    first = writers.insert(
        STREAMS[1], fact(2, "e1", "a", **whole), fact(3, "e1", "a", fate="superseded"), fact(4, "e2")
    )
    (found,) = ledger.received_facts(1, [key, ("shop", "e9")])
    assert (found.row_id, found.offset) == (first, 2)
    said = found.fact._asdict()
    assert {name: said[name] for name in whole} == whole
    assert (ledger.received_facts(0, [key]), ledger.received_facts(1, [])) == ([], [])


def test_erased_versions_are_found_with_the_others(writers: Writers) -> None:
    first = writers.insert(STREAMS[0], fact(4, "e1", "a"), fact(5, "erased:0", fate="erased", revision=3))
    writers.insert(STREAMS[0], fact(4, "e1", "a", first), fact(4, "e1", "a", fate="erased"))
    found = writers.ledger.find_events([("shop", "e1"), ("shop", "erased:0")])
    assert sorted((one.event_id, one.fate, one.revision, one.identifier) for one in found) == [
        ("e1", "erased", 0, "a"),
        ("erased:0", "erased", 3, ""),
    ]


def test_requests_to_erase_are_read_in_the_order_of_their_numbers(engine: Settings, real: ClickHouseLedger) -> None:
    twin, client = MemoryLedger(), connect(engine)
    empty(engine)
    assert real.erasures_after(0) == twin.erasures_after(0) == []
    requests = [
        request(1, "k1:a", 2**50),
        request(2, "k1:b", 2**50, how=ANONYMISE, after_us=1_700_000_000_000_001, identifier_type="anonymous"),
        request(3, "k1:c", 2**50, is_done=True),
    ]
    requests[0] = requests[0]._replace(after_us=0)  # as the table says "before all times"
    requests[2] = requests[2]._replace(after_us=0)
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    for one in reversed(requests):
        twin.erasures.insert(0, one)
        times = [moment_of(one.after_us), moment_of(one.until_us), moment]
        row = (one.number, "r1", one.how, one.identifier, one.identifier_type, one.digest.hex(), one.secret_id, *times)
        client.execute("INSERT INTO journey_raw.erasures VALUES", [row])
    for number in range(4):
        assert real.erasures_after(number) == twin.erasures_after(number) == requests[number:]
    client.disconnect()


def test_handoffs_tell_their_numbers_and_by_whom(writers: Writers) -> None:
    given_away = {"identifier": "a", "handoff_to": 1, "handoff_number": 1}
    first = writers.insert(STREAMS[0], block("handoff", HANDOFF, 0, given_away))
    second = writers.insert(
        STREAMS[1], block("handoff", HANDOFF, 0, given_away | {"handoff_to": 0, "handoff_number": 2})
    )
    found = writers.ledger.handoffs_of(["a", "b"])
    assert sorted(found) == [HandoffRow("a", 1, 1, first), HandoffRow("a", 2, 0, second)]
    assert writers.ledger.handoffs_of([]) == []


def test_whoever_any_row_names_is_still_named_also_where_the_row_does_not_stand(writers: Writers) -> None:
    first = writers.insert(STREAMS[0], fact(0, "e1", "a"), link("link", 1, "e2", "b", "c"))
    writers.insert(STREAMS[1], block("away", AWAY, 0, {"identifier": "d", "event_time": 1}))
    writers.insert(STREAMS[0], fact(0, "e1", "a", row_id=first), link("link", 1, "e2", "b", "c", row_id=first + 1))
    assert writers.ledger.still_named(["a", "b", "c", "d", "e"]) == {"a", "b", "c", "d"}
    assert writers.ledger.still_named(["e"]) == writers.ledger.still_named([]) == set()


def test_who_is_published_together_is_found_by_any_of_them(writers: Writers) -> None:
    writers.insert(STREAMS[0], attached(0, "e1", "a", "a", 0), attached(1, "e2", "z", "z", 0))
    second = writers.insert(STREAMS[0], attached(2, "e3", "b", "a", 0), attached(3, "e4", "c", "a", 1))
    with_whom = writers.ledger.published_with
    assert with_whom(["a"]) == with_whom({"b"}) == with_whom(["c", "z"]) == {"a", "b", "c"}
    assert (with_whom(["z"]), with_whom([])) == (set(), set())
    writers.insert(STREAMS[0], attached(2, "e3", "b", "a", 0, second), attached(2, "e3", "b", "b", 0))
    assert (with_whom(["b"]), with_whom(["a"])) == (set(), {"a", "c"})


def test_the_feed_tells_what_was_said_between_two_reads_in_order(writers: Writers) -> None:
    away = block("away", AWAY, 0, {"identifier": "a"})
    look = block("look", LOOK, 0, {"source": "shop", "event_id": "e1", "reason": "found"})
    first = writers.insert(
        STREAMS[0], fact(0, "e1", "a"), link("link", 0, "e1", "a", "b"), attached(0, "e1", "a", "a", 0)
    )
    before = writers.ledger.positions()
    writers.insert(STREAMS[1], away)
    writers.insert(STREAMS[0], link("link", 0, "e1", "a", "b", row_id=first + 1))
    writers.insert(STREAMS[0], look)
    until = writers.ledger.positions()
    rows = writers.ledger.feed(before, until)
    assert [(row.stream, row.insert_number, row.kind, row.sign) for row in rows] == [
        (STREAMS[0].name, 2, "link", -1),
        (STREAMS[0].name, 3, "look", 1),
        (STREAMS[1].name, 1, "away", 1),
    ]
    assert (rows[0].row_id, rows[0].linked_identifier, rows[0].linked_identifier_type) == (first + 1, "b", "mail")
    assert (rows[1].event_id, rows[1].reason, rows[2].identifier) == ("e1", "found", "a")
    assert [row.kind for row in writers.ledger.feed({}, before)] == ["link"]
    assert writers.ledger.feed(until, until) == writers.ledger.feed({}, {}) == []
    assert [row.insert_number for row in writers.ledger.feed(before, {STREAMS[0].name: 2})] == [2]


HERE, THERE = STREAMS


def old(event_id: str, event_time: int, row_id: int | None = None, **more: Any) -> Block:
    return fact(event_time, event_id, "a", row_id, event_time=event_time, **more)


def test_what_is_past_its_term_is_found_among_what_stands_in_the_order_of_the_rows(writers: Writers) -> None:
    ledger, here = writers.ledger, STREAMS[0]
    first = writers.insert(here, old("e1", 50), old("e2", 40), old("e3", 99), old("e4", 10, source="web"))
    writers.insert(STREAMS[1], old("e5", 50))
    second = writers.insert(
        here,
        old("e2", 40, first + 1),  # beaten by a version that is past its term, too
        old("e2", 40, fate="superseded"),
        old("e6", 30, fate="duplicate"),
        old("e7", 30, fate="erased"),
        old("e8", 0, fate="quarantined"),
        old("e9", 30, event_type=ANSWER),
        old("erased:1", 20),
        old("e10", 30, fate="superseded", reason="claim"),
    )
    until = row_id_base(0, 9)

    def found(how: Any = "erase", after: int = 0, count: int = 9, until: int = until) -> tuple[list[str], int]:
        cutoffs = [Cutoff("shop", (TOUCHPOINT, ""), 1, 99, how), Cutoff("other", (ANSWER,), 1, 99, how)]
        events, reached = ledger.expired(0, cutoffs, after, until, count)
        assert {one for _, one in events} <= {how}
        return [f"{event.event_id} {event.fate}" for event, _ in events], reached

    beside = ["e6 duplicate", "erased:1 stored"]
    assert found() == (["e1 stored", "e2 superseded", *beside], until)
    assert found("anonymise") == (["e1 stored", "e2 superseded", "e6 duplicate"], until)
    assert found(count=1) == (["e1 stored"], first)
    assert found(after=first) == (["e2 superseded", *beside], until)
    assert found(until=second - 1) == (["e1 stored"], second - 1)
    assert (
        ledger.expired(0, [Cutoff("shop", (TOUCHPOINT,), 45, 99, "erase")], 0, until, 9).events[0][0].event_id == "e1"
    )
    assert ledger.expired(0, [Cutoff("shop", (TOUCHPOINT,), 51, 99, "erase")], 0, until, 9) == ([], until)


def test_what_is_past_its_term_is_found_through_many_rows_that_ended_already(
    writers: Writers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_across, "EXPIRED_ROWS_AT_ONCE", 3)
    here = STREAMS[0]._replace(incarnation="T2")
    first = writers.insert(STREAMS[0], *(old(f"e{number}", 5) for number in range(8)))
    ended = [old(f"e{number}", 5, first + number) for number in range(7)]
    writers.insert(here, *ended, *(old(f"e{number}", 5, fate="erased") for number in range(7)), old("e9", 6))
    reached, told = 0, list[str]()
    until = row_id_base(0, 9)
    for _ in range(20):
        events, reached = writers.ledger.expired(0, [Cutoff("shop", (TOUCHPOINT,), 1, 9, "erase")], reached, until, 2)
        told += [event.event_id for event, _ in events]
        if reached == until:
            break
    assert (told, reached) == (["e7", "e9"], until)


def test_words_that_were_not_read_yet_tell_the_earliest_change_of_each_identifier(writers: Writers) -> None:
    for number, (stream, identifier, time_us) in enumerate(
        [(HERE, "a", 50), (THERE, "a", 40), (HERE, "a", 30), (THERE, "a", 20), (THERE, "b", 10), (THERE, "c", 60)]
    ):
        writers.insert(stream, block("away", AWAY, number, {"identifier": identifier, "event_time": time_us}))
    beyond = writers.ledger.away_beyond
    assert beyond(["a", "b", "nobody"], {}) == {"a": 20, "b": 10}
    assert beyond(["a", "b"], {HERE.name: 1}) == {"a": 20, "b": 10}
    assert beyond(["a", "b"], {HERE.name: 1, THERE.name: 2}) == {"a": 30, "b": 10}
    assert beyond(["a", "b"], {HERE.name: 2, THERE.name: 4}) == {}


def test_the_newest_mark_of_each_stream_tells_its_progress(writers: Writers) -> None:
    ledger, (first, second) = writers.ledger, STREAMS
    assert (ledger.progress(), ledger.progress_of(first)) == ({}, Progress(0, {}, 0, ""))
    writers.insert(first, cursors={first.name: 0, second.name: 2**40}, map_change=3, walked_to="i é")
    writers.insert(second)
    writers.insert(first, cursors={second.name: 2**40 + 1}, map_change=4, walked_to="end", erasure=2**40)
    newest = Progress(2, {second.name: 2**40 + 1}, 4, "end", 2**40)
    assert ledger.progress() == {first.name: newest, second.name: Progress(1, {}, 0, "")}
    assert ledger.progress_of(first) == newest
    assert ledger.progress_of(Stream("events", "T1", 2)) == Progress(0, {}, 0, "")


def test_a_new_incarnation_goes_on_from_the_progress_of_the_newest_one_before(writers: Writers) -> None:
    for incarnation in ("T9", "T2"):
        writers.insert(
            Stream("events", incarnation, 1), cursors={incarnation: 5}, map_change=1, walked_to=incarnation, erasure=6
        )
    writers.insert(Stream("events", "T9", 11), walked_to="another partition")
    reborn = Stream("events", "T3", 1)
    assert writers.ledger.progress_of(reborn) == Progress(2, {"T2": 5}, 1, "T2", 6)
    writers.insert(reborn, walked_to="own")
    assert writers.ledger.progress_of(reborn) == Progress(3, {}, 0, "own")


def test_only_an_answer_that_names_an_event_counts_as_naming(writers: Writers) -> None:
    writers.insert(STREAMS[0], fact(0, "e1", "a", about_own=7))
    writers.insert(STREAMS[1], fact(0, "e2", "a", about_own=8, about_event_id="e1"))
    assert [writers.ledger.has_naming_answers(number) for number in (0, 1, 2)] == [False, True, False]


def test_the_newest_change_of_a_map_says_whether_it_stands(engine: Settings, real: ClickHouseLedger) -> None:
    twin, client = MemoryLedger(), connect(engine)
    empty(engine)
    assert real.standing_maps() == twin.standing_maps() == StandingMaps(0, ())
    expected = [
        StandingMaps(1, (("retail", 2),)),
        StandingMaps(2, (("retail", 1), ("retail", 2))),
        StandingMaps(3, (("retail", 2),)),
        StandingMaps(4, (("b2b", 1), ("retail", 2))),
        StandingMaps(5, (("b2b", 1), ("retail", 1), ("retail", 2))),
    ]
    changes = [
        ("retail", 2, "stands"),
        ("retail", 1, "stands"),
        ("retail", 1, "dropped"),
        ("b2b", 1, "stands"),
        ("retail", 1, "stands"),
    ]
    for number, (change, standing) in enumerate(zip(changes, expected, strict=True), 1):
        twin.map_changes.append((number, *change))
        client.execute("INSERT INTO journey_raw.map_changes VALUES", [(number, *change, 0)])
        assert real.standing_maps() == twin.standing_maps() == standing
    client.disconnect()


def test_identifiers_with_stored_events_are_walked_in_order(writers: Writers) -> None:
    names = ["", "a", "a b", "aa", "b'", "é", "\U0001f45f", "z"]
    facts = [fact(number, f"e{number}", name) for number, name in enumerate(names)]
    first = writers.insert(STREAMS[0], *facts)
    writers.insert(
        STREAMS[1], fact(0, "e9", "a"), fact(1, "e10", "q", fate="superseded"), link("link", 0, "e9", "a", "l")
    )
    writers.insert(STREAMS[0], fact(7, "e7", "z", first + 7))
    after = writers.ledger.identifiers_after
    assert after("", 10) == ["a", "a b", "aa", "b'", "é", "\U0001f45f"]
    assert (after("a b", 2), after("b'", 1), after("\U0001f45f", 5), after("", 0)) == (["aa", "b'"], ["é"], [], [])


def test_events_of_nobody_are_walked_by_insert_and_each_insert_is_whole(writers: Writers) -> None:
    old = Stream("events", "T0", 1)
    writers.insert(old, fact(0, "e0"), fact(1, "e1"))
    first = writers.insert(STREAMS[1], fact(0, "e2"), fact(1, "e3"), fact(2, "p1", "a"))
    writers.insert(STREAMS[1], fact(2, "e4"), fact(3, "e5"), fact(1, "e3", row_id=first + 1))
    writers.insert(STREAMS[0], fact(0, "other"))
    walk = writers.ledger.unidentified_after
    assert walk(1, 0, 1) == [(1, "shop", "e0"), (1, "shop", "e1")]
    assert walk(1, 1, 1) == [(2, "shop", "e2")]
    assert walk(1, 1, 2)[:3] == walk(1, 1, 9) == [(2, "shop", "e2"), (3, "shop", "e4"), (3, "shop", "e5")]
    assert (len(walk(1, 0, 9)), walk(1, 3, 9), walk(2, 0, 9)) == (5, [], [])


class Told(NamedTuple):
    """All that a ledger answers about what was written, in an order that does not depend on it."""

    versions: list[Any]
    rows: list[Any]
    received: list[Any]
    claims: list[Any]
    said: list[Any]
    walk: list[Any]
    expired: list[Any]


def plain(value: object) -> object:
    """The same, whatever kind of mapping or tuple holds it."""
    if isinstance(value, Mapping):
        return sorted(value.items())
    return tuple(map(plain, value)) if isinstance(value, tuple) else value


def told(ledger: Ledger) -> Told:
    keys = [("shop", f"e{number}") for number in range(4)]
    partitions = (0, 1)

    def all_of(answers: Iterable[Iterable[Any]]) -> list[Any]:
        return sorted(repr(plain(one)) for answer in answers for one in answer)

    persons = PERSONS[1:3]
    until: Cursors = {name: number - number % 2 for name, number in ledger.positions().items()}
    return Told(
        all_of([ledger.find_events(keys), ledger.facts_of(PERSONS), *(ledger.facts_alone(one, keys) for one in partitions)]),
        all_of([*(ledger.published_of(one, persons, keys) for one in partitions), ledger.occasions_of(keys)]),
        all_of([set(map(tuple, ledger.versions_of(one, persons))) for one in partitions]
               + [ledger.received_facts(one, keys) for one in partitions]),
        all_of([ledger.standing_claims(), ledger.waiting_rows(keys), *(ledger.claims_of(one, keys) for one in partitions),
                *(ledger.claimed_facts(one, keys) for one in partitions), *ledger.claim_hashes()]),
        all_of([set(ledger.said_about(persons)), ledger.handoffs_of(persons), ledger.published_with(persons),
                ledger.away_beyond(PERSONS, until).items(),
                ledger.feed({}, until), ledger.progress().items(), *(ledger.links_of(one, keys) for one in partitions),
                *(set(ledger.links_naming(one, persons)) for one in partitions)]),
        [ledger.identifiers_after("a", 2), *(ledger.unidentified_after(one, 1, 99) for one in partitions)],
        [plain(ledger.expired(one, [Cutoff("shop", (TOUCHPOINT, ""), 1, 30, "erase")], 0, row_id_base(one, 9), 99)) for one in partitions],
    )  # fmt: skip


event_ids = st.sampled_from(["e0", "e1", "e2", "e3"])
somebody = st.sampled_from(PERSONS)
fates = st.sampled_from(
    [
        ("stored", ""),
        ("superseded", ""),
        ("superseded", "claim"),
        ("quarantined", "conflict"),
        ("duplicate", ""),
        ("erased", ""),
    ]
)
Written = tuple[Any, ...]
written: st.SearchStrategy[Written] = st.one_of(
    st.tuples(st.just("received"), event_ids, st.one_of(st.just(""), somebody), fates),
    st.tuples(st.just("attached"), event_ids, st.one_of(st.just(""), somebody), somebody, st.sampled_from([0, 1])),
    st.tuples(st.sampled_from(["link", "unlink"]), event_ids, somebody, somebody),
    st.tuples(st.just("claim"), event_ids, st.integers(0, 3)),
    st.tuples(st.just("release"), event_ids),
    st.tuples(st.just("handoff"), somebody, st.integers(1, 3)),
    st.tuples(st.just("away"), somebody),
)


def block_of(one: Written, offset: int, row_id: int | None) -> Block:
    kind, rest = one[0], one[1:]
    if kind == "received":
        event_id, identifier, (fate, reason) = rest
        return fact(offset, event_id, identifier, row_id, fate=fate, reason=reason, event_time=offset)
    if kind == "attached":
        return attached(offset, rest[0], rest[1], rest[2], rest[3], row_id)
    if kind in ("link", "unlink"):
        return link(kind, offset, rest[0], rest[1], rest[2], row_id=row_id)
    if kind == "claim":
        return claim(offset, rest[0], rest[1], row_id)
    if kind == "release":
        return block(kind, RELEASE, offset, {"source": "shop", "event_id": rest[0]}, row_id)
    if kind == "handoff":
        return block(kind, HANDOFF, offset, {"identifier": rest[0], "handoff_to": 1, "handoff_number": rest[1]}, row_id)
    return block(kind, AWAY, offset, {"identifier": rest[0], "event_time": 7 + offset}, row_id)


RETRACTABLE = ("received", "attached", "link", "unlink", "claim")


@examples(max_examples=8, deadline=None, phases=set(Phase) - {Phase.shrink}, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(STREAMS), st.lists(written, max_size=6), st.integers(0, 3)), max_size=6))
def test_whatever_partitions_write_both_ledgers_tell_the_same(
    engine: Settings, real: ClickHouseLedger, inserts: list[tuple[Stream, list[Written], int]]
) -> None:
    empty(engine)
    ledgers = [Writers(MemoryLedger()), Writers(real)]
    standing: dict[Stream, list[tuple[Written, int, int]]] = {stream: [] for stream in STREAMS}
    for index, (stream, rows, retracted_count) in enumerate(inserts):
        mine = standing[stream]
        retracted, standing[stream] = mine[:retracted_count], mine[retracted_count:]
        blocks = [
            *(block_of(one, offset, row_id) for one, offset, row_id in retracted),
            *(block_of(one, 10 * index + place, None) for place, one in enumerate(rows)),
        ]
        (first, _) = (one.insert(stream, *blocks, cursors={"s": index}) for one in ledgers)
        standing[stream] += [
            (one, 10 * index + place, first + place) for place, one in enumerate(rows) if one[0] in RETRACTABLE
        ]
    assert told(ledgers[0].ledger) == told(ledgers[1].ledger)


@pytest.fixture(scope="module")
def crowded(engine: Settings) -> Iterator[Any]:
    """A client of a ledger with so many plain rows that reading them all is no way."""
    empty(engine)
    client = connect(engine)
    client.execute("INSERT INTO journey_raw.fence VALUES", [("events/T1/1", 1, "w")])
    client.execute(
        "INSERT INTO journey_raw.ledger (stream, insert_number, kind, offset, sign, row_id, source, event_id, identifier, "
        "linked_identifier, person, writer, generation) "
        "WITH arrayConcat(['received', 'attached'], if(number % 1000 = 0, ['link', 'claim', 'mark'], [])) AS kinds "
        "SELECT 'events/T1/1', 1 + intDiv(number, 1000), arrayJoin(kinds) AS of_kind, number, 1, number, 'shop', toString(number), "
        "toString(number), if(of_kind = 'link', toString(number + 1), ''), "
        "multiIf(of_kind != 'attached', '', number % 1000 = 0, 'p', toString(number)), if(of_kind = 'mark', 'w', ''), "
        "of_kind = 'mark' FROM numbers(100000)"
    )
    yield client
    client.disconnect()


@pytest.mark.parametrize(
    ("name", "projection"),
    [
        ("STANDING_CLAIMS", "feed"),
        ("CLAIM_HASHES", "feed"),
        ("CLAIMS", "feed"),
        ("WAITING", "feed"),
        ("LINKS_ABOUT", "by_linked"),
        ("MERGED", "merged"),
        ("POSITIONS", "account"),
    ],
)
def test_the_look_up_reads_its_projection(crowded: Any, name: str, projection: str) -> None:
    keys = {"keys": (("shop", "1000"),), "event_ids": ("1000",), "partition": 0}
    question = getattr(queries_across, name)
    plan = "\n".join(
        line for (line,) in crowded.execute(f"EXPLAIN projections = 1 {question}", keys | {"identifiers": ("1001",)})
    )
    assert f"({projection})" in plan, plan


def test_what_is_past_its_term_is_read_in_the_order_of_the_table_and_no_further_than_needed(crowded: Any) -> None:
    question, values = queries_across.expired([Cutoff("shop", ("", TOUCHPOINT), 0, 1, "erase")])
    values |= {"stream": "events/T1/1", "insert_number": 90, "after": 0, "until": 10**9}
    plan = "\n".join(line for (line,) in crowded.execute(f"EXPLAIN indexes = 1 {question}", values))
    assert "Read type: InOrder" in plan, plan
    granules = [line.split("Granules:")[1] for line in plan.splitlines() if "Granules:" in line]
    selected, of_all = map(int, granules[-1].split("/"))
    assert selected < of_all / 4, plan


def test_the_feed_of_all_that_ever_was_reads_no_rows_of_journeys(crowded: Any) -> None:
    spans, values = queries.between({}, {"events/T1/1": 10**6})
    plan = "\n".join(
        line for (line,) in crowded.execute(f"EXPLAIN projections = 1 {queries_across.feed(spans)}", values)
    )
    assert "(feed)" in plan, plan


def test_an_insert_of_nothing_but_its_mark_has_every_projection_so_that_parts_merge(
    engine: Settings, real: ClickHouseLedger
) -> None:
    empty(engine)
    writers = Writers(real)
    writers.insert(HERE)
    writers.insert(HERE, link("link", 0, "e1", "a", "b"), fact(0, "e1", "a"), attached(0, "e1", "a", "b", 0))
    client = connect(engine)
    of_ledger = "database = 'journey_raw' AND table = 'ledger'"
    declared = {name for (name,) in client.execute(f"SELECT name FROM system.projections WHERE {of_ledger}")}
    written = client.execute(
        f"SELECT parent_name, groupArray(name) FROM system.projection_parts WHERE active AND {of_ledger} GROUP BY parent_name"
    )
    assert len(declared) > 10
    assert [set(names) for _, names in written] == [declared] * len(written)
    client.execute("OPTIMIZE TABLE journey_raw.ledger FINAL SETTINGS optimize_throw_if_noop = 1")
    assert client.execute(f"SELECT count() FROM system.parts WHERE active AND {of_ledger}") == [(1,)]
    client.disconnect()


def test_a_failed_look_up_is_no_answer(engine: Settings) -> None:
    broken = ClickHouseLedger(lambda: connect_as(ColumnClient, engine.model_copy(update={"clickhouse_port": 1})))
    with pytest.raises(LedgerUnavailable):
        list(broken.claim_hashes())
    with pytest.raises(LedgerUnavailable):
        broken.said_about(["a"])
