"""What is read to invite, on ledgers of rows by hand: events that fall due or came since, asks that wait, asks whose time is over."""

from __future__ import annotations

from clickhouse_driver import Client

from tests.contract.sql.rows import mark, retraction
from tests.contract.sql.test_asking_facts import ASK, CARD, NOON_US, OTHER, ask_row, stored, visit
from touchline.schemas.times import US_PER_HOUR
from touchline.surveys.asks import StoredAsk
from touchline.surveys.invitations import Span
from touchline.surveys.server.inviting.reading import (
    BEFORE_ALL,
    Wanted,
    read_events,
    read_named,
    read_over,
    read_tops,
    read_waiting,
)

HOUR = US_PER_HOUR
INVITED = ASK._replace(way="invitation")


def names(client: Client, wanted: Wanted) -> list[str]:
    return [one.event_id for one in read_events(client, wanted, BEFORE_ALL)]


def test_events_of_the_span_come_in_order_page_by_page(empty_client: Client) -> None:
    declared = visit(15, CARD, 1, provenance="declared")
    gone = visit(16, CARD, 1)
    rows = [one for number, hour in ((11, 2), (12, 1), (13, 1.0000001), (14, 5)) for one in visit(number, CARD, hour)]
    stored(empty_client, *rows, *declared, *gone, retraction(gone[1]), *visit(17, "", 1), *visit(18, OTHER, 0))
    wanted = Wanted([Span(NOON_US, NOON_US + 2 * HOUR)], (), {})
    first = read_events(empty_client, wanted, BEFORE_ALL, 2)
    assert [one.event_id for one in first] == ["e12", "e13"]
    assert first[0].persons[0][1] == CARD
    last = first[-1]
    assert [
        one.event_id for one in read_events(empty_client, wanted, (last.time_us, last.source, last.event_id), 2)
    ] == ["e11"]


def test_events_are_found_by_their_names_as_far_as_they_stand(empty_client: Client) -> None:
    gone = visit(16, CARD, 1)
    stored(empty_client, *visit(15, CARD, 1), *gone, retraction(gone[1]), *visit(17, "", 1), *visit(18, OTHER, 0))
    source = gone[1]["source"]
    found = read_named(empty_client, {(source, f"e{number}") for number in (15, 16, 17, 99)} | {("elsewhere", "e18")})
    assert [(one.source, one.event_id, one.persons[0][1]) for one in found] == [(source, "e15", CARD)]
    assert read_named(empty_client, set()) == []


def test_an_event_that_comes_late_is_found_by_what_was_stored_since(empty_client: Client) -> None:
    stored(empty_client, *visit(11, CARD, 0), mark(90, 1, {"received": 1}))
    tops = read_tops(empty_client)
    later = [one | {"insert_number": 2} for one in visit(12, CARD, 0)]
    stored(empty_client, *later)
    every = [Span(NOON_US - HOUR, NOON_US + HOUR)]
    assert names(empty_client, Wanted((), every, tops)) == ["e12"]
    assert names(empty_client, Wanted((), every, {"another": 1})) == ["e11", "e12"]
    assert names(empty_client, Wanted((), (), tops)) == []


def test_asks_that_wait_are_those_sampled_to_be_invited_whose_time_is_not_over(empty_client: Client) -> None:
    asks = {
        "1": StoredAsk(INVITED, "sampled", NOON_US),
        "2": StoredAsk(INVITED, "invited", NOON_US),
        "3": StoredAsk(ASK, "sampled", NOON_US),  # whoever asked shows it
        "4": StoredAsk(INVITED._replace(expires_us=NOON_US + HOUR), "sampled", NOON_US),
    }
    rows = [
        ask_row(20 + number, one._replace(ask=one.ask._replace(id=name * 32)))
        for number, (name, one) in enumerate(asks.items())
    ]
    stored(empty_client, *rows)
    waiting = read_waiting(empty_client, "surveys", NOON_US + 2 * HOUR)
    assert [(one.ask.id, one.ask.way, one.disposition) for one in waiting] == [("1" * 32, "invitation", "sampled")]
    over = read_over(empty_client, "surveys", NOON_US + 2 * HOUR)
    assert [one.ask.id for one in over] == ["4" * 32]
    assert over[0].ask.expires_us == NOON_US + HOUR
    ended = ask_row(40, StoredAsk(ASK._replace(id="5" * 32), "complete", NOON_US))
    unending = ask_row(41, StoredAsk(ASK._replace(id="6" * 32), "shown", NOON_US), expires_at="never")
    stored(empty_client, ended, unending)
    assert len(read_over(empty_client, "surveys", NOON_US + 100 * HOUR)) == 4
