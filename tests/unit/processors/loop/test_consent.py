"""A withdrawal leaves every table, for the whole person and whatever comes first: readers see what the permitted events alone make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.unit.processors.across import Known, identify, known_as, persons, settled
from tests.unit.processors.loop.partition import Event
from tests.unit.processors.loop.two_partitions import Workers, records_by_partition
from tests.unit.processors.loop.world import SOURCES, fates, journey_rows, person_key, quick_folder
from touchline.processors.ledger.ledger import FeedRow
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import value_of
from touchline.processors.steps import kept
from touchline.processors.values.records import Cursors
from touchline.schemas.sources import Source, Sources
from touchline.schemas.times import parse_time

LOGIN, CARD, COOKIE = ("login", 2), ("loyalty", 5), ("anonymous", 3)


def visit(number: int, who: Known, minute: int, grant: str = "c1", **fields: Any) -> Event:
    """A visit of a site that works under consent."""
    return known_as(number, [who], minute, source="web", consent={"id": grant, "purposes": ["analytics"]}) | fields


def said(number: int, who: Known, minute: int, state: str, grant: str = "c1", **fields: Any) -> Event:
    """The person grants or withdraws from that minute on."""
    one = known_as(number, [who], minute, type="touchline.consent.v1", consent_id=grant, state=state)
    del one["touchpoint"]
    return one | {"purposes": ["analytics"], "effective_at": one["time"]} | fields


def seen(ledger: MemoryLedger) -> set[str]:
    """Ids of the events that readers see."""
    return set(persons(ledger))


STORY = [
    visit(1, COOKIE, 1),
    identify(2, [LOGIN, COOKIE], 2),
    visit(3, COOKIE, 3),
    said(4, LOGIN, 4, "withdrawn"),
    visit(5, COOKIE, 5),
    known_as(6, [CARD], 6, "till"),
]


@pytest.mark.parametrize("order", list(permutations(range(5))))
def test_a_withdrawal_under_one_identifier_holds_for_the_whole_person_in_any_order(order: tuple[int, ...]) -> None:
    with quick_folder() as folder:
        ledger = settled([*(STORY[place] for place in order), STORY[5]], folder)
    assert persons(ledger) == {"e1": 2, "e3": 2, "e6": 5}
    assert fates(ledger) == {"received": 6, "stored": 6}


def test_who_is_taken_apart_again_is_no_longer_under_the_others_withdrawal(tmp_path: Path) -> None:
    told = [
        visit(1, CARD, 1),
        identify(2, [LOGIN, CARD], 2),
        said(3, LOGIN, 3, "withdrawn"),
        visit(4, CARD, 4),
        visit(5, LOGIN, 5),
    ]
    assert seen(settled(told, tmp_path / "linked")) == {"e1"}
    assert seen(settled([*told, identify(6, [LOGIN, CARD], 9, "unlink")], tmp_path / "apart")) == {"e1", "e4"}


def test_events_before_stay_later_ones_go_and_a_new_grant_lets_count_again(tmp_path: Path) -> None:
    told = [visit(number, LOGIN, number) for number in (1, 2, 3)]
    ledger = MemoryLedger()
    withdrawn = said(4, LOGIN, 2, "withdrawn")
    granted = said(6, LOGIN, 9, "granted", "c2")
    log = records_by_partition([*told, withdrawn, visit(5, LOGIN, 5), granted, visit(7, LOGIN, 10, "c2")])
    workers = Workers(ledger, tmp_path, log)
    for count, wanted in [(3, {"e1", "e2", "e3"}), (1, {"e1"}), (1, {"e1"}), (2, {"e1", "e7"})]:
        workers.deliver(0, count)
        workers.tick(0)
        workers.tick(0)
        assert seen(ledger) == wanted
    workers.close()
    (row,) = ledger.standing("attached", lambda row: row["event_id"] == "e7")
    assert row["touchpoint_number"] == 2  # as if those between had never been


def test_no_batch_shows_what_comes_after_a_withdrawal_not_even_for_a_moment(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    told = [visit(1, LOGIN, 1), said(2, LOGIN, 2, "withdrawn"), visit(3, LOGIN, 3), visit(4, LOGIN, 4)]
    workers = Workers(ledger, tmp_path, records_by_partition(told))
    for count in (1, 2, 1):
        workers.deliver(0, count)
        assert seen(ledger) == {"e1"}
    workers.finish()
    assert {row["event_id"] for row in ledger.asserted("attached")} == {"e1"}


class WordlessLedger(MemoryLedger):
    """Nobody told others of whom a batch left to the ticks, as of a withdrawal that a tick settled."""

    def feed(self, after: Cursors, until: Cursors) -> list[FeedRow]:
        return [row for row in super().feed(after, until) if row.kind != "away"]


def test_after_the_loss_of_the_state_no_batch_shows_what_comes_after_a_withdrawal(tmp_path: Path) -> None:
    ledger = WordlessLedger()
    told = [visit(1, LOGIN, 1), said(2, LOGIN, 2, "withdrawn"), visit(3, LOGIN, 3), visit(4, LOGIN, 4)]
    workers = Workers(ledger, tmp_path, records_by_partition(told))
    for _ in range(2):
        workers.deliver(0, 1)
    workers.restart(0, "lose state")
    workers.deliver(0, 2)
    assert seen(ledger) == {"e1"}
    workers.close()


@pytest.mark.parametrize("first", [0, 1])
def test_a_revision_of_a_withdrawal_is_what_counts(first: int, tmp_path: Path) -> None:
    versions = [
        said(2, LOGIN, 2, "withdrawn"),
        said(2, LOGIN, 2, "withdrawn", revision=1, effective_at="2025-06-01T00:04:00Z"),
    ]
    told = [visit(1, LOGIN, 1), versions[first], visit(3, LOGIN, 3), versions[1 - first], visit(5, LOGIN, 5)]
    assert seen(settled(told, tmp_path)) == {"e1", "e3"}
    taken_back = said(2, LOGIN, 2, "granted", revision=2)
    assert seen(settled([*told, taken_back, visit(6, LOGIN, 6)], tmp_path / "back")) == {"e1", "e3", "e5", "e6"}


def test_other_sources_and_events_of_nobody_stay(tmp_path: Path) -> None:
    nobody = visit(4, LOGIN, 9) | {"persons": []}
    told = [said(1, LOGIN, 1, "withdrawn"), known_as(2, [LOGIN], 2, "till"), visit(3, LOGIN, 3), nobody]
    assert seen(settled(told, tmp_path)) == {"e2", "e4"}


def test_two_on_one_device_do_not_withdraw_for_each_other(tmp_path: Path) -> None:
    other = ("login", 4)
    told = [
        identify(1, [LOGIN, COOKIE], 10),
        identify(2, [other, COOKIE], 30),
        said(3, COOKIE, 40, "withdrawn", effective_at="2025-06-01T00:05:00Z"),
        visit(4, COOKIE, 20),
        visit(5, COOKIE, 50),
        visit(6, other, 60, "c9"),
        visit(7, LOGIN, 60, "c8"),
    ]
    assert seen(settled(told, tmp_path)) == {"e4", "e7"}


@pytest.mark.parametrize(("purposes", "is_one"), [(["analytics"], False), (["analytics", "profiling"], True)])
def test_identifiers_are_linked_only_where_the_grant_is_for_profiling(
    purposes: list[str], is_one: bool, tmp_path: Path
) -> None:
    told = [
        visit(1, COOKIE, 1),
        known_as(2, [LOGIN, COOKIE], 2, source="web", consent={"id": "c1", "purposes": purposes}),
    ]
    assert persons(settled(told, tmp_path)) == {"e1": 2 if is_one else 3, "e2": 2}


def test_a_withdrawal_reaches_all_identifiers_that_it_names(tmp_path: Path) -> None:
    both = said(3, LOGIN, 3, "withdrawn", source="web")
    both["persons"].append({"type": "loyalty", "key": person_key(5)})
    told = [visit(1, CARD, 1), both, visit(4, CARD, 4), visit(5, LOGIN, 5)]
    assert seen(settled(told, tmp_path)) == {"e1"}


@pytest.mark.parametrize("how", ["close", "kill", "lose state"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_withdrawal_survives_the_end_of_a_worker_at_any_step(number: int, how: str, tmp_path: Path) -> None:
    log = records_by_partition(STORY)
    for steps in range(6):
        ledger = MemoryLedger()
        workers = Workers(ledger, tmp_path / f"{steps}", log)
        for step in range(steps):
            workers.deliver(step % 2, 2)
            if step > 2:
                workers.tick(step % 2)
        workers.restart(number, how)
        workers.finish()
        assert persons(ledger) == {"e1": 2, "e3": 2, "e6": 5}


@pytest.mark.parametrize("how", ["close", "kill", "lose state"])
def test_a_withdrawal_that_had_to_wait_for_its_turn_survives_it_too(how: str, tmp_path: Path) -> None:
    told = [visit(1, LOGIN, 1), said(2, LOGIN, 2, "withdrawn", revision=1), visit(3, LOGIN, 3), visit(4, LOGIN, 4)]
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, records_by_partition(told))
    workers.deliver(0, 1)
    workers.deliver(0, 1)
    for number in [0, 1] * 4:
        workers.tick(number)
    workers.restart(0, how)
    workers.deliver(0, 1)
    assert seen(ledger) == {"e1"}
    workers.finish()
    assert seen(ledger) == {"e1"}


@pytest.mark.parametrize("link", [[], [identify(2, [LOGIN, CARD], 2)]])
def test_whoever_withdrew_is_followed_from_the_beginning_and_from_no_state_on_the_way(
    link: list[Event], tmp_path: Path
) -> None:
    """Of a consent taken back in minute 50 from minute 4 on."""
    told = [*link, *(visit(number, LOGIN, number) for number in range(3, 9))]
    told += [said(20, LOGIN, 50, "withdrawn", effective_at="2025-06-01T00:04:00Z")]
    after = [visit(30 + number, LOGIN, 60 + number) for number in range(4)]
    anew = [
        said(40, LOGIN, 70, "granted", "c2"),
        *(visit(40 + number, LOGIN, 70 + number, "c2") for number in (1, 2, 3)),
    ]
    with patch.object(kept, "EVERY", 1):
        assert seen(settled(told, tmp_path / "withdrawn")) == {"e3"}
        found = seen(settled([*told, *after, *anew, visit(50, LOGIN, 80, "c1")], tmp_path / "anew"))
    assert found == {"e3", "e41", "e42", "e43"}


def test_the_statement_itself_is_kept_with_its_effective_time(tmp_path: Path) -> None:
    stated = said(1, LOGIN, 9, "withdrawn", "c7", effective_at="2025-06-02T00:00:00+02:00", version="2025-05")
    ledger = settled([stated], tmp_path)
    (row,) = ledger.standing("received")
    assert (row["about_time"], row["consent_id"], row["purposes"]) == (
        parse_time("2025-06-01T22:00:00Z"),
        "c7",
        "analytics",
    )
    assert value_of(row, "properties")["version"] == "2025-05"


def test_a_clock_that_runs_ahead_is_put_right_in_the_effective_time_too(tmp_path: Path) -> None:
    sources: Sources = {**SOURCES, "fast": Source(legal_basis="contract", clock_skew_seconds=120)}
    told = [visit(1, LOGIN, 3), said(2, LOGIN, 4, "withdrawn", source="fast"), visit(3, LOGIN, 1)]
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, records_by_partition(told), sources=sources)
    workers.finish()
    assert seen(ledger) == {"e3"}


def test_a_purpose_with_a_comma_in_its_name_can_be_withdrawn(tmp_path: Path) -> None:
    sources: Sources = {**SOURCES, "web": Source(legal_basis="consent", purposes=("news, offers",))}
    grant = {"id": "c1", "purposes": ["news, offers"]}
    told = [visit(number, LOGIN, number, consent=grant) for number in (1, 3)]
    ledger = MemoryLedger()
    statement = said(2, LOGIN, 2, "withdrawn", purposes=["news, offers"])
    workers = Workers(ledger, tmp_path, records_by_partition([*told, statement]), sources=sources)
    workers.finish()
    assert seen(ledger) == {"e1"}


WHO = st.sampled_from([LOGIN, CARD, ("loyalty", 7), ("login", 4)])
GRANTS = st.sampled_from(["c1", "c2"])
MINUTES = st.integers(0, 20)
TOLD = st.one_of(
    st.tuples(st.just(visit), WHO, MINUTES, GRANTS),
    st.tuples(st.just(visit), WHO, MINUTES, GRANTS),
    st.tuples(st.just(known_as), WHO, MINUTES, st.sampled_from(["till", "poster"])),
    st.tuples(st.just(said), WHO, MINUTES, st.sampled_from(["granted", "withdrawn"]), GRANTS, MINUTES),
    st.tuples(st.just(said), WHO, MINUTES, st.just("withdrawn"), GRANTS, MINUTES),
    st.tuples(st.just(identify), st.sets(WHO, min_size=2, max_size=2).map(sorted), MINUTES),
)


def _told(number: int, one: tuple[Any, ...]) -> Event:
    make: Callable[..., Event]
    make, who, minute, *rest = one
    if make is known_as:
        return known_as(number, [who], minute, rest[0])
    if make is said:
        state, grant, effective = rest
        return said(number, who, minute, state, grant, effective_at=f"2025-06-01T00:{effective:02d}:00Z")
    return make(number, who, minute, *rest)


def permitted_of(events: Sequence[Event]) -> list[Event]:
    """The events that may count, and who belongs together: person by person, statement by statement."""
    person_of: dict[str, str] = {person["key"]: person["key"] for one in events for person in one["persons"]}
    for one in events:
        if one["type"] == "touchline.identify.v1":
            ends = {person_of[person["key"]] for person in one["persons"]}
            person_of = {key: min(ends) if of in ends else of for key, of in person_of.items()}

    def is_permitted(event: Event) -> bool:
        of_person = of_grant = "granted"
        statements = [one for one in events if "state" in one and _person(one) == _person(event)]
        for one in sorted(statements, key=lambda one: (one["effective_at"], one["state"] == "withdrawn")):
            if one["effective_at"] <= event["time"]:
                of_person = one["state"]
                of_grant = one["state"] if one["consent_id"] == event["consent"]["id"] else of_grant
        return "withdrawn" not in (of_person, of_grant)

    def _person(one: Event) -> str:
        return person_of[one["persons"][0]["key"]]

    return [one for one in events if "state" not in one and (one["source"] != "web" or is_permitted(one))]


def tables_of_the_permitted(events: Iterable[Event]) -> list[tuple[Any, ...]]:
    """What readers see where these events come alone, in order of time."""
    with quick_folder() as folder:
        return journey_rows(settled(sorted(permitted_of([*events]), key=lambda one: one["time"]), folder))


@pytest.mark.parametrize("every", [1, kept.EVERY])
@settings(max_examples=100, deadline=None, phases=set(Phase) - {Phase.shrink}, suppress_health_check=list(HealthCheck))
@given(
    st.lists(TOLD, min_size=3, max_size=14),
    st.randoms(use_true_random=False),
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(1, 3),
            st.sampled_from([True, True, False]),
            st.sampled_from([""] * 6 + ["close", "kill", "lose state"]),
        ),
        min_size=4,
        max_size=12,
    ),
)
def test_tables_are_those_of_the_permitted_events_alone_whatever_happens_on_the_way(
    every: int,
    told: list[tuple[Any, ...]],
    random: Any,
    steps: list[tuple[int, int, bool, str]],
) -> None:
    events = [_told(number, one) for number, one in enumerate(told)]
    arriving = [*events, *random.sample(events, len(events) // 3)]
    random.shuffle(arriving)
    ledger = MemoryLedger()
    with quick_folder() as folder, patch.object(kept, "EVERY", every):  # states on the way after so many events
        workers = Workers(ledger, folder, records_by_partition(arriving))
        for number, count, is_ticked, accident in steps:
            workers.deliver(number, count)
            if is_ticked:
                workers.tick(number)
            if accident:
                workers.restart(number, accident)
        workers.finish()
    assert journey_rows(ledger) == tables_of_the_permitted(events)
    counted = fates(ledger)
    assert (counted["stored"], counted["received"]) == (len(events), len(arriving))
