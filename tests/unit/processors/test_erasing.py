"""Who is erased leaves every journey and stays away, whichever came first: the request, the events, or their versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.support.erasures import SECRET, request
from tests.unit.processors.across import Known, identify, known_as, persons
from tests.unit.processors.loop.partition import Event
from tests.unit.processors.loop.two_partitions import PARTITIONS, Workers, receipt, records_by_partition
from tests.unit.processors.loop.world import fates, journey_rows, person_key, quick_folder
from touchline.processors.ledger.ledger import ErasureRequest
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import value_of
from touchline.processors.state.erasures import ANONYMISE, ERASE
from touchline.schemas.erasure import ERASED_PREFIX
from touchline.schemas.times import parse_time

LOGIN, COOKIE, CARD = ("login", 2), ("anonymous", 3), ("loyalty", 5)
"""Jane has a login in partition 0 and a cookie in partition 1; the card is another person's, in partition 1."""


def at(minute: int) -> int:
    """Microseconds of that minute."""
    return parse_time(known_as(0, [LOGIN], minute)["time"])


def requests_of(who: Sequence[Known], minute: int, how: str = ERASE, number: int = 1) -> list[ErasureRequest]:
    """Everything of these identifiers up to that minute."""
    return [
        request(place, person_key(key), at(minute), how=how, identifier_type=kind)
        for place, (kind, key) in enumerate(who, number)
    ]


class World(NamedTuple):
    """A ledger and the workers of its two partitions."""

    ledger: MemoryLedger
    workers: Workers

    def come(self, count: int = 1_000) -> None:
        """So many records of each partition, and ticks until nothing waits."""
        for number in range(PARTITIONS):
            self.workers.deliver(number, count)
        self.rest()

    def rest(self) -> None:
        for number in [*range(PARTITIONS)] * 8:
            self.workers.tick(number)


def world(events: Sequence[Event], folder: Path) -> World:
    ledger = MemoryLedger()
    return World(ledger, Workers(ledger, folder, records_by_partition(events)))


def standing(ledger: MemoryLedger, name: str, *kinds: str) -> Counter[Any]:
    """How often a column has which value, of rows that stand."""
    return Counter(value_of(row, name) for kind in kinds for row in ledger.standing(kind))


STORY = [
    known_as(1, [COOKIE], 1),
    identify(2, [LOGIN, COOKIE], 2),
    receipt(3, 2, 3),
    known_as(4, [CARD], 4),
    identify(5, [CARD, COOKIE], 5),
    known_as(6, [LOGIN], 20),
]
JANES = requests_of([LOGIN, COOKIE], 10)


def test_a_person_over_two_partitions_leaves_journeys_links_and_fates(tmp_path: Path) -> None:
    ledger, workers = of = world(STORY, tmp_path)
    of.come()
    assert persons(ledger) == {"e1": 2, "e3": 2, "e4": 5, "e6": 2}
    ledger.erasures.extend(JANES)
    of.rest()
    assert persons(ledger) == {"e4": 5, "e6": 2}
    assert not ledger.standing("link")
    assert fates(ledger) == {"received": 6, "stored": 3, "erased": 3}
    workers.close()
    marks = {row["stream"]: value_of(row, "erasure") for row in ledger.asserted("mark")}
    assert set(marks.values()) == {2}


def test_what_is_sent_again_is_erased_on_arrival_and_leaves_nothing_that_names_anybody(tmp_path: Path) -> None:
    of = world([*STORY, *STORY[:3]], tmp_path)
    for number, records in enumerate(records_by_partition(STORY)):
        of.workers.deliver(number, len(records))
    of.rest()
    of.ledger.erasures.extend(JANES)
    of.rest()
    before = journey_rows(of.ledger)
    of.come()
    assert journey_rows(of.ledger) == before
    assert fates(of.ledger) == {"received": 9, "stored": 3, "erased": 6}
    hidden = [row for row in of.ledger.standing("received") if row["event_id"].startswith(ERASED_PREFIX)]
    assert {row["event_id"] for row in hidden} == {SECRET.hidden_id("shop", f"e{number}") for number in (1, 2, 3)}
    named = {"identifier", "linked_identifier", "person", "payload", "order_id", "consent_id", "properties", "comment"}
    assert not [value_of(row, name) for row in hidden for name in named if value_of(row, name)]
    of.workers.close()


def test_a_done_request_still_keeps_them_away(tmp_path: Path) -> None:
    of = world(STORY, tmp_path)
    of.ledger.erasures.extend(one._replace(identifier="", identifier_type="") for one in JANES)
    of.come()
    assert persons(of.ledger) == {"e4": 5, "e6": 2}
    assert not of.ledger.standing("link")
    of.workers.close()


