"""Who is erased leaves what `touchline care` keeps for itself, bytes of its files included, and nobody else does."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from touchline.care.forgetting import CareTraces, Known, forget_in, forget_unknown, has_run_on, traces_in
from touchline.care.store import CareStore, Kept
from touchline.care.telling import Alert
from touchline.errors import WrongUsage
from touchline.schemas.times import parse_time

JANE, JOHN = (f"k1:{digit * 64}" for digit in "ab")
FIRST, LATER = "2026-03-01T10:00:00Z", "2026-03-09T10:00:00Z"
BETWEEN, AFTER = parse_time("2026-03-05T00:00:00Z"), parse_time("2026-04-01T00:00:00Z")


def alert(case: str, person: str, time: str) -> tuple[str, Alert]:
    body: dict[str, Any] = {"id": f"{case}/opened", "case": case, "person": person, "reason": [{"time": time}]}
    return "desk", Alert(f"{case}/opened", "recovery", body)


def known(*keys: str) -> Known:
    def of(asked: Collection[str]) -> set[str]:
        return set(keys) & set(asked)

    return of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CareStore]:
    """That of a process that runs: an alert waits, one is dead, one was delivered, an event is not posted yet."""
    event = {"id": "c1/opened", "persons": [{"type": "login", "key": JANE}]}
    alerts = [alert("c1", JANE, FIRST), alert("c2", JANE, LATER), alert("c3", JANE, FIRST), alert("c4", JOHN, FIRST)]
    with CareStore(tmp_path) as running:
        running.keep(Kept(alerts, [event], {JANE: AFTER, JOHN: AFTER}, {}), 0)
        running.failed("desk", "c2/opened", "gone", None, 0)
        running.delivered("desk", ["c3/opened"], 0)
        yield running


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def left(store: CareStore) -> set[str]:
    return {key for _, key, _ in store.bodies()}


def test_alerts_that_wait_and_dead_letters_are_counted_and_events_on_their_way(
    store: CareStore, tmp_path: Path
) -> None:
    assert has_run_on(tmp_path)
    persons = [{JANE: AFTER}, {JOHN: AFTER}, {JANE: AFTER, JOHN: AFTER}, {}]
    assert traces_in(tmp_path, persons) == [CareTraces(2, 1), CareTraces(1, 0), CareTraces(3, 1), CareTraces()]


def test_who_is_erased_is_in_no_byte_of_the_files_and_others_wait_as_before(store: CareStore, tmp_path: Path) -> None:
    assert JANE.encode() in bytes_in(tmp_path)
    store.posted(store.unposted()[-1][0])
    forget_in(tmp_path, {JANE: AFTER}, known(JOHN))
    assert left(store) == {"c4/opened"}
    assert store.waited_for([JANE, JOHN]) == {JOHN}
    assert traces_in(tmp_path, [{JANE: AFTER}]) == [CareTraces()]
    content = bytes_in(tmp_path)
    assert JANE.encode() not in content
    assert JOHN.encode() in content
    assert [one.key for one in store.waiting("desk", AFTER, 9)] == ["c4/opened"]  # the process goes on


def test_of_who_comes_back_the_later_alerts_and_the_moment_stay(store: CareStore, tmp_path: Path) -> None:
    forget_in(tmp_path, {JANE: BETWEEN}, known(JANE))
    assert left(store) == {"c2/opened", "c4/opened"}
    assert store.waited_for([JANE]) == {JANE}


def test_a_process_elsewhere_forgets_whom_the_ledger_does_not_know(store: CareStore, tmp_path: Path) -> None:
    assert forget_unknown(store, known(JANE, JOHN)) == 0
    assert forget_unknown(store, known(JOHN)) == 2
    assert left(store) == {"c4/opened"}


def test_of_a_case_that_lapses_sinks_that_were_away_are_told_without_whose_it_was(store: CareStore) -> None:
    """A consent may be withdrawn while an alert waits; a dead letter may be brought again long afterwards."""
    said = [("desk", Alert(f"{case}/lapsed/1", "recovery", {"case": case, "state": "lapsed"})) for case in ("c1", "c2")]
    store.keep(Kept(said, (), {}, {}), 1)
    store.revive("desk", 1)
    told = {one.key: one.body for one in store.waiting("desk", AFTER, 9)}
    assert told["c1/opened"] == {"id": "c1/opened", "case": "c1"}
    assert told["c2/opened"] == {"id": "c2/opened", "case": "c2"}
    assert told["c4/opened"]["person"] == JOHN
    assert told.keys() == {"c1/opened", "c2/opened", "c4/opened", "c1/lapsed/1", "c2/lapsed/1"}


def test_what_a_sink_has_taken_leaves_the_files_with_the_next_sweep(tmp_path: Path) -> None:
    with CareStore(tmp_path) as running:
        running.keep(Kept([alert("c1", JANE, FIRST)], (), {}, {}), 0)
        running.delivered("desk", ["c1/opened"], 0)
        forget_unknown(running, known())
        assert JANE.encode() not in bytes_in(tmp_path)


def test_where_none_has_run_there_is_nothing(tmp_path: Path) -> None:
    assert not has_run_on(tmp_path)
    with pytest.raises(WrongUsage, match="no `touchline care` has run"):
        traces_in(tmp_path, [{JANE: AFTER}])
