"""Which ids of an import are contested, and that what is said of them is what the worker then does."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.unit.processors.loop.partition import Event, version
from tests.unit.processors.loop.world import SOURCES, make_loop, quick_folder, records_of, store_all
from tests.unit.producers.imports.build import new_producer, receipt, send, write_csv
from touchline.processors.ledger.memory import MemoryLedger
from touchline.producers.imports.contested import Contested, ContestedIds, Outcome
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.known import KnownIds
from touchline.producers.record import PreparedRecord
from touchline.schemas.canonical import payload_hash
from touchline.schemas.versions import Version

RECEIVED = '"received_at":"2026-03-08T08:30:0{}.000Z"'


def record(event: Event, **changes: Any) -> PreparedRecord:
    """As the producer makes it, received now."""
    value = json.dumps(event)[:-1] + "," + RECEIVED.format(1) + "}"
    made = PreparedRecord(event["id"], b"key", value.encode(), event["source"], event["type"], event["time"])
    return made._replace(**changes)


def purchase(number: int = 1, minute: int = 5, revision: int = 0, place: str = "a") -> Event:
    return version(number, 1, minute, "till", revision, place)


def answered(content: str, minute: int = 5, place: str = "a") -> Event:
    return version(1, 1, minute, "answer", 0, place, content)


def take(ids: ContestedIds, records: list[PreparedRecord]) -> Contested:
    for one in records:
        ids.see([one])
    return ids.settle()


def taken(*batches: list[PreparedRecord], memory_versions: int = 1_000) -> Contested:
    with ContestedIds(memory_versions=memory_versions) as ids:
        for batch in batches:
            take(ids, batch)
        return ids.total


def test_two_rows_of_one_id_with_other_contents_are_contested_wherever_they_stand() -> None:
    rows = [record(purchase(place=place)) for place in "abc"]
    others = [record(purchase(number)) for number in range(2, 30)]
    assert taken([*rows, *others]) == taken([*others, rows[0]], rows[1:]) == taken(*([one] for one in rows))
    assert taken(rows) == Contested(in_import=1)


@given(
    st.lists(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("ab")), max_size=6), max_size=5), st.integers(0, 5)
)
def test_what_no_longer_fits_into_memory_is_remembered_in_a_file(
    batches: list[list[tuple[int, str]]], fits: int
) -> None:
    records = [[record(purchase(number, place=place)) for number, place in batch] for batch in batches]
    assert taken(*records, memory_versions=fits) == taken(*records)


@pytest.mark.parametrize(
    "rows",
    [
        [record(purchase()), record(purchase())],
        [
            record(purchase()),
            record(purchase(), value=record(purchase()).value.replace(b":30:01.000Z", b":30:02.000Z")),
        ],
        [record(purchase()), record(purchase(revision=1, place="b"))],
        [record(purchase()), record({**purchase(place="b"), "source": "web"})],
        [record(purchase()), record(purchase(place="b"), is_suppressed=True)],
        [record(answered("partial")), record(answered("complete"))],
        [record(answered("complete")), record(answered("complete with words"))],
        [record(answered("complete")), record(answered("complete", minute=6))],
    ],
    ids=[
        "the same row",
        "received later",
        "a revision",
        "of another source",
        "suppressed",
        "completed",
        "more fields",
        "answered later",
    ],
)
def test_rows_between_which_a_rule_decides_are_not_contested(rows: list[PreparedRecord]) -> None:
    assert not taken(rows)
    assert not taken(rows[::-1])


def test_answers_alike_in_completeness_are_contested() -> None:
    assert taken([record(answered("partial")), record(answered("partial", place="b"))]) == Contested(in_import=1)


EVENTS = st.one_of(
    st.builds(purchase, st.just(1), st.integers(0, 3), st.integers(0, 2), st.sampled_from("ab")),
    st.builds(answered, st.sampled_from(["shown", "partial", "complete"]), st.integers(0, 2), st.sampled_from("ab")),
)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.lists(EVENTS, min_size=1, max_size=4), EVENTS, st.booleans())
def test_what_is_said_of_a_known_id_is_what_the_worker_does(known: list[Event], sent: Event, revised: bool) -> None:
    ledger = MemoryLedger()
    with quick_folder() as folder:
        loop = make_loop(ledger, folder)
        store_all(loop, records_of(known))

        def ask(source: str, event_ids: Any) -> list[tuple[str, Version]]:
            found = ledger.find_events([(source, one) for one in event_ids])
            return [(one.event_id, Version(one.revision, one.completeness, one.payload_hash)) for one in found]

        known_ids = KnownIds(ask, SOURCES, revised=revised)
        said = [one.outcome for one in known_ids.compare([record(sent), record(purchase(number=2))])]
        known_ids.close()
        store_all(loop, records_of([*known, sent]))
        loop.close()

    (stored,) = ledger.standing("received", lambda row: row["fate"] == "stored")
    rivals = {row["payload_hash"] for row in ledger.standing("received") if row.get("reason") == "conflict"}
    own = payload_hash(sent)
    if stored["payload_hash"] == own:
        assert said == ([Outcome.AS_SENT] if rivals else [])
    elif own in rivals:
        assert said == [Outcome.AS_STORED]
    else:
        is_new = own not in map(payload_hash, known)
        is_older = sent.get("revision", 0) < stored.get("revision", 0)
        assert said == ([Outcome.OUTDATED] if is_new and is_older and not revised else [])


def test_an_id_that_is_no_unicode_is_not_looked_up() -> None:
    asked: list[str] = []

    def ask(source: str, event_ids: Any) -> list[tuple[str, Version]]:
        asked.extend(event_ids)
        return []

    known = KnownIds(ask, SOURCES, revised=False)
    known.expect([("shop", "é"), ("shop", "\udce9"), ("\udce9", "e1"), ("shop", "e1")])
    assert list(known.compare([record(purchase())])) == []
    known.close()
    assert asked == ["é", "e1"]


def test_once_the_ledger_has_answered_only_known_ids_are_compared() -> None:
    known = KnownIds(lambda source, event_ids: [("e1", Version(0, 0, 1))], SOURCES, revised=False)
    assert known.may_know(record(purchase(1)))
    known.expect([(record(purchase(number)).source, f"e{number}") for number in (1, 2)])
    give_up_s = time.monotonic() + 30
    while known.may_know(record(purchase(2))) and time.monotonic() < give_up_s:
        time.sleep(0.001)
    assert known.may_know(record(purchase(1)))
    assert not known.may_know(record(purchase(2)))
    known.close()


def test_an_id_is_counted_once_and_as_that_of_its_rows_that_counts() -> None:
    old, new = payload_hash(purchase(place="a")), payload_hash(purchase(place="b"))
    between = Version(0, 0, (old + new) // 2)  # one of the two rows has the smaller hash
    ids = ContestedIds(KnownIds(lambda source, event_ids: [("e1", between)], SOURCES, revised=False))
    with ids:
        for place in "ababa":
            take(ids, [record(purchase(place=place))])
    assert ids.total == Contested(as_sent=1, in_import=1)


def test_each_file_is_told_the_known_ids_that_it_holds() -> None:
    old, new = payload_hash(purchase(place="a")), payload_hash(purchase(place="b"))
    between = Version(0, 0, (old + new) // 2)
    ids = ContestedIds(KnownIds(lambda source, event_ids: [("e1", between)], SOURCES, revised=False))
    told = []
    with ids:
        for place in "ab":
            ids.begin_file()
            told.append(take(ids, [record(purchase(place=place))]))
    assert sorted((one.as_sent, one.as_stored) for one in told) == [(0, 1), (1, 0)]


def test_an_import_that_was_interrupted_tells_of_the_rows_before_too(tmp_path: Path) -> None:
    journal = ImportJournal(tmp_path / "imports.sqlite3", "broker topic")
    rows = [receipt(1), [*receipt(1)[:6], "4"], receipt(2), [*receipt(2)[:6], "4"]]
    path = write_csv(tmp_path / "till.csv", rows)

    class Broken(Exception):
        pass

    def stop(units: int) -> None:
        raise Broken

    with ContestedIds() as ids, pytest.raises(Broken):
        send(path, journal, new_producer(), contested=ids, advance=stop, rows_per_batch=2)
    with ContestedIds() as ids:
        verdicts = send(path, journal, new_producer(), contested=ids, rows_per_batch=2)
    assert (verdicts.skipped, verdicts.contested) == (2, Contested(in_import=2))