@pytest.mark.parametrize("how", ["close", "kill", "lose state", "kept state"])
@pytest.mark.parametrize("is_known_before", [True, False])
def test_a_late_lesser_version_stays_away(how: str, is_known_before: bool, tmp_path: Path) -> None:
    of = world([known_as(2, [LOGIN], 3, revision=1), known_as(2, [], 3, key="e2")], tmp_path)
    if is_known_before:
        of.ledger.erasures.extend(JANES)
    of.workers.deliver(0, 1)
    of.rest()
    of.ledger.erasures[:] = JANES
    of.rest()
    of.workers.restart(0, how)
    of.come()
    assert persons(of.ledger) == {}
    assert fates(of.ledger)["erased"] == 1
    of.workers.close()


def test_the_version_that_was_set_aside_does_not_come_back(tmp_path: Path) -> None:
    told = [
        known_as(2, [LOGIN], 3, place="a"),
        known_as(2, [LOGIN], 3, place="b"),
        known_as(2, [COOKIE], 3, place="c", revision=1),
        known_as(2, [LOGIN], 3, place="a"),
    ]
    of = world(told, tmp_path)
    of.come()
    of.ledger.erasures.extend(JANES)
    of.rest()
    assert fates(of.ledger) == {"received": 4, "erased": 4}
    assert persons(of.ledger) == {}
    of.workers.close()


@pytest.mark.parametrize("ticks", range(6))
def test_a_claim_that_waits_is_erased(ticks: int, tmp_path: Path) -> None:
    of = world([known_as(2, [LOGIN], 3, place="old"), known_as(2, [COOKIE], 3, place="new", revision=1)], tmp_path)
    of.workers.deliver(0, 1)
    of.workers.tick(0)
    of.workers.deliver(1, 1)
    for step in range(ticks):
        of.workers.tick(step % 2)
    of.ledger.erasures.extend(requests_of([LOGIN, COOKIE], 10))
    of.rest()
    places = [value_of(row, "place") for row in of.ledger.standing("attached")]
    assert places == []
    assert not of.ledger.standing("claim")
    assert sum(fates(of.ledger).values()) == 4
    assert fates(of.ledger).get("erased") == 2
    of.workers.close()


@pytest.mark.parametrize("corrected_in", [0, 1])
@pytest.mark.parametrize("asked_at", range(9))
def test_an_event_that_its_newest_version_gives_to_who_is_erased_counts_for_nobody(
    corrected_in: int, asked_at: int, tmp_path: Path
) -> None:
    """Whether the request came before the correction, while that waited, or when it counted: in its own partition or another one."""
    card: Known = ("loyalty", 4 + corrected_in)
    told = [known_as(2, [card], 3), known_as(2, [LOGIN], 3, revision=2), known_as(2, [card], 4, revision=1)]
    of = world(told, tmp_path)
    of.workers.deliver(corrected_in, 1)
    for step in range(9):
        if step == asked_at:
            of.ledger.erasures.extend(requests_of([LOGIN], 10))
        if step == 2:
            of.workers.deliver(0, 1)
        of.workers.tick(step % 2)
    of.come()
    assert persons(of.ledger) == {}
    assert fates(of.ledger) == {"received": 3, "superseded": 2, "erased": 1}
    assert not of.ledger.standing("claim")
    of.workers.close()


@pytest.mark.parametrize("how", ["close", "kill", "lose state"])
def test_a_correction_that_was_erased_before_it_came_names_nobody_and_waits_through_a_restart(
    how: str, tmp_path: Path
) -> None:
    of = world([known_as(2, [CARD], 3), known_as(2, [LOGIN, COOKIE], 3, revision=1, place="kiosk")], tmp_path)
    of.workers.deliver(1, 1)
    of.ledger.erasures.extend(JANES)
    of.rest()
    of.workers.deliver(0, 1)
    (waits,) = of.ledger.standing("received", lambda row: value_of(row, "reason") == "claim")
    (claim,) = of.ledger.standing("claim")
    assert (waits["fate"], waits["event_id"], claim["event_id"]) == ("erased", "e2", "e2")
    named = ("identifier", "identifier_type", "linked_identifier", "event_time", "place", "properties", "payload")
    assert not [name for row in (waits, claim) for name in named if value_of(row, name)]
    assert persons(of.ledger) == {"e2": 5}  # as with any claim, until all know of it
    of.workers.restart(0, how)
    of.workers.restart(1, how)
    of.come()
    assert persons(of.ledger) == {}
    assert fates(of.ledger) == {"received": 2, "superseded": 1, "erased": 1}
    of.workers.close()


