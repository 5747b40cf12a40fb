"""Who is meant: all that is one person's, of shared devices the person's times, and nothing of others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from touchline.erasure.values import BEFORE_ALL_US, Subject, Target, whole_of
from touchline.erasure.whom import Faults, Named, one_each, targets_of, united
from touchline.errors import WrongUsage
from touchline.identity.links import Identifier
from touchline.identity.persons import TimeLine
from touchline.person.evidence import moment_of, time_us
from touchline.person.values import Belonging, Evidence, Holding, Hub, PersonIdentifier, SharedDevice

UNTIL = 10_000
START = datetime(2026, 3, 1, tzinfo=UTC)


def identifier(key: str, kind: str = "login", person: str | None = "jane") -> PersonIdentifier:
    return PersonIdentifier(key, kind, [person] if person else ["jane", "john"], person, 1, START, START, None)


def person(
    identifiers: Sequence[PersonIdentifier],
    shared: Sequence[SharedDevice] = (),
    evidence: Sequence[Evidence] = (),
    hubs: Sequence[Hub] = (),
    asked: str = "jane",
) -> Belonging:
    kind = next(one.type for one in identifiers if one.identifier == asked)
    return Belonging(asked, kind, ["jane"], identifiers, evidence, hubs, shared)


def link(one: str, other: str, other_kind: str) -> Evidence:
    return Evidence(START, "link", "crm", "e1", "", one, "login", other, other_kind, START, "in force")


def shared(*holdings: tuple[int, str]) -> SharedDevice:
    return SharedDevice("tablet", "device", [Holding(moment_of(at), who) for at, who in holdings], {})


def test_every_identifier_that_is_this_persons_alone_is_meant_and_no_other() -> None:
    found = targets_of(
        person([identifier("jane"), identifier("card", "loyalty"), identifier("john", "login", "john")]), UNTIL
    )
    assert found == [
        Target("card", "loyalty", BEFORE_ALL_US, UNTIL),
        Target("jane", "login", BEFORE_ALL_US, UNTIL),
    ]


def test_of_a_shared_device_the_times_are_meant_in_which_it_was_this_persons() -> None:
    identifiers = [identifier("jane"), identifier("tablet", "device", None)]
    found = targets_of(person(identifiers, [shared((100, "jane"), (200, "john"), (300, "jane"))]), UNTIL)
    assert [one[2:] for one in found if one.identifier == "tablet"] == [(BEFORE_ALL_US, 199), (299, UNTIL)]
    of_another = targets_of(person(identifiers, [shared((100, "john"), (200, "jane"))]), UNTIL)
    assert [one[2:] for one in of_another if one.identifier == "tablet"] == [(199, UNTIL)]


def test_a_time_that_begins_after_the_end_of_the_request_is_not_meant() -> None:
    identifiers = [identifier("jane"), identifier("tablet", "device", None)]
    found = targets_of(person(identifiers, [shared((100, "john"), (UNTIL + 1, "jane"))]), UNTIL)
    assert [one.identifier for one in found] == ["jane"]


@given(
    st.lists(st.integers(1, 12_000), min_size=2, max_size=6, unique=True).map(sorted),
    st.integers(0, 12_500),
)
def test_an_event_of_a_shared_device_is_meant_exactly_where_the_time_line_gives_it_to_the_person(
    starts: list[int], event_us: int
) -> None:
    names = ["jane" if place % 2 else "john" for place in range(len(starts))]
    line = TimeLine(tuple(starts), tuple(Identifier(0, "login", one) for one in names))
    device = shared(*zip(starts, names, strict=True))
    found = targets_of(person([identifier("jane"), identifier("tablet", "device", None)], [device]), UNTIL)
    is_meant = any(one.after_us < event_us <= one.until_us for one in found if one.identifier == "tablet")
    assert is_meant is (event_us > 0 and event_us <= UNTIL and line.at(event_us).key == "jane")
    assert all(time_us(one.since) in starts for one in device.holdings)


def test_a_shared_device_names_no_person() -> None:
    asked = person([identifier("tablet", "device", None)], [shared((1, "jane"), (2, "john"))], asked="tablet")
    with pytest.raises(WrongUsage, match="shared device"):
        targets_of(asked, UNTIL)


def test_a_household_and_a_hub_name_no_person() -> None:
    with pytest.raises(WrongUsage, match="household"):
        targets_of(person([identifier("home", "household", "home")], asked="home"), UNTIL)
    with pytest.raises(WrongUsage, match="hub"):
        targets_of(person([identifier("jane")], hubs=[Hub("jane", "login", 99)]), UNTIL)


def test_a_household_and_a_hub_that_are_linked_with_the_person_are_told_and_stay() -> None:
    evidence = [link("jane", "home", "household"), link("jane", "none", "mail"), link("jane", "card", "loyalty")]
    jane = person([identifier("jane"), identifier("card", "loyalty")], (), evidence, [Hub("none", "mail", 99)])
    found = united([(jane, targets_of(jane, UNTIL))], (), Named(["jane"]), UNTIL)
    assert found.left == ["household", "mail (a hub)"]
    assert found.identifiers == ["card", "jane"]


def test_keys_of_before_a_rotation_are_meant_although_no_event_names_them() -> None:
    jane = person([identifier("jane")])
    found = united(
        [(jane, targets_of(jane, UNTIL))], ["jane", "jane of before"], Named(["jane"], "login", "Jane"), UNTIL
    )
    assert found.targets == [
        Target("jane", "login", BEFORE_ALL_US, UNTIL),
        Target("jane of before", "login", BEFORE_ALL_US, UNTIL),
    ]
    assert found.raw == ("Jane",)


def test_two_names_of_one_person_are_one_person_and_two_users_of_a_tablet_are_two() -> None:
    tablet = [Target("tablet", "device", 0, 5), Target("tablet", "device", 5, 9)]
    jane = Subject([Target("jane", "login", 0, 9), tablet[0]], ("Jane",))
    card = Subject([Target("card", "loyalty", 0, 9), Target("jane", "login", 0, 9)], ("4711",))
    john = Subject([Target("john", "login", 0, 9), tablet[1]])
    found = one_each([jane, john, card])
    assert [one.raw for one in found] == [(), ("Jane", "4711")]
    assert [one.identifiers for one in found] == [["john", "tablet"], ["card", "jane", "tablet"]]


def test_of_a_device_only_the_first_times_of_which_were_the_persons_not_all_is_meant() -> None:
    found = targets_of(
        person([identifier("jane"), identifier("tablet", "device", None)], [shared((1, "jane"), (9, "john"))]), UNTIL
    )
    assert whole_of(found) == {"jane"}
    assert Target("tablet", "device", BEFORE_ALL_US, 8) in found


NAMES = ("ada", "bob", "cleo", "dora", "eve", "tablet")
SUBJECTS = st.lists(
    st.builds(
        lambda whole, partly: Subject(
            sorted(
                {*(Target(one, "login", 0, UNTIL) for one in whole), *(Target(one, "device", 5, 9) for one in partly)}
            ),
            tuple(sorted(whole)),
        ),
        st.sets(st.sampled_from(NAMES), min_size=1, max_size=2),
        st.sets(st.sampled_from(NAMES), max_size=2),
    ),
    max_size=8,
)


@given(SUBJECTS)
def test_names_are_one_person_exactly_where_identifiers_that_are_meant_as_a_whole_lead_from_one_to_the_other(
    subjects: list[Subject],
) -> None:
    """Compared with adding one after the other."""
    expected: list[Subject] = []
    for added in subjects:
        same = [one for one in expected if whole_of(one.targets) & whole_of(added.targets)]
        targets = sorted({target for one in (*same, added) for target in one.targets})
        expected = [*(one for one in expected if one not in same), Subject(targets)]
    found = one_each(subjects)
    assert [one.targets for one in found] == [one.targets for one in expected]
    assert sorted({value for one in found for value in one.raw}) == sorted(
        {value for one in subjects for value in one.raw}
    )


def test_what_is_wrong_with_a_file_is_told_by_its_lines_all_at_once_and_the_first_twenty_in_full() -> None:
    faults = Faults()
    faults.raise_any()
    for line in range(1, 24):
        with faults.of(Named(["k1:secret"], "login", "jane@example.org", line)):
            raise WrongUsage("that is a shared device", "name one of them")
    with pytest.raises(WrongUsage) as told:
        faults.raise_any()
    assert told.value.what.splitlines()[:2] == ["line 1: that is a shared device", "line 2: that is a shared device"]
    assert told.value.what.splitlines()[19:] == ["line 20: that is a shared device", "and 3 more lines"]
    assert told.value.hint == "name one of them"
    alone = Faults()
    alone.add(0, WrongUsage("that is a hub", "name another"))
    with pytest.raises(WrongUsage, match=r"^that is a hub$"):
        alone.raise_any()
