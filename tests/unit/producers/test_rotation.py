"""Persons stay who they are over a rotation of the person keys: senders link the keys of before, each once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.unit.processors.across import rows, settled
from tests.unit.processors.loop.world import SOURCES as SHOP, quick_folder
from touchline.producers.deliveries import OnDelivery
from touchline.producers.errors import OutboxFull
from touchline.producers.memory import InMemoryProducer
from touchline.producers.record import PreparedRecord
from touchline.schemas.identifiers import OlderKeys, PersonKeys
from touchline.schemas.sources import Source, Sources

NOW_US = 1_772_366_400_000_000
OLD = PersonKeys("k1", bytes(32))
NEW = PersonKeys("k2", bytes(range(32)), [OlderKeys(OLD, "2025-06-01T12:00:00Z")])
NEWEST = PersonKeys(
    "k3",
    bytes([7] * 32),
    [OlderKeys(PersonKeys("k2", bytes(range(32))), "2025-07-01T12:00:00Z"), OlderKeys(OLD, "2025-06-01T12:00:00Z")],
)
SOURCES: Sources = {**SHOP, "crm": Source(legal_basis="contract")}
WHO = [
    ("login", "ada"),
    ("mail", "ada@example.org"),
    ("loyalty", "4711"),
    ("anonymous", "c1"),
    ("device", "d1"),
    ("login", "ben"),
    ("crm", "9"),
    ("household", "h1"),
    ("household", "h2"),
]


def event(number: int, identifiers: Sequence[tuple[str, str]], **fields: Any) -> dict[str, Any]:
    return {
        "type": "touchline.touchpoint.v1", "id": f"e{number}", "source": "shop", "time": f"2025-06-01T10:{number:02}:00Z",
        "touchpoint": "site",
        "identifiers": list(identifiers), **fields,
    }  # fmt: skip


def emitted(keys: PersonKeys, events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    producer = InMemoryProducer(person_keys=keys, sources=SOURCES, clock_us=lambda: NOW_US)
    producer.emit_many(events)
    producer.close()
    return producer.events


def links_in(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in events if one["type"] == "touchline.identify.v1"]


def test_at_first_sight_a_link_of_both_keys_goes_before_the_event() -> None:
    link, first, second = emitted(
        NEW, [event(1, [("mail", "Ada@example.org")]), event(2, [("mail", "ada@example.org")])]
    )
    assert link["persons"] == [{"type": "mail", "key": one.key("mail", "ada@example.org")} for one in (NEW, OLD)]
    assert (link["type"], link["source"], link["time"]) == ("touchline.identify.v1", "shop", "2025-06-01T12:00:00Z")
    assert first["persons"] == second["persons"] == [{"type": "mail", "key": NEW.key("mail", "ada@example.org")}]


def test_without_older_keys_there_is_no_link() -> None:
    assert links_in(emitted(OLD, [event(1, WHO[:3])])) == []


def test_after_several_rotations_one_link_names_all_keys_of_before() -> None:
    (link,) = links_in(emitted(NEWEST, [event(1, WHO[:1])]))
    assert [one["key"].partition(":")[0] for one in link["persons"]] == ["k3", "k2", "k1"]
    assert link["time"] == "2025-07-01T12:00:00Z"


def test_whoever_makes_a_link_again_makes_the_same_event() -> None:
    hashed = []
    for clock in (NOW_US, NOW_US + 10**9):
        producer = InMemoryProducer(person_keys=NEW, sources=SOURCES, clock_us=lambda at=clock: at)
        producer.emit(event(1, WHO[:3]))
        producer.close()
        hashed.append(
            [{name: value for name, value in one.items() if name != "received_at"} for one in links_in(producer.events)]
        )
    assert hashed[0] == hashed[1]
    assert len({one["id"] for one in hashed[0]}) == 3


def test_each_source_links_by_itself_so_that_its_own_term_and_basis_hold() -> None:
    links = links_in(
        emitted(NEW, [event(1, WHO[:1]), event(2, WHO[:1], source="crm"), event(3, WHO[:1], source="crm")])
    )
    assert [one["source"] for one in links] == ["shop", "crm"]


def test_under_consent_only_an_event_with_a_grant_links_and_the_link_names_it() -> None:
    grant = {"id": "g1", "purposes": ["analytics"]}
    assert links_in(emitted(NEW, [event(1, WHO[:1], source="web")])) == []
    (link,) = links_in(
        emitted(NEW, [event(1, WHO[:1], source="web", consent=grant), event(2, WHO[:1], source="web", consent=grant)])
    )
    assert link["consent"] == grant


def test_a_simulated_event_makes_a_simulated_link_and_an_anonymous_answer_none() -> None:
    (link,) = links_in(emitted(NEW, [event(1, WHO[:1], simulated=True)]))
    assert link["simulated"] is True
    answer = {
        **event(1, WHO[:1], anonymous=True), "type": "touchline.answer.v1", "about": {"touchpoint": "site"}, "survey": "s", "question": "q",
        "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10, "score": 9,
    }  # fmt: skip
    del answer["touchpoint"]
    assert links_in(emitted(NEW, [answer])) == []


class SmallOutbox(InMemoryProducer):
    """Takes nothing as long as it is full."""

    is_full = True

    def _send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        if self.is_full:
            raise OutboxFull.by_limit(Path("outbox"), 1, 0)
        super()._send(records, on_delivery)


def test_a_link_that_was_not_kept_or_not_delivered_is_made_again() -> None:
    producer = SmallOutbox(person_keys=NEW, sources=SOURCES, clock_us=lambda: NOW_US)
    for emit in (lambda: producer.emit(event(1, WHO[:1])), lambda: producer.emit_many([event(1, WHO[:1])])):
        with pytest.raises(OutboxFull) as full:
            emit()
        assert full.value.taken == 0
    producer.is_full = False
    producer.emit(event(1, WHO[:1]))
    producer.fail_with = RuntimeError("away")
    with pytest.raises(Exception, match="did not acknowledge"):
        producer.flush()
    producer.fail_with = None
    producer.emit(event(2, WHO[:1]))
    producer.emit(event(3, WHO[:1]))
    producer.close()
    assert [one["id"][:3] for one in producer.events] == ["key", "e2", "e3"]


def test_links_are_no_events_of_the_caller() -> None:
    producer = InMemoryProducer(person_keys=NEW, sources=SOURCES, clock_us=lambda: NOW_US)
    heard: list[str] = []
    taken: list[str] = []
    count = producer.emit_many(
        [event(1, WHO[:2]), event(2, WHO[:1])],
        on_delivery=lambda event_id, _: heard.append(event_id),
        on_taken=lambda records: taken.extend(one.event_id for one in records),
    )
    producer.close()
    assert (count, heard, taken) == (2, ["e1", "e2"], ["e1", "e2"])
    assert len(producer.records) == 4


def persons_in(events: list[dict[str, Any]]) -> set[frozenset[str]]:
    """Which of the touchpoint events are one person's, as the tables show it once all is settled."""
    with quick_folder() as folder:
        found = rows(settled(events, folder))
    by_person = defaultdict(set)
    for row in found:
        by_person[row.person if row.person != -1 else row.event_id].add(row.event_id)
    return {frozenset(one) for one in by_person.values()}


