"""Who withdrew the consent to be linked is not linked any more by whoever names it still: the persons are those of the links that count
alone, whatever comes first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.unit.processors.across import Known, identify, known_as, persons, settled
from tests.unit.processors.loop.partition import Event
from tests.unit.processors.loop.test_consent import CARD, COOKIE, LOGIN, said, visit
from tests.unit.processors.loop.two_partitions import Workers, records_by_partition
from tests.unit.processors.loop.world import SOURCES, journey_rows, quick_folder
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.steps import kept
from touchline.schemas.sources import Source, Sources

OTHER = ("login", 4)
PHONE = ("device", 7)


def together(number: int, who: Sequence[Known], minute: int, grant: str = "g1", **fields: Any) -> Event:
    """A visit under a grant that is for linking, too, and names several identifiers."""
    grants = {"id": grant, "purposes": ["analytics", "profiling"]}
    return known_as(number, who, minute, source="web", consent=grants) | fields


def stops(number: int, who: Known, minute: int, grant: str = "g1", **fields: Any) -> Event:
    """The person withdraws the consent to be linked."""
    return said(number, who, minute, "withdrawn", grant, purposes=["profiling"], **fields)


def allows(number: int, who: Known, minute: int, grant: str) -> Event:
    """The person consents to be linked."""
    return said(number, who, minute, "granted", grant, purposes=["profiling"])


STORY = [
    visit(1, CARD, 1),
    together(2, [LOGIN, CARD], 2),
    stops(3, LOGIN, 3),
    together(4, [LOGIN, COOKIE], 4),
    visit(5, COOKIE, 5),
]


@pytest.mark.parametrize("order", list(permutations(range(5))))
def test_after_a_withdrawal_an_event_that_names_the_old_grant_links_no_more_in_any_order(
    order: tuple[int, ...],
) -> None:
    with quick_folder() as folder:
        ledger = settled([STORY[place] for place in order], folder)
    assert persons(ledger) == {"e1": 2, "e2": 2, "e4": 2, "e5": 3}


def test_a_new_grant_lets_later_links_count_and_none_that_names_the_old_one(tmp_path: Path) -> None:
    told = [*STORY, allows(6, LOGIN, 6, "g2")]
    assert persons(settled([*told, together(7, [LOGIN, COOKIE], 7)], tmp_path / "old"))["e5"] == 3
    assert persons(settled([*told, together(7, [LOGIN, COOKIE], 7, "g2")], tmp_path / "new"))["e5"] == 2
    late = [*STORY, together(7, [LOGIN, COOKIE], 7, "g2"), allows(6, LOGIN, 6, "g2")]
    assert persons(settled(late, tmp_path / "late"))["e5"] == 2


def test_a_repeated_link_is_the_first_that_counts_where_the_grant_is_new(tmp_path: Path) -> None:
    told = [STORY[0], STORY[1], together(4, [LOGIN, CARD], 4), stops(3, LOGIN, 1), visit(9, CARD, 9)]
    ledger = MemoryLedger()
    events = [*told, allows(6, LOGIN, 6, "g2"), together(7, [LOGIN, CARD], 7, "g2")]
    log = records_by_partition(events)
    workers = Workers(ledger, tmp_path, log)
    workers.finish()
    assert persons(ledger) == {"e1": 2, "e2": 2, "e4": 2, "e7": 2, "e9": 2}
    assert persons(settled(told, tmp_path / "before")) == {"e1": 5, "e2": 2, "e4": 2, "e9": 5}


def test_a_withdrawal_on_one_device_holds_for_the_person_on_the_next_one(tmp_path: Path) -> None:
    """Each device has a grant of its own."""
    told = [
        together(1, [LOGIN, COOKIE], 1, "of the laptop"),
        stops(2, COOKIE, 2, "of the laptop"),
        together(3, [LOGIN, PHONE], 3, "of the phone"),
        visit(4, PHONE, 4, "of the phone"),
        visit(5, COOKIE, 5),
    ]
    assert persons(settled(told, tmp_path)) == {"e1": 2, "e3": 2, "e4": 7, "e5": 2}


def test_a_withdrawn_id_stays_withdrawn_for_whom_its_links_join_no_more(tmp_path: Path) -> None:
    told = [
        together(1, [LOGIN, CARD], 1),
        said(2, LOGIN, 2, "withdrawn", "g1", purposes=["analytics", "profiling"]),
        together(3, [LOGIN, COOKIE], 3),
        visit(4, COOKIE, 4, "g1"),
        visit(5, COOKIE, 5, "of the laptop"),
        visit(6, CARD, 6, "of the till"),
    ]
    assert persons(settled(told, tmp_path)) == {"e1": 2, "e5": 3}


def test_whoever_shares_a_device_with_somebody_who_withdrew_is_linked_as_before(tmp_path: Path) -> None:
    told = [
        together(1, [LOGIN, COOKIE], 1),
        stops(2, LOGIN, 2),
        together(3, [OTHER, COOKIE], 3, "of the other"),
        visit(4, COOKIE, 4, "of the other"),
        together(5, [OTHER, CARD], 5, "of the other"),
        visit(6, CARD, 6),
    ]
    assert persons(settled(told, tmp_path)) == {"e1": 2, "e3": 4, "e4": 4, "e5": 4, "e6": 4}


def test_links_of_other_legal_bases_and_of_statements_count_and_unlinks_too(tmp_path: Path) -> None:
    both = stops(4, LOGIN, 4, source="web")
    both["persons"] = [*both["persons"], *visit(0, COOKIE, 1)["persons"]]
    told = [stops(1, LOGIN, 1), identify(2, [LOGIN, CARD], 2), visit(3, CARD, 3), both, visit(5, COOKIE, 5)]
    assert persons(settled(told, tmp_path / "linked")) == {"e3": 2, "e5": 2}
    ends = identify(6, [LOGIN, CARD], 6, "unlink") | {"source": "web"}
    ends["consent"] = {"id": "g1", "purposes": ["analytics", "profiling"]}
    assert persons(settled([*told, ends], tmp_path / "apart")) == {"e3": 5, "e5": 2}


def test_a_withdrawal_of_all_purposes_and_a_revised_one_are_about_linking_from_their_own_time_on(
    tmp_path: Path,
) -> None:
    told = [STORY[0], STORY[1], together(4, [LOGIN, COOKIE], 4), visit(5, COOKIE, 5, "g5")]
    whole = said(3, LOGIN, 3, "withdrawn", "g1", purposes=[])
    assert persons(settled([*told, whole], tmp_path / "all")) == {"e1": 2, "e2": 2, "e5": 3}
    other = [*told, said(3, LOGIN, 3, "withdrawn", "g1", purposes=["contact_me"])]
    assert persons(settled(other, tmp_path / "other"))["e5"] == 2
    later = stops(3, LOGIN, 3, revision=1, effective_at="2025-06-01T00:05:00Z")
    assert persons(settled([*told, STORY[2], later], tmp_path / "later"))["e5"] == 2
    assert persons(settled([*told, later, STORY[2]], tmp_path / "first"))["e5"] == 2
    moved = stops(3, OTHER, 3, revision=1)
    assert persons(settled([*told, STORY[2], moved], tmp_path / "moved"))["e5"] == 2


@pytest.mark.parametrize("how", ["close", "kill", "lose state"])
@pytest.mark.parametrize("number", [0, 1])
def test_what_does_not_link_survives_the_end_of_a_worker_at_any_step(number: int, how: str, tmp_path: Path) -> None:
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
        assert persons(ledger) == {"e1": 2, "e2": 2, "e4": 2, "e5": 3}


def test_where_the_source_is_not_under_consent_any_more_its_links_count(tmp_path: Path) -> None:
    sources: Sources = {**SOURCES, "web": Source(legal_basis="contract")}
    ledger = MemoryLedger()
    Workers(ledger, tmp_path, records_by_partition(STORY), sources=sources).finish()
    assert persons(ledger)["e5"] == 2


WHO = st.sampled_from([LOGIN, CARD, ("loyalty", 7), OTHER, ("login", 9)])
PAIRS = st.lists(WHO, min_size=2, max_size=3, unique=True).map(sorted)
MINUTES, GRANTS = st.integers(0, 12), st.sampled_from(["g1", "g1", "g2"])
TOLD = st.one_of(
    st.tuples(st.just("visit"), WHO, MINUTES, GRANTS),
    st.tuples(st.just("together"), PAIRS, MINUTES, GRANTS),
    st.tuples(st.just("together"), PAIRS, MINUTES, GRANTS),
    st.tuples(st.just("identify"), PAIRS, MINUTES, GRANTS),
    st.tuples(st.just("withdrawn"), WHO, MINUTES, GRANTS, MINUTES),
    st.tuples(st.just("withdrawn"), WHO, MINUTES, GRANTS, MINUTES),
    st.tuples(st.just("granted"), WHO, MINUTES, GRANTS, MINUTES),
)


def _told(number: int, one: tuple[Any, ...]) -> Event:
    kind, who, minute, grant, *effective = one
    match kind:
        case "visit":
            return visit(number, who, minute, grant)
        case "together":
            return together(number, who, minute, grant)
        case "identify":
            return identify(number, who, minute)
    until = f"2025-06-01T00:{effective[0]:02d}:00Z"
    return said(number, who, minute, kind, grant, purposes=["profiling"], effective_at=until)


def of_links_that_count(events: Sequence[Event]) -> list[Event]:
    """The events, of which each names beside its own identifier only those that it may link: link by link in the order of time, by the
    persons that the links before it make. All identifiers name persons."""
    statements = sorted(
        (one for one in events if "state" in one), key=lambda one: (one["effective_at"], one["state"] == "withdrawn")
    )
    keys = {person["key"] for one in events for person in one["persons"]}
    component_of = _united({key: key for key in keys}, [_keys(one) for one in events])
    person_of, cut = {key: key for key in keys}, []
    for time in sorted({one["time"] for one in events}):
        before = person_of
        for one in events:
            if one["time"] != time:
                continue
            own, *others = _keys(one)
            linked = [own]
            for other in others:
                persons_ = {before[own], before[other]}
                of_persons = of_grant = "granted"
                for statement in statements:
                    (who,) = _keys(statement)
                    if statement["effective_at"] <= time and component_of[who] == component_of[own]:
                        of_persons = statement["state"] if before[who] in persons_ else of_persons
                        is_named = statement["consent_id"] == one.get("consent", {}).get("id")
                        of_grant = statement["state"] if is_named else of_grant
                if one["source"] != "web" or "withdrawn" not in (of_persons, of_grant):
                    linked.append(other)
            person_of = _united(person_of, [linked])
            cut.append(one | {"persons": [person for person in one["persons"] if person["key"] in linked]})
    return cut


def _keys(one: Event) -> list[str]:
    return [person["key"] for person in one["persons"]]


def _united(label: dict[str, str], groups: Sequence[Sequence[str]]) -> dict[str, str]:
    for group in groups:
        of_group = {label[key] for key in group}
        label = {key: min(of_group) if of in of_group else of for key, of in label.items()}
    return label


@pytest.mark.parametrize("every", [1, kept.EVERY])
@settings(max_examples=60, deadline=None, phases=set(Phase) - {Phase.shrink}, suppress_health_check=list(HealthCheck))
@given(
    st.lists(TOLD, min_size=4, max_size=12),
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
def test_persons_are_those_of_the_links_that_count_alone_whatever_happens_on_the_way(
    every: int, told: list[tuple[Any, ...]], random: Any, steps: list[tuple[int, int, bool, str]]
) -> None:
    events = [_told(number, one) for number, one in enumerate(told)]
    arriving = [*events, *random.sample(events, len(events) // 3)]
    random.shuffle(arriving)
    ledger = MemoryLedger()
    with quick_folder() as folder, patch.object(kept, "EVERY", every):
        workers = Workers(ledger, folder, records_by_partition(arriving))
        for number, count, is_ticked, accident in steps:
            workers.deliver(number, count)
            if is_ticked:
                workers.tick(number)
            if accident:
                workers.restart(number, accident)
        workers.finish()
    alone = [one for one in of_links_that_count(events) if "state" not in one]
    with quick_folder() as folder:
        assert journey_rows(ledger) == journey_rows(settled(alone, folder))
