"""Replaying twice, or after a crash anywhere, adds nothing: each event stands once, and each entry ends once."""

from __future__ import annotations

from hypothesis import given, strategies as st

from tests.unit.quarantine.rig import STREAM, Crash, World, event, judge, kept
from touchline.quarantine.judge import Judgement
from touchline.quarantine.keep import Kept
from touchline.quarantine.replay import Replayed, ReplayFate, replay_page
from touchline.quarantine.settle import SettledAs

JUDGE = judge()


def judged(*numbers: int) -> list[tuple[Kept, Judgement]]:
    """Entries at offsets 0, 1, 2 …, of these visits; visit 0 is one of an undeclared source."""
    found = [
        kept(event(number, **({} if number else {"source": "nobody"})), offset) for offset, number in enumerate(numbers)
    ]
    return [(one, JUDGE.judge(one)) for one in found]


def run(world: World, entries: list[tuple[Kept, Judgement]]) -> Replayed:
    return replay_page(world.open(entries), world, lambda: world, ())


def test_what_is_mended_is_sent_once_and_settled() -> None:
    world = World()
    outcome = run(world, judged(1, 2, 0))
    assert (outcome.sent, outcome.settled, outcome.refused.total()) == (2, 2, 1)
    assert [version[1] for version in world.records] == ["visit-1", "visit-2"]
    assert world.settled == {(STREAM, 0), (STREAM, 1)}
    assert world.settlements[0].note == "stored as events/0/1000"


def test_the_same_event_in_several_entries_is_one_record() -> None:
    world = World()
    outcome = run(world, judged(1, 1, 1))
    assert (outcome.sent, outcome.settled) == (1, 3)


def test_what_stands_already_is_settled_without_being_sent() -> None:
    world = World()
    run(world, judged(1))
    world.settlements.clear()
    outcome = run(world, judged(1))
    assert (outcome.sent, outcome.settled, outcome.there_already) == (0, 1, 1)


def test_without_a_fate_in_time_the_entry_stays_open() -> None:
    world = World()
    world.is_worker_up = False
    outcome = run(world, judged(1))
    assert (outcome.sent, outcome.settled, outcome.waiting) == (1, 0, 1)
    assert world.settlements == []


def test_a_refusal_by_the_worker_leaves_one_open_entry_however_often_it_is_tried() -> None:
    world = World(refusing=frozenset({"visit-1"}))
    entries = judged(1)
    for _ in range(3):
        outcome = run(world, entries)
        assert (outcome.sent, outcome.settled, outcome.refused.total()) == (1, 0, 1)
    assert world.settled_as(SettledAs.REPEATED) == [(STREAM, 1_000), (STREAM, 1_001), (STREAM, 1_002)]
    assert len(world.open(entries)) == 1


def test_what_a_worker_suppresses_stays_open_since_the_ledger_has_no_event() -> None:
    """The command knows the source's new legal basis, the worker still asks for consent."""
    world = World(refusing=frozenset({"visit-1"}))
    world.refusal = ReplayFate("suppressed", "no_consent", "")
    entries = judged(1)
    outcome = run(world, entries)
    assert (outcome.sent, outcome.settled, outcome.refused.total()) == (1, 0, 1)
    assert world.settlements == []
    world.refusing = frozenset()
    assert run(world, entries).settled == 1


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=8),
    st.lists(st.sampled_from(["", "send", "fates", "settle"]), max_size=6),
    st.sets(st.sampled_from(["visit-1", "visit-2"])),
)
def test_no_run_after_any_crashes_adds_anything(numbers: list[int], crashes: list[str], refusing: set[str]) -> None:
    entries = judged(*numbers)
    world = World(frozenset(refusing))
    for crash in crashes:
        world.crash_at = crash
        try:
            run(world, entries)
        except Crash:
            pass
        ended = set(world.settled_as(SettledAs.REPLAYED))
        versions = {(one.entry.stream, one.entry.offset): verdict for one, verdict in entries}
        assert all(versions[place].version in world.versions for place in ended)  # type: ignore[union-attr]  # none before it stands
    world.crash_at, world.refusing = "", frozenset()
    run(world, entries)
    sent, settled = len(world.records), len(world.settlements)
    again = run(world, entries)
    assert (again.sent, again.settled, len(world.records), len(world.settlements)) == (0, 0, sent, settled)
    assert {version[1] for version in world.versions} == {f"visit-{number}" for number in numbers if number}
    stood = [version for version in world.records if version[1] not in refusing]
    assert len(stood) == len(set(stood))  # what a worker takes is never sent twice
    replayed = world.settled_as(SettledAs.REPLAYED)
    assert sorted(replayed) == [(STREAM, offset) for offset, number in enumerate(numbers) if number]
    assert [one[0].entry.offset for one in world.open(entries)] == [
        offset for offset, number in enumerate(numbers) if not number
    ]
