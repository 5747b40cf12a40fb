"""A shop's ledger over two partitions on a real engine, of which persons are erased by the real workers: what blanking begins with."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from clickhouse_driver import Client

from tests.support.erasures import SECRET
from tests.unit.processors.loop.two_partitions import (
    PARTITIONS,
    TICKS_TO_REST,
    Workers,
    answer,
    records_by_partition,
)
from tests.unit.processors.loop.world import MAP, SOURCES, event, person_key
from touchline.clickhouse.connect import connect, connect_as
from touchline.map_changes.start import register_configuration
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings

Event = dict[str, Any]
MIDNIGHT = datetime(2025, 6, 1, tzinfo=UTC)
ALL_DAYS = 28
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Asked(NamedTuple):
    """One identifier of a request, up to a minute of June 2025."""

    person: int
    how: str = "erase"
    until_minute: int = ALL_DAYS * 1440


def purchase(number: int, person: int, minute: int, **more: Any) -> Event:
    """A receipt that names its order and carries properties of its own."""
    order = {"id": f"order-of-{person}-{number}", "kind": "purchase"}
    amount = {"amount_minor": 100 + number, "currency": "EUR"}
    return event(
        number, person, minute, "till", amount=amount, order=order, properties={"note": f"kept {number}"}, **more
    )


def link(number: int, one: int, other: int, minute: int) -> Event:
    """A purchase that names two identifiers of a person."""
    persons = [{"type": kind, "key": person_key(of)} for kind, of in (("login", one), ("card", other))]
    return purchase(number, one, minute) | {"persons": persons}


def events_of(persons: Sequence[int], seed: int, first_number: int = 1, per_person: int = 8) -> list[Event]:
    """A month in order of time, one in ten late: touchpoints, orders, answers that name a receipt, with comments; some revised, and some
    sent again. Each fourth person has a second identifier, 1001 higher, at home in the other partition."""
    chance = random.Random(seed)
    found: list[Event] = []
    number = first_number
    for person in persons:
        minute = chance.randrange(2 * 1440)
        for _ in range(per_person):
            minute += chance.randrange(1, 2 * 1440)
            kind = chance.choice(["poster", "site", "till", "till", "answer"])
            if kind == "till":
                found.append(purchase(number, person, minute))
            elif kind == "answer":
                bought = [int(one["id"][1:]) for one in found[-6:] if one.get("order", {}).get("kind")]
                about = chance.choice(bought) if bought else None
                found.append(answer(number, person, minute, about, comment=f"words of {person} in {number}"))
            else:
                found.append(event(number, person, minute, kind, properties={"note": f"kept {number}"}))
            number += 1
        if person % 4 == 0:
            found.append(link(number, person, person + 1001, minute + 1))
            found.append(event(number + 1, person + 1001, minute + 2, "site"))
            number += 2
    found.sort(key=lambda one: one["time"])
    for _ in range(len(found) // 10):
        place = chance.randrange(len(found))
        late = found.pop(place)
        found.insert(min(len(found), place + chance.randrange(1, 40)), late)
    for _ in range(len(found) // 12):
        earlier = chance.choice(found)
        again = earlier if chance.random() < 0.5 or "revision" in earlier else {**earlier, "revision": 1, "place": "b"}
        found.append(again)
    return found


class World:
    """Workers over one ledger. `settings` are those of a migrated engine."""

    def __init__(self, settings: Settings, folder: Path, events: Sequence[Event]) -> None:
        self.settings = settings
        self.client: Client = connect(settings)
        register_configuration(self.client, [parse_map(MAP)], SOURCES)
        self._log = records_by_partition(events)
        self._ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
        self._folder = folder
        self.workers = self._start()

    def _start(self) -> Workers:
        return Workers(self._ledger, self._folder, self._log)

    def deliver(self, count: int = 10_000, at_once: int = 100) -> None:
        """So many records of each partition, in small batches."""
        for _ in range(0, count, at_once):
            for number in range(PARTITIONS):
                self.workers.deliver(number, at_once)

    def deliver_again(self) -> None:
        """All records once more, behind the others, as a sender repeats what it is not sure of."""
        for records in self._log:
            end = len(records)
            records.extend([one._replace(offset=end + one.offset) for one in records])
        self.deliver()

    def rest(self) -> None:
        """Ticks until nothing waits."""
        for number in [*range(PARTITIONS)] * TICKS_TO_REST:
            self.workers.tick(number)

    def restart_without_state(self) -> None:
        """Other workers go on, which read all from the ledger."""
        for number in range(PARTITIONS):
            self.workers.restart(number, "lose state")

    def erase(self, asked: Iterable[Asked], request: str = "r1") -> None:
        """Ask, and let all workers follow."""
        self.write_request(asked, request)
        self.rest()

    def write_request(self, asked: Iterable[Asked], request: str = "r1") -> None:
        """The rows of a request."""
        ((newest,),) = self.client.execute("SELECT max(number) FROM journey_raw.erasures")
        rows = [
            (
                *(newest + place, request, one.how, person_key(one.person), "login"),
                *(SECRET.of_identifier(person_key(one.person)).hex(), SECRET.id),
                *(EPOCH, MIDNIGHT + timedelta(minutes=one.until_minute), MIDNIGHT),
            )
            for place, one in enumerate(asked, 1)
        ]
        self.client.execute("INSERT INTO journey_raw.erasures VALUES", rows)

    def close(self) -> None:
        """End the workers and the connection."""
        self.workers.close()
        self._ledger.close()
        self.client.disconnect()