def test_a_better_correction_than_an_erased_one_counts(tmp_path: Path) -> None:
    told = [known_as(2, [CARD], 3), known_as(2, [LOGIN], 3, revision=1), known_as(2, [CARD], 3, revision=2)]
    for order in ([0, 1, 2], [2, 1, 0], [0, 2, 1]):
        of = world([told[number] for number in order], tmp_path / str(order))
        of.ledger.erasures.extend(requests_of([LOGIN], 10))
        of.come()
        assert persons(of.ledger) == {"e2": 5}
        assert fates(of.ledger) == {"received": 3, "stored": 1, "superseded": 1, "erased": 1}
        of.workers.close()


@pytest.mark.parametrize("ticks", range(6))
def test_a_correction_that_waits_while_its_person_is_anonymised_counts_on_as_nobodys(
    ticks: int, tmp_path: Path
) -> None:
    told = [known_as(2, [CARD], 3, place="old"), known_as(2, [LOGIN, COOKIE], 3, place="new", revision=1)]
    of = world(told, tmp_path)
    of.workers.deliver(1, 1)
    of.workers.tick(1)
    of.workers.deliver(0, 1)
    for step in range(ticks):
        of.workers.tick(step % 2)
    of.ledger.erasures.extend(requests_of([LOGIN, COOKIE], 10, ANONYMISE))
    of.rest()
    (row,) = of.ledger.standing("attached")
    assert (row["place"], row["event_id"]) == ("new", SECRET.hidden_id("shop", "e2"))
    assert persons(of.ledger) == {row["event_id"]: -1}
    assert not of.ledger.standing("link")
    assert fates(of.ledger) == {"received": 2, "stored": 1, "superseded": 1}
    of.workers.close()


def test_a_claim_that_links_to_who_is_erased_settles_without_the_link(tmp_path: Path) -> None:
    told = [known_as(2, [CARD], 3), known_as(2, [("login", 4), COOKIE], 3, revision=1)]
    of = world(told, tmp_path)
    of.workers.deliver(1, 1)
    of.workers.tick(1)
    of.workers.deliver(0, 1)
    of.ledger.erasures.extend(requests_of([COOKIE], 10))
    of.rest()
    assert persons(of.ledger) == {"e2": 4}
    assert not of.ledger.standing("link")
    of.workers.close()


@pytest.mark.parametrize("ticks", range(5))
@pytest.mark.parametrize("how", [ERASE, ANONYMISE])
def test_who_waits_for_an_erased_version_hears_that_it_gave_way(how: str, ticks: int, tmp_path: Path) -> None:
    of = world([known_as(2, [LOGIN], 3), known_as(2, [CARD], 3, revision=1)], tmp_path)
    of.workers.deliver(0, 1)
    of.workers.tick(0)
    of.workers.deliver(1, 1)
    for step in range(ticks):
        of.workers.tick((step + 1) % 2)
    of.ledger.erasures.extend(requests_of([LOGIN], 10, how))
    of.rest()
    assert persons(of.ledger) == {"e2": 5}
    assert fates(of.ledger)["stored"] == 1
    of.workers.close()


def test_anonymised_events_count_on_as_nobodys_and_what_is_sent_again_is_erased(tmp_path: Path) -> None:
    of = world([*STORY, *STORY[:3]], tmp_path)
    asked = requests_of([LOGIN, COOKIE], 10, ANONYMISE)
    of.workers.deliver(0, 2)
    of.workers.deliver(1, 3)
    of.rest()
    of.ledger.erasures[:] = asked
    of.rest()
    of.come()
    hidden = [SECRET.hidden_id("shop", f"e{number}") for number in (1, 3)]
    assert persons(of.ledger) == {hidden[0]: -1, hidden[1]: -1, "e4": 5, "e6": 2}
    (bought,) = of.ledger.standing("attached", lambda row: row["event_id"] == hidden[1])
    assert (bought["amount_minor"], value_of(bought, "order_id"), bought["touchpoint"]) == (1_999, "", "till")
    assert not of.ledger.standing("link")
    assert fates(of.ledger) == {"received": 9, "stored": 6, "erased": 3}
    of.workers.close()


def test_a_correction_of_another_person_replaces_the_anonymised_version(tmp_path: Path) -> None:
    told = [known_as(2, [LOGIN], 3, place="old"), known_as(2, [CARD], 3, place="new", revision=1)]
    of = world(told, tmp_path)
    of.workers.deliver(0, 1)
    of.ledger.erasures.extend(requests_of([LOGIN], 10, ANONYMISE))
    of.rest()
    of.come()
    assert [value_of(row, "place") for row in of.ledger.standing("attached")] == ["new"]
    assert persons(of.ledger) == {"e2": 5}
    assert fates(of.ledger) == {"received": 2, "stored": 1, "superseded": 1}
    of.workers.close()


