"""What scenes are made of: persons with homes, what is sent, and how far the store must have come before it can be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.support.identity_world.plan import Event, Person, Plan, Record, kafka_key_of
from tests.support.identity_world.reader import Reader
from tests.support.identity_world.staging import Place, Staging
from touchline.processors.homes import by_partition
from touchline.processors.walk import END

Cue = Callable[[Reader], bool]
"""Whether the store has come so far."""
Sent = Place
"""Where a record that was sent lies."""


class Scene:
    """A plan under way. Persons are named by their type and home."""

    def __init__(self, random: Random, partitions: int, staging: Staging) -> None:
        self.random = random
        self._staging = staging
        logs: list[list[Record]] = [[] for _ in range(partitions)]
        self.plan = Plan(random, partitions, 9, {}, [[] for _ in range(partitions)], logs, {}, staging=staging)

    def person(self, kind: str, home: int) -> Person:
        """Somebody whose key hashes to that partition."""
        key = f"k1:{self.random.randrange(1 << 36):064x}"
        self.plan.homes[key] = home
        return {"type": kind, "key": key}

    def touch(
        self,
        name: str,
        persons: list[Person],
        partition: int,
        *,
        revision: int = 0,
        minute: int = 0,
        wait: Cue | None = None,
    ) -> Sent:
        """Send a version of an event to that partition, where it can be read from the cue on."""
        place = f"p{self.random.randrange(100)}"  # versions differ by it
        touchpoint = {"touchpoint": self.random.choice(("poster", "site")), "place": place, "revision": revision}
        return self._send(name, persons, partition, minute, wait, type="touchline.touchpoint.v1", **touchpoint)

    def identify(
        self,
        name: str,
        persons: list[Person],
        partition: int,
        *,
        action: str = "link",
        minute: int = 0,
        wait: Cue | None = None,
    ) -> Sent:
        """The same of who is one person."""
        return self._send(name, persons, partition, minute, wait, type="touchline.identify.v1", action=action)

    def answer(self, name: str, event_id: str, partition: int, *, minute: int = 0, wait: Cue | None = None) -> Sent:
        """The same of an answer of nobody about that event."""
        fields = {
            "survey": "s", "question": "q", "question_version": "1", "kpi": "nps", "scope": "transactional", "language": "en",
            "scale_min": 0, "scale_max": 10, "disposition": "complete", "score": self.random.randrange(11),
            "about": {"touchpoint": "site", "source": "shop", "event_id": event_id},
        }  # fmt: skip
        return self._send(name, [], partition, minute, wait, type="touchline.answer.v1", **fields)

    def ask_when(self, cue: Cue) -> None:
        """The requests to erase of the plan come then."""
        self._staging.request_wait = cue

    def _send(
        self, name: str, persons: list[Person], partition: int, minute: int, wait: Cue | None, **fields: Any
    ) -> Sent:
        time = f"2025-06-01T{minute // 60:02d}:{minute % 60:02d}:00Z"
        one: Event = {"id": name, "source": "shop", "time": time, "persons": persons, "revision": 0} | fields
        log, events = self.plan.log[partition], self.plan.events[partition]
        sent = (partition, len(log))
        if wait is not None:
            self._staging.waits[sent] = wait
        log.append(Record(len(log), kafka_key_of(one), json.dumps(one).encode()))
        events.append(one)
        return sent


def received(sent: Sent) -> Cue:
    """It is stored."""
    return lambda reader: sent in reader.fates


def has_read(partition: int, sent: Sent) -> Cue:
    """The newest mark of the partition says that it has read the insert in which that was received."""

    def is_read(reader: Reader) -> bool:
        read = by_partition(reader.marks[partition].get("cursors", {})) if partition in reader.marks else {}
        return sent in reader.fates and reader.received_in[sent] <= read.get(sent[0], 0)

    return is_read


def is_handed_over(person: Person) -> Cue:
    """Somebody's home has given the right to publish away."""
    return lambda reader: person["key"] in reader.handoffs


def are_one(persons: list[Person]) -> Cue:
    """Their events stand under one person."""

    def is_so(reader: Reader) -> bool:
        found = [reader.persons_of(person["key"]) for person in persons]
        return len(found[0]) == 1 and all(one == found[0] for one in found)

    return is_so


def are_apart(persons: list[Person]) -> Cue:
    """No two of them have events that stand under one person."""

    def is_so(reader: Reader) -> bool:
        found = [one for person in persons for one in reader.persons_of(person["key"])]
        return len(found) == len(persons) == len(set(found))

    return is_so


def is_decided(sent: Sent) -> Cue:
    """It came as a claim, and waits no more."""
    return lambda reader: reader.fates.get(sent, "claim") != "claim"


def has_followed(partition: int, number: int) -> Cue:
    """The newest mark of the partition says that it has followed that request to erase."""
    return lambda reader: reader.marks.get(partition, {}).get("erasure", 0) >= number


def has_walked(partition: int, *, is_done: bool = True) -> Cue:
    """The newest mark of the partition says that it has walked for a change of the maps: to the end, or at all."""

    def is_so(reader: Reader) -> bool:
        mark = reader.marks.get(partition, {})
        return mark.get("map_change", 0) > 1 and (not is_done or mark.get("walked_to") == END)

    return is_so


def later(cue: Cue, random: Random) -> Cue:
    """Some turns after the cue."""
    turns = random.randrange(300)

    def is_due(reader: Reader) -> bool:
        nonlocal turns
        turns -= turns > 0 and cue(reader)
        return not turns and cue(reader)

    return is_due
