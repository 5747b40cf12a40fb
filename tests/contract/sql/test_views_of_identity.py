"""Who belongs together, as readers see it: on ledgers of rows by hand, and against the rules of touchline/identity."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count

from clickhouse_driver import Client
from hypothesis import HealthCheck, given, settings

from tests.contract.sql.conftest import empty
from tests.contract.sql.rows import DEFAULTS, NOON, Row, attached, choose_default_map, received, retraction, write
from tests.unit.identity.histories import histories
from touchline.identity.components import HubGuard
from touchline.identity.links import History, Identifier, Link, Newest, Unlink, changed_by
from touchline.sql.schema.reference import register_hub_neighbours

LOGIN, CARD, PHONE = "k1:login", "k1:card", "k1:phone"
MORNING = datetime(2026, 3, 1, 6, tzinfo=UTC)


def link(row_id: int, one: str, other: str, hour: int = 0, kind: str = "link", **values: object) -> Row:
    ends = {"identifier": one, "linked_identifier": other}
    types = {f"{end}_type": key.partition(":")[2].rstrip("0123456789") for end, key in ends.items()}
    at = {"event_time": MORNING + timedelta(hours=hour), "event_id": f"i{row_id}"}
    return DEFAULTS | {"kind": kind, "row_id": row_id} | ends | types | at | values


def in_force(client: Client) -> dict[str, int]:
    return dict(client.execute("SELECT event_id, is_in_force FROM journey.links"))


def test_identifiers_are_shown_with_the_person_under_whom_their_events_stand(empty_client: Client) -> None:
    choose_default_map(empty_client)
    rows = [
        *(received(number, "stored", number, identifier=key, identifier_type=kind)
          for number, (key, kind) in enumerate([(LOGIN, "login"), (CARD, "loyalty"), (CARD, "loyalty")], 1)),
        attached(11, identifier=LOGIN, person=LOGIN),
        attached(12, identifier=CARD, person=LOGIN, event_time=MORNING),
        attached(13, identifier=CARD, person=LOGIN),
        attached(14, identifier=CARD, person=CARD),
        retraction(attached(14, identifier=CARD, person=CARD)),
        attached(15, identifier=CARD, person=LOGIN, map="other"),
        attached(16),
    ]  # fmt: skip
    write(empty_client, rows)
    assert empty_client.execute("SELECT * FROM journey.identifiers ORDER BY identifier_type") == [
        (LOGIN, "login", LOGIN, 1, NOON, NOON, 0),
        (CARD, "loyalty", LOGIN, 2, MORNING, NOON, 0),
    ]


def test_an_identifier_keeps_its_type_when_a_version_of_its_events_counts_no_more(empty_client: Client) -> None:
    typed, bare = ({"identifier": CARD, "identifier_type": kind} for kind in ("loyalty", ""))
    moved = [received(1, "stored", 1, **typed), retraction(received(1, "stored", 1, **bare))]
    rows = [*moved, received(2, "stored", 2, **typed), attached(12, identifier=CARD, person=CARD)]
    of_journey = f"journey_api.journey_events(map = 'retail', map_version = 1, person = '{CARD}', cycle = 0)"
    for order in (rows, rows[::-1]):
        empty(empty_client)
        choose_default_map(empty_client)
        for one in order:  # each a part of its own
            write(empty_client, [one])
        for view in ("journey.identifiers", of_journey):
            assert empty_client.execute(f"SELECT identifier_type FROM {view}") == [("loyalty",)], view


def test_a_device_that_several_persons_share_has_a_row_for_each(empty_client: Client) -> None:
    choose_default_map(empty_client)
    write(empty_client, [attached(1, identifier=PHONE, person=LOGIN), attached(2, identifier=PHONE, person=CARD)])
    shared = "SELECT identifier FROM journey.identifiers GROUP BY identifier HAVING uniqExact(person) > 1"
    assert empty_client.execute(shared) == [(PHONE,)]


def test_a_link_is_in_force_until_an_unlink_at_its_time_or_later_and_erased_ones_are_not_shown(
    empty_client: Client,
) -> None:
    rows = [
        link(1, LOGIN, CARD, 1),
        link(2, CARD, LOGIN, 3, "unlink"),
        link(3, LOGIN, CARD, 3),
        link(4, LOGIN, CARD, 4),
        link(5, LOGIN, PHONE, 5),
        retraction(link(5, LOGIN, PHONE, 5)),
        link(7, PHONE, CARD, 6),
        link(8, CARD, CARD, 9),
        link(9, LOGIN, CARD, 9, "unlink"),
        retraction(link(9, LOGIN, CARD, 9, "unlink")),
    ]
    write(empty_client, rows)
    assert in_force(empty_client) == {"i1": 0, "i2": 0, "i3": 0, "i4": 1, "i7": 1, "i8": 0}
    assert empty_client.execute("SELECT * FROM journey.links WHERE event_id = 'i4'") == [
        (MORNING + timedelta(hours=4), "shop", "i4", "link", LOGIN, "login", CARD, "card", 1)
    ]


def test_hubs_are_those_with_more_neighbours_than_the_workers_allow(empty_client: Client) -> None:
    write(empty_client, [link(number, PHONE, f"k1:login{number:03}") for number in range(1, 52)])
    hubs = "SELECT identifier, identifier_type, neighbours FROM journey.hubs"
    assert empty_client.execute(hubs) == [(PHONE, "phone", 51)]
    assert register_hub_neighbours(empty_client, 51)
    assert empty_client.execute(hubs) == []
    assert register_hub_neighbours(empty_client, 20)
    assert not register_hub_neighbours(empty_client, 20)
    assert empty_client.execute(hubs) == [(PHONE, "phone", 51)]
    write(empty_client, [link(number + 100, PHONE, f"k1:login{number:03}", 1, "unlink") for number in range(1, 32)])
    assert empty_client.execute(hubs) == []


def test_a_household_is_no_hub_and_no_neighbour(empty_client: Client) -> None:
    register_hub_neighbours(empty_client, 1)
    write(
        empty_client,
        [*(link(number, "k1:household", f"k1:login{number}") for number in (1, 2)), link(3, "k1:login1", CARD)],
    )
    assert empty_client.execute("SELECT identifier FROM journey.hubs") == []


def test_the_links_of_a_person_are_those_of_all_identifiers_under_which_it_came(empty_client: Client) -> None:
    write(
        empty_client,
        [
            attached(1, identifier=CARD, person=LOGIN),
            link(2, PHONE, CARD),
            link(3, LOGIN, "k1:mail"),
            link(4, "k1:login2", "k1:mail2"),
        ],
    )
    of_person = "SELECT event_id FROM journey_api.person_links(person = '{}') ORDER BY event_id"
    assert empty_client.execute(of_person.format(LOGIN)) == [("i2",), ("i3",)]
    assert empty_client.execute(of_person.format("k1:mail2")) == [("i4",)]
    assert empty_client.execute(of_person.format("")) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
def test_views_show_what_the_rules_of_identity_find(engine_client: Client, history: History) -> None:
    empty(engine_client)
    write(engine_client, list(_rows(history)))
    newest = Newest()
    newest.learn(history)
    guard = HubGuard(newest, 1)
    register_hub_neighbours(engine_client, 1)
    pairs = {
        frozenset(row)
        for row in engine_client.execute(
            "SELECT identifier, linked_identifier FROM journey.links WHERE is_in_force = 1"
        )
    }
    named = changed_by(history)
    assert pairs == {frozenset((_key(one), _key(other))) for one in named for other in newest.neighbours(one)}
    hubs = {row[0] for row in engine_client.execute("SELECT identifier FROM journey.hubs")}
    assert hubs == {_key(one) for one in named if guard.is_hub(one)}


def _key(identifier: Identifier) -> str:
    return f"{identifier.type}:{identifier.key}"


def _rows(history: History) -> Iterable[Row]:
    numbers = count(1)
    said: list[Link | Unlink] = [*history.links, *history.unlinks]
    for one in said:
        kind = "link" if isinstance(one, Link) else "unlink"
        at = {"event_time": MORNING + timedelta(microseconds=one.time_us)}
        row = link(next(numbers), _key(one.one), _key(one.other), 0, kind, **at)
        yield row
        if any(
            erasure.identifier in (one.one, one.other) and erasure.covers(one.time_us) for erasure in history.erasures
        ):
            yield retraction(row)