def test_of_a_shared_device_only_the_spans_of_the_erased_person_go(tmp_path: Path) -> None:
    bob = ("login", 4)
    told = [
        identify(1, [LOGIN, COOKIE], 10),
        known_as(2, [COOKIE], 12),
        identify(3, [bob, COOKIE], 20),
        known_as(4, [COOKIE], 22),
        identify(5, [LOGIN, COOKIE], 30),
        known_as(6, [COOKIE], 32),
    ]
    of = world(told, tmp_path)
    of.come()
    assert persons(of.ledger) == {"e2": 2, "e4": 4, "e6": 2}
    spans = [(-1, at(20) - 1), (at(30) - 1, at(60))]
    of.ledger.erasures.append(request(1, person_key(2), at(60)))
    of.ledger.erasures.extend(
        request(number, person_key(3), until_us, after_us=after_us, identifier_type="anonymous")
        for number, (after_us, until_us) in enumerate(spans, 2)
    )
    of.rest()
    assert persons(of.ledger) == {"e4": 4}
    assert standing(of.ledger, "event_id", "link") == {"e3": 1}
    of.workers.close()


# Each number is an event, before or after the end of the request; its versions may come under any identifier.
PEOPLE: list[list[Known]] = [[LOGIN, COOKIE], [CARD, ("login", 4)]]
LINKS: list[list[Known]] = [
    [LOGIN, COOKIE],
    [COOKIE, LOGIN],
    [("login", 4), CARD],
    [CARD, LOGIN],
    [("login", 4), COOKIE],
]


def told(number: int, identifier: int, revision: int, place: str) -> Event:
    # First versions under two keys are a sender's fault; a revision may give the event to somebody else.
    who = [*PEOPLE[number % 2], *PEOPLE[1 - number % 2]][identifier if revision else 0]
    return known_as(number, [who], 5 + 10 * number, "till" if number % 3 else "site", revision=revision, place=place)


events = st.one_of(
    st.builds(told, st.integers(0, 7), st.integers(0, 3), st.integers(0, 2), st.sampled_from("ab")),
    st.builds(
        lambda which, minute: identify(100 + 100 * which + minute, LINKS[which], minute),
        st.integers(0, len(LINKS) - 1),
        st.sampled_from([3, 33, 73]),
    ),
)


class Left(NamedTuple):
    """What the ledger tells once nothing waits any more."""

    journeys: list[tuple[Any, ...]]
    fates: dict[str, int]
    links: Counter[Any]
    named: Counter[Any]


def left_of(sent: Sequence[Event], asked: Sequence[ErasureRequest], place: int) -> Left:
    """The request comes after so many events; each is followed by a tick of both partitions."""
    with quick_folder() as folder:
        of = world(sent, folder)
        log = records_by_partition(sent)
        order = [records.index(record) for records in log for record in records]
        assert len(order) == len(sent)
        for count in range(len(sent) + 1):
            if count == place:
                of.ledger.erasures.extend(asked)
            for number in range(PARTITIONS):
                of.workers.deliver(number, 1)
                of.workers.tick(number)
        of.come()
        of.rest()
        of.workers.close()
    counted = [tuple((key, value) for key, value in row if key != "event_id") for row in journey_rows(of.ledger)]
    return Left(
        sorted(counted),
        fates(of.ledger),
        standing(of.ledger, "event_id", "link", "unlink", "claim"),
        standing(of.ledger, "identifier", "attached", "link", "unlink", "claim"),
    )


@settings(
    max_examples=60, deadline=None, phases=set(Phase) - {Phase.shrink}, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.lists(events, min_size=1, max_size=9), st.data())
def test_it_does_not_matter_whether_the_request_or_the_events_came_first(
    sent: list[Event], data: st.DataObject
) -> None:
    asked = requests_of(PEOPLE[0], 50)
    first = left_of(sent, asked, 0)
    other = left_of(sent, asked, data.draw(st.integers(1, len(sent))))
    assert other == first
    again = left_of(data.draw(st.permutations([*sent, *sent])), asked, data.draw(st.integers(0, 2 * len(sent))))
    assert (again.journeys, again.links, again.named) == (first.journeys, first.links, first.named)


def test_late_events_of_others_are_looked_for_and_leave_no_hidden_ids(tmp_path: Path) -> None:
    sent = [known_as(number, [CARD], number) for number in range(1, 9)]
    counts = []
    for asked in ([], requests_of([LOGIN], 60)):
        of = world(sent, tmp_path / str(len(asked)))
        of.ledger.erasures.extend(asked)
        of.come()
        counts.append(of.workers._loops[1]._acquirer.ids[1].count)
        of.workers.close()
    assert counts == [8, 8]
