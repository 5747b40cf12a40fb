"""Consents as `touchline care` reads them of the engine: what somebody says under one identifier holds for all that are this person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.stored import answer, start_anew, store
from tests.support.engine import running_engine
from tests.unit.processors.loop.world import event, person_key
from touchline.care.reader import LedgerFacts
from touchline.care.rules import load_rules
from touchline.clickhouse.connect import connect
from touchline.settings import Settings

LOGIN, MAIL = person_key(5), person_key(3)
"""The address has the smaller key, and leads to no journey of its own."""
OTHER = person_key(7)
ANSWERED = answer(1, 5, 10, score=2)
ANSWERED_US = 1_748_736_600_000_000
"""2025-06-01T00:10:00Z"""


def said(number: int, person: int, state: str, minute: int) -> dict[str, Any]:
    one = event(number, person, minute)
    del one["touchpoint"]
    stated = {"consent_id": f"g{person}", "state": state, "effective_at": one["time"], "purposes": ["contact_me"]}
    return one | stated | {"id": f"c{number}", "type": "touchline.consent.v1"}


def linked(number: int, one: str, other: str, minute: int, action: str = "link") -> dict[str, Any]:
    about = event(number, None, minute)
    del about["touchpoint"]
    persons = [{"type": "login", "key": one}, {"type": "login", "key": other}]
    return about | {"id": f"i{number}", "type": "touchline.identify.v1", "persons": persons, "action": action}


GRANTED = said(2, 5, "granted", 1)
WITHDRAWN = said(3, 3, "withdrawn", 30)
LINK = linked(4, LOGIN, MAIL, 40)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Client]]:
    with running_engine(tmp_path_factory.mktemp("care consents")) as settings:
        client = connect(settings)
        yield settings, client
        client.disconnect()


class _Told:
    """A ledger that hears one part after the other, and what care makes of each."""

    def __init__(self, engine: tuple[Settings, Client], folder: Path) -> None:
        self.settings, client = engine
        start_anew(client)
        self.folder, self.events = folder, list[dict[str, Any]]()
        self.reader = LedgerFacts(client, load_rules())
        self.seen: dict[str, int] = {}

    def may_be_called(self, *events: dict[str, Any]) -> bool | None:
        """Whether the person who answered may be, as those say to whom what is new leads; None where it leads not to them."""
        self.events += events
        store(self.settings, self.folder, self.events, ticks=4)
        changed, self.seen, _ = self.reader.news(self.seen)
        found = [
            one
            for one in self.reader.persons(changed.identifiers).values()
            if any(fact.event_id == "a1" for fact in one.facts)
        ]
        return found[0].may_be_contacted("contact_me", ANSWERED_US) if found else None


@pytest.fixture
def told(engine: tuple[Settings, Client], tmp_path: Path) -> _Told:
    return _Told(engine, tmp_path / "state")


def test_what_is_withdrawn_under_an_identifier_that_is_linked_already_holds_for_the_person(told: _Told) -> None:
    assert told.may_be_called(ANSWERED, GRANTED, LINK) is True
    assert told.may_be_called(WITHDRAWN) is False


def test_what_was_withdrawn_holds_for_the_person_once_the_identifier_is_linked(told: _Told) -> None:
    assert told.may_be_called(ANSWERED, GRANTED, WITHDRAWN) is True
    assert told.may_be_called(LINK) is False


def test_it_holds_no_longer_once_they_are_taken_apart(told: _Told) -> None:
    assert told.may_be_called(ANSWERED, GRANTED, WITHDRAWN, LINK) is False
    assert told.may_be_called(linked(5, LOGIN, MAIL, 50, "unlink")) is True


def test_what_is_granted_under_a_linked_identifier_is_granted_by_the_person(told: _Told) -> None:
    assert told.may_be_called(ANSWERED, said(2, 3, "granted", 1)) is False
    assert told.may_be_called(LINK) is True


def test_it_holds_over_a_chain_of_identifiers_and_through_events_of_both(told: _Told) -> None:
    chain = [linked(4, LOGIN, OTHER, 40), linked(5, OTHER, MAIL, 41)]
    assert told.may_be_called(ANSWERED, GRANTED, event(9, 7, 20), *chain) is True
    assert told.may_be_called(WITHDRAWN) is False


def test_somebody_else_s_withdrawal_is_theirs_alone(told: _Told) -> None:
    assert told.may_be_called(ANSWERED, GRANTED, said(6, 7, "withdrawn", 30), event(9, 7, 20)) is True