@pytest.mark.parametrize("who", WHO)
def test_an_identifier_of_any_type_is_one_person_before_and_after(who: tuple[str, str]) -> None:
    world = emitted(OLD, [event(1, [who])]) + emitted(NEW, [event(2, [who])]) + emitted(NEWEST, [event(3, [who])])
    assert persons_in(world) == {frozenset(("e1", "e2", "e3"))}


def test_two_households_that_are_named_together_stay_two_over_a_rotation() -> None:
    told = [
        event(1, [("household", "h1")]),
        event(2, [("household", "h2")]),
        event(3, [("household", "h1"), ("household", "h2")]),
    ]
    assert persons_in(emitted(OLD, told)) == persons_in(emitted(OLD, told[:2]) + emitted(NEW, told[2:]))


STORIES = st.lists(st.lists(st.sampled_from(WHO), min_size=1, max_size=2, unique=True), min_size=2, max_size=6)


@settings(max_examples=25, deadline=None)
@given(STORIES, st.data())
def test_persons_are_the_same_as_without_a_rotation_whatever_comes_first(
    story: list[list[tuple[str, str]]], data: st.DataObject
) -> None:
    told = [event(number, identifiers) for number, identifiers in enumerate(story)]
    expected = persons_in(emitted(OLD, told))
    cut = data.draw(st.integers(0, len(told)))
    again = data.draw(st.integers(cut, len(told)))
    world = emitted(OLD, told[:cut]) + emitted(NEW, told[cut:again]) + emitted(NEWEST, told[again:])
    assert persons_in(data.draw(st.permutations(world))) == expected


def test_raw_identifiers_and_secrets_stand_in_no_link() -> None:
    text = json.dumps(links_in(emitted(NEW, [event(1, WHO)])))
    assert not any(value in text for _, value in WHO if len(value) > 2)
    assert bytes(range(32)).hex() not in text
