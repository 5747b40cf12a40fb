"""Plans made for one situation each: few events, and the moment for which a safety step is there comes often.

Plans at random (plan.py) come to such a moment once in thousands of schedules, since several workers must stand at two wrong calls at
once. Here each worker has partitions of its own, and some records can be read only once the store has come so far.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.support.identity_world.plan import Event, Person, Place, Plan, Record, Staging, kafka_key_of
from tests.support.identity_world.reader import Reader
from touchline.processors.homes import by_partition
from touchline.processors.walk import END

Cue = Callable[[Reader], bool]
"""Whether the store has come so far."""
Sent = Place
"""Where a record that was sent lies."""
WORKER_FAULTS, STORE_FAULTS = (0.0, 0.3), (0.55, 1.0)
"""Kinds of faults as world.py draws them: processes that are killed; inserts and connections that get no answer."""


class _Scene:
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


def _received(sent: Sent) -> Cue:
    """It is stored."""
    return lambda reader: sent in reader.fates


def _has_read(partition: int, sent: Sent) -> Cue:
    """The newest mark of the partition says that it has read the insert in which that was received."""

    def has_read(reader: Reader) -> bool:
        read = by_partition(reader.marks[partition].get("cursors", {})) if partition in reader.marks else {}
        return sent in reader.fates and reader.received_in[sent] <= read.get(sent[0], 0)

    return has_read


def _is_handed_over(person: Person) -> Cue:
    """Somebody's home has given the right to publish away."""
    return lambda reader: person["key"] in reader.handoffs


def _are_one(persons: list[Person]) -> Cue:
    """Their events stand under one person."""

    def are_one(reader: Reader) -> bool:
        found = [reader.persons_of(person["key"]) for person in persons]
        return len(found[0]) == 1 and all(one == found[0] for one in found)

    return are_one


def _is_decided(sent: Sent) -> Cue:
    """It came as a claim, and waits no more."""
    return lambda reader: reader.fates.get(sent, "claim") != "claim"


def _has_walked(partition: int) -> Cue:
    """The newest mark of the partition says that it has walked for a change of the maps."""
    return lambda reader: (
        reader.marks.get(partition, {}).get("walked_to") == END and (reader.marks[partition].get("map_change", 0) > 1)
    )


def torn(random: Random) -> Plan:
    """A first version comes where its revision, a claim of another partition, was read, while that one is settled."""
    scene = _Scene(random, 2, Staging(2))
    for number in range(random.randint(2, 5)):
        claim = scene.touch(f"e{number}", [scene.person("login", 1)], 1, revision=1)
        scene.touch(f"e{number}", [scene.person("login", 0)], 0, wait=_has_read(0, claim))
    return scene.plan


def forgotten(random: Random) -> Plan:
    """A first version comes after its revision, a claim of another partition, was read, and workers end meanwhile."""
    scene = _Scene(random, 2, Staging(2, faults=12, fault_kinds=WORKER_FAULTS))
    for number in range(random.randint(2, 5)):
        claim = scene.touch(f"e{number}", [scene.person("login", 1)], 1, revision=1)
        scene.touch(f"e{number}", [scene.person("login", 0)], 0, wait=_is_decided(claim))
    return scene.plan


def elsewhere(random: Random) -> Plan:
    """Another partition receives an event of somebody who is at home here, and a worker that knows nothing takes over before the next."""
    scene = _Scene(random, 2, Staging(2, faults=12, fault_kinds=WORKER_FAULTS))
    for number in range(random.randint(2, 4)):
        person = [scene.person("login", 0)]
        first = scene.touch(f"a{number}", person, 0, minute=1)
        second = scene.touch(f"b{number}", person, 1, minute=2, wait=_received(first))
        scene.touch(f"c{number}", person, 0, minute=3, wait=_received(second))
    return scene.plan


def moved_on(random: Random) -> Plan:
    """The same, and the event that the other partition received goes to somebody else."""
    scene = _Scene(random, 2, Staging(2, faults=12, fault_kinds=WORKER_FAULTS))
    for number in range(random.randint(1, 3)):
        person, other = [scene.person("login", 0)], [scene.person("login", 1)]
        scene.touch(f"a{number}", person, 0, minute=1)
        scene.touch(f"b{number}", person, 1, minute=2)
        sent = [scene.touch(f"c{number}.{minute}", person, 0, minute=minute) for minute in range(3, 8)]
        scene.touch(f"b{number}", other, 1, minute=2, revision=1, wait=_received(random.choice(sent)))
    return scene.plan


def swept(random: Random) -> Plan:
    """First versions of one event come to two partitions, and inserts get no answer or are lost."""
    scene = _Scene(random, 2, Staging(1, faults=12, fault_kinds=STORE_FAULTS))
    for number in range(random.randint(3, 6)):
        for partition in (0, 1):
            scene.touch(f"e{number}", [scene.person("login", partition)], partition)
        scene.plan.faulty["shop", f"e{number}"] = 2
    return scene.plan


