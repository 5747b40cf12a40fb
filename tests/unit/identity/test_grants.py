"""Which links count after a withdrawal: by hand, and held to the definition, link by link, without the package's functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random

from hypothesis import given, settings, strategies as st

from tests.unit.identity.histories import card, identifiers, login, moments, visitor
from tests.unit.identity.oracle import person_at
from touchline.identity.components import components
from touchline.identity.grants import Told, counting
from touchline.identity.links import History, Identifier, Link, Pair, pair_of
from touchline.identity.persons import persons_of

DEVICES = {"anonymous"}
LINKING = "linking"
ANNA, BOB = login(1), login(2)


def stated(time_us: int, one: Identifier, other: Identifier, grant: str = "") -> tuple[Link, Told]:
    """A link, and the event that says it; it rests on a grant if that is named."""
    event = ("web", f"{time_us} {one.key} {other.key} {one.type} {other.type} {grant}")
    return Link(time_us, event, one, other), Told(event, one, time_us, grant, {LINKING} if grant else (), bool(grant))


def said(
    state: str,
    from_us: int,
    who: Identifier,
    grant: str,
    purposes: Collection[str] = (LINKING,),
    time_us: int | None = None,
) -> Told:
    """A statement about a consent."""
    time_us = from_us if time_us is None else time_us
    return Told(("web", f"{state} {from_us} {who} {grant}"), who, time_us, grant, purposes, False, state, from_us)


def withdrawn(from_us: int, who: Identifier, grant: str, *purposes: str) -> Told:
    return said("withdrawn", from_us, who, grant, purposes or (LINKING,))


def granted(from_us: int, who: Identifier, grant: str) -> Told:
    return said("granted", from_us, who, grant)


def linked(links: Sequence[Link], told: Collection[Told]) -> dict[Pair, list[int]]:
    """What `counting` finds among these links."""
    found = components(History(links), 99)
    persons = persons_of({*found.component_of, *(one.identifier for one in told)}, found.links, DEVICES)
    return counting(found.links, links, told, persons, LINKING, DEVICES)


def counts(links: Sequence[tuple[Link, Told]], *statements: Told) -> list[int]:
    """The times of the links that count."""
    only = [link for link, _ in links]
    told = [*(told for _, told in links), *statements]
    found = linked(only, told)
    return sorted(time_us for times_us in found.values() for time_us in times_us)


def test_without_a_withdrawal_all_links_count() -> None:
    links = [stated(1, ANNA, visitor(1), "g1"), stated(5, ANNA, visitor(2), "g1")]
    assert counts(links) == counts(links, granted(0, ANNA, "g1")) == [1, 5]


def test_a_withdrawal_ends_later_links_that_name_its_grant_and_earlier_ones_stay() -> None:
    links = [stated(1, ANNA, visitor(1), "g1"), stated(5, ANNA, visitor(2), "g1"), stated(9, ANNA, visitor(3), "g1")]
    assert counts(links, withdrawn(5, ANNA, "g1")) == [1]
    assert counts(links, withdrawn(6, ANNA, "g1")) == [1, 5]


def test_the_statement_may_stand_under_whichever_identifier_of_the_component() -> None:
    links = [stated(1, ANNA, visitor(1), "g1"), stated(5, ANNA, visitor(2), "g1")]
    for who in (ANNA, visitor(1), visitor(2)):
        assert counts(links, withdrawn(3, who, "g1")) == [1]


def test_a_withdrawal_under_one_identifier_holds_for_the_person_whatever_grant_is_named() -> None:
    links = [stated(1, ANNA, visitor(1), "g1"), stated(5, ANNA, visitor(2), "g2")]
    assert counts(links, withdrawn(3, visitor(1), "g1")) == [1]


def test_two_on_one_device_do_not_withdraw_for_each_other_though_their_grants_have_one_id() -> None:
    links = [stated(1, ANNA, visitor(1)), stated(3, BOB, visitor(1)), stated(7, ANNA, card(1), "g1")]
    assert counts(links, said("withdrawn", 2, visitor(1), "g1", time_us=5)) == [1, 3, 7]
    assert counts(links, said("withdrawn", 2, visitor(1), "g1", time_us=2)) == [1, 3]


def test_two_keys_of_one_identifier_are_one_whatever_is_withdrawn() -> None:
    anew = ANNA._replace(key="k2:00001")
    links = [stated(5, anew, ANNA, "g1"), stated(6, anew, visitor(1), "g1")]
    assert counts(links, withdrawn(3, ANNA, "g1")) == [5]


def test_links_of_the_others_stay_though_a_link_that_does_not_count_names_both() -> None:
    links = [
        stated(1, ANNA, visitor(1), "g1"),
        stated(5, ANNA, BOB, "g1"),
        stated(6, BOB, visitor(2), "of bob"),
        stated(7, ANNA, visitor(3), "g1"),
    ]
    assert counts(links, withdrawn(3, ANNA, "g1")) == [1, 6]


def test_who_logs_in_on_the_device_of_somebody_who_withdrew_has_not_withdrawn() -> None:
    links = [stated(1, ANNA, visitor(1), "g1"), stated(5, BOB, visitor(1), "of bob"), stated(7, ANNA, visitor(1), "g9")]
    assert counts(links, withdrawn(3, ANNA, "g1")) == [1, 5]
    assert counts(links, withdrawn(3, visitor(1), "g1")) == [1, 5]


def test_a_withdrawal_on_a_device_before_anybody_logged_in_is_of_who_logs_in_first() -> None:
    links = [stated(5, ANNA, visitor(1), "g1")]
    assert counts(links, withdrawn(3, visitor(1), "of the device")) == []
    assert counts(links, withdrawn(3, visitor(1), "of the device"), granted(4, ANNA, "g1")) == [5]


def test_a_new_grant_lets_later_links_count_but_none_that_names_the_withdrawn_one() -> None:
    links = [stated(5, ANNA, visitor(1), "g2"), stated(8, ANNA, visitor(2), "g2"), stated(9, ANNA, visitor(3), "g1")]
    told = [withdrawn(3, ANNA, "g1"), granted(7, ANNA, "g2")]
    assert counts(links, *told) == [8]
    assert counts(links, withdrawn(3, ANNA, "g1"), granted(7, ANNA, "g1")) == [8, 9]


def test_at_the_same_time_the_withdrawal_wins() -> None:
    links = [stated(5, ANNA, visitor(1), "g2")]
    assert counts(links, withdrawn(3, ANNA, "g1"), granted(3, ANNA, "g2")) == []


def test_a_withdrawal_without_purposes_is_about_all_of_its_grant_and_others_are_not_about_linking() -> None:
    links = [stated(1, ANNA, visitor(1), "g1"), stated(5, ANNA, visitor(2), "g1")]
    assert counts(links, said("withdrawn", 3, ANNA, "g1", ())) == [1]
    assert counts(links, said("withdrawn", 3, ANNA, "unknown", ())) == [1, 5]
    assert counts(links, said("withdrawn", 3, ANNA, "g1", ("analytics",))) == [1, 5]


def test_links_that_rest_on_no_grant_count_and_so_does_what_one_of_two_events_at_once_may_say() -> None:
    links = [stated(5, ANNA, visitor(1)), stated(5, ANNA, visitor(1), "g1"), stated(6, ANNA, visitor(2), "g1")]
    assert counts(links, withdrawn(3, ANNA, "g1")) == [5]
    two = [stated(5, ANNA, visitor(1), "g1"), stated(5, visitor(1), ANNA, "g2"), stated(9, ANNA, card(1))]
    assert counts(two, withdrawn(3, card(1), "g1")) == [5, 9]
    assert counts(two, withdrawn(3, card(1), "g1"), withdrawn(4, card(1), "g2")) == [9]


def test_a_link_whose_event_is_not_known_does_not_count_where_its_person_withdrew() -> None:
    (link, _), known = stated(5, ANNA, visitor(1)), stated(1, ANNA, visitor(2), "g1")
    links = [link, known[0]]
    told = [known[1], withdrawn(3, ANNA, "g1")]
    assert linked(links, told) == {pair_of(ANNA, visitor(2)): [1]}


GRANTS = st.sampled_from(["", "g1", "g1", "g2"])
STATED = st.builds(stated, moments, identifiers, identifiers, GRANTS)
STATEMENTS = st.builds(
    said,
    st.sampled_from(["withdrawn", "withdrawn", "granted"]),
    moments,
    identifiers,
    st.sampled_from(["g1", "g2", "g3"]),
    st.sampled_from([(LINKING,), (LINKING,), (), ("analytics",)]),
    moments,
)


def by_definition(links: Sequence[tuple[Link, Told]], statements: Sequence[Told]) -> set[tuple[int, Pair]]:
    """Link by link in order of time, the persons made anew for each from the links before it that count."""
    all_links = [one for one in links if one[0].one != one[0].other]
    told = [*statements, *(told for _, told in links)]
    counted: list[Link] = []

    def by_all(identifier: Identifier, at_us: int) -> Identifier:
        return person_at(History([link for link, _ in all_links]), set(), DEVICES, identifier, at_us)

    for time_us in sorted({link.time_us for link, _ in all_links}):
        before = History(list(counted))

        def whose(identifier: Identifier, at_us: int, before: History = before) -> Identifier:
            return person_at(before, set(), DEVICES, identifier, at_us)

        for link, event in all_links:
            if link.time_us != time_us:
                continue
            ends = sorted((link.one, link.other), key=lambda one: one.type in DEVICES)
            persons = {whose(end, time_us) for end in ends}
            if [end.type in DEVICES for end in ends] == [False, True]:
                is_used = whose(ends[1], time_us).type not in DEVICES
                persons = {whose(ends[0], time_us)} if is_used else persons
            of_grant = [
                one for one in told if by_all(one.identifier, one.time_us) in {by_all(end, time_us) for end in ends}
            ]
            of_persons = [one for one in told if whose(one.identifier, one.time_us) in persons]
            is_withdrawn = _is_withdrawn(of_persons, told, time_us) or _is_withdrawn(
                [one for one in of_grant if one.grant == event.grant], told, time_us
            )
            if not event.rests or not is_withdrawn:
                counted.append(link)
    return {(link.time_us, pair_of(link.one, link.other)) for link in counted}


def _is_withdrawn(some: Sequence[Told], told: Sequence[Told], time_us: int) -> bool:
    """Whether the newest statement of these about linking takes it back."""
    state = "granted"
    for one in sorted(some, key=lambda one: (one.from_us, one.state)):  # granted before withdrawn
        stands_for = {
            purpose
            for other in told
            if other.grant == one.grant and other.state != "withdrawn"
            for purpose in other.purposes
        }
        if one.state and one.from_us <= time_us and LINKING in (one.purposes or stands_for):
            state = one.state
    return state == "withdrawn"


@settings(max_examples=300)
@given(
    st.lists(STATED, min_size=4, max_size=12),
    st.lists(STATEMENTS, min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_links_that_count_are_those_of_the_definition_in_any_order_and_repetition(
    links: list[tuple[Link, Told]], statements: list[Told], random: Random
) -> None:
    wanted = by_definition(links, statements)
    mixed = [*links, *links[:3]]
    random.shuffle(mixed)
    told = [*(told for _, told in mixed), *statements, *statements[:2]]
    random.shuffle(told)
    only = [link for link, _ in mixed]
    counted = linked(only, told)
    assert {(time_us, pair) for pair, times_us in counted.items() for time_us in times_us} == wanted
    assert all(times_us == sorted(set(times_us)) for times_us in counted.values())