def in_place(random: Random) -> Plan:
    """A stored version is replaced in place when all know of a claim that beats it, and before its partition gives way."""
    scene = _Scene(random, 3, Staging(3))
    for number in range(random.randint(2, 5)):
        name, person = f"e{number}", [scene.person("login", 1)]
        first = scene.touch(name, person, 1)
        claim = scene.touch(name, [scene.person("login", 0)], 0, revision=1, wait=_received(first))
        scene.touch(name, person, 1, revision=2, wait=_has_read(1, claim))
    return scene.plan


def released(random: Random) -> Plan:
    """A version gives way whose identifier the partition of the better one holds, while that one looks."""
    scene = _Scene(random, 2, Staging(2))
    for number in range(random.randint(2, 4)):
        leader, person, other = scene.person("login", 0), scene.person("mail", 1), scene.person("login", 0)
        scene.touch(f"e{number}", [person], 1)
        scene.identify(f"l{number}", [leader, person], 0)
        scene.touch(f"e{number}", [other], 0, revision=1, wait=_is_handed_over(person))
    return scene.plan


def looked(random: Random) -> Plan:
    """A first version is stored by who knows nothing of a claim, and all read the claim, while the claim's partition looks."""
    scene = _Scene(random, 3, Staging(3, sleepers=(0,)))
    wait = None
    for number in range(8):
        claim = scene.touch(f"e{number}", [scene.person("login", 0)], 0, revision=1, wait=wait)
        scene.touch(f"e{number}", [scene.person("login", 1)], 1, wait=_received(claim))
        wait = _is_decided(claim)
    return scene.plan


def chained(random: Random) -> Plan:
    """Two identifiers of others are linked, the leader of both being another one, when one of them belongs to somebody here and its holder
    has not given it away yet."""
    scene = _Scene(random, 3, Staging(3, sleepers=(2,)))
    for number in range(random.randint(2, 4)):
        first, middle, last = (scene.person(kind, home) for home, kind in enumerate(("login", "mail", "loyalty")))
        for home, one in enumerate((first, middle, last)):
            scene.touch(f"t{number}.{home}", [one], home)
        link = scene.identify(f"a{number}", [middle, last], 1)
        scene.identify(f"b{number}", [first, last], 0, wait=_has_read(1, link))
    return scene.plan


def crowded(random: Random) -> Plan:
    """Somebody without events joins two, and comes to have too many neighbours for that."""
    scene = _Scene(random, 2, Staging(2))
    scene.plan.neighbours_max = 2
    for number in range(random.randint(1, 3)):
        middle, neighbours = scene.person("mail", 0), [scene.person("login", random.randrange(2)) for _ in range(3)]
        for place, one in enumerate(neighbours):
            scene.touch(f"t{number}.{place}", [one], scene.plan.homes[one["key"]])
            wait = _are_one(neighbours[:2]) if place == 2 else None
            scene.identify(f"l{number}.{place}", [one, middle], 1, wait=wait)
    return scene.plan


def parted(random: Random) -> Plan:
    """Two are no person any more, and one of them gets an event, while their leader reads what is said of that one."""
    scene = _Scene(random, 2, Staging(2, sleepers=(0,)))
    for number in range(random.randint(2, 4)):
        first, second = scene.person("login", 0), scene.person("mail", 1)
        for home, one in enumerate((first, second)):
            scene.touch(f"t{number}.{home}", [one], home)
        scene.identify(f"l{number}", [first, second], 1)
        event = scene.touch(f"e{number}", [first], 0, minute=9, wait=_is_handed_over(second))
        scene.identify(f"u{number}", [first, second], 1, action="unlink", minute=5, wait=_received(event))
    return scene.plan


def withdrawn(random: Random) -> Plan:
    """A version of the map is withdrawn and added again, while a worker sleeps that follows the withdrawal."""
    scene = _Scene(random, 2, Staging(2, sleepers=(1,), map_waits={1: _has_walked(1)}, map_pause=60))
    for number in range(random.randint(4, 8)):
        home = min(number, 1) if number < 3 else random.randrange(2)
        scene.touch(f"e{number}", [scene.person("login", home)], home)
    scene.plan.map_steps = "add withdraw add switch drop".split()
    return scene.plan


SCENES: dict[str, Callable[[Random], Plan]] = {
    "torn": torn,
    "forgotten": forgotten,
    "elsewhere": elsewhere,
    "moved on": moved_on,
    "swept": swept,
    "in place": in_place,
    "released": released,
    "looked": looked,
    "chained": chained,
    "crowded": crowded,
    "parted": parted,
    "withdrawn": withdrawn,
}
