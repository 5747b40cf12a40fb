"""Plans made for one situation each: few events, and the moment for which a safety step is there comes often.

Plans at random (plan.py) come to such a moment once in thousands of schedules, since several workers must stand at two wrong calls at
once. Here each worker has partitions of its own, and some records can be read only once the store has come so far.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.support.identity_world.cues import (
    Scene,
    are_apart,
    are_one,
    has_followed,
    has_read,
    has_walked,
    is_decided,
    is_handed_over,
    later,
    received,
)
from tests.support.identity_world.plan import Plan, moment_us, request
from tests.support.identity_world.staging import Staging

WORKER_FAULTS, STORE_FAULTS = (0.0, 0.3), (0.55, 1.0)
"""Kinds of faults as world.py draws them: processes that are killed; inserts and connections that get no answer."""


def torn(random: Random) -> Plan:
    """A first version comes where its revision, a claim of another partition, was read, while that one is settled."""
    scene = Scene(random, 2, Staging(2, ("find_events",)))
    for number in range(random.randint(2, 5)):
        claim = scene.touch(f"e{number}", [scene.person("login", 1)], 1, revision=1)
        scene.touch(f"e{number}", [scene.person("login", 0)], 0, wait=has_read(0, claim))
    return scene.plan


def forgotten(random: Random) -> Plan:
    """A first version comes after its revision, a claim of another partition, was read, and workers end meanwhile."""
    scene = Scene(random, 2, Staging(2, faults=12, fault_kinds=WORKER_FAULTS))
    for number in range(random.randint(2, 5)):
        claim = scene.touch(f"e{number}", [scene.person("login", 1)], 1, revision=1)
        scene.touch(f"e{number}", [scene.person("login", 0)], 0, wait=is_decided(claim))
    return scene.plan


def elsewhere(random: Random) -> Plan:
    """Another partition receives an event of somebody who is at home here, and a worker that knows nothing takes over before the next."""
    scene = Scene(random, 2, Staging(2, faults=12, fault_kinds=WORKER_FAULTS))
    for number in range(random.randint(2, 4)):
        person = [scene.person("login", 0)]
        first = scene.touch(f"a{number}", person, 0, minute=1)
        second = scene.touch(f"b{number}", person, 1, minute=2, wait=received(first))
        scene.touch(f"c{number}", person, 0, minute=3, wait=received(second))
    return scene.plan


def moved_on(random: Random) -> Plan:
    """The same, and the event that the other partition received goes to somebody else."""
    scene = Scene(random, 2, Staging(2, faults=12, fault_kinds=WORKER_FAULTS))
    for number in range(random.randint(1, 3)):
        person, other = [scene.person("login", 0)], [scene.person("login", 1)]
        scene.touch(f"a{number}", person, 0, minute=1)
        scene.touch(f"b{number}", person, 1, minute=2)
        sent = [scene.touch(f"c{number}.{minute}", person, 0, minute=minute) for minute in range(3, 8)]
        scene.touch(f"b{number}", other, 1, minute=2, revision=1, wait=received(random.choice(sent)))
    return scene.plan


def joint(random: Random) -> Plan:
    """Each worker has two partitions with much to store, and ends while inserts of both are under way."""
    scene = Scene(random, 4, Staging(2, faults=20, fault_kinds=WORKER_FAULTS))
    for number in range(random.randint(10, 20)):
        for partition in range(4):
            scene.touch(f"e{partition}.{number}", [scene.person("login", partition)], partition, minute=number)
    return scene.plan


def swept(random: Random) -> Plan:
    """First versions of one event come to two partitions, and inserts get no answer or are lost."""
    scene = Scene(random, 2, Staging(1, faults=12, fault_kinds=STORE_FAULTS))
    for number in range(random.randint(3, 6)):
        for partition in (0, 1):
            scene.touch(f"e{number}", [scene.person("login", partition)], partition)
        scene.plan.faulty["shop", f"e{number}"] = 2
    return scene.plan


def in_place(random: Random) -> Plan:
    """A stored version is replaced in place when all know of a claim that beats it, and before its partition gives way."""
    scene = Scene(random, 3, Staging(3, ("insert",)))
    for number in range(random.randint(2, 5)):
        name, person = f"e{number}", [scene.person("login", 1)]
        first = scene.touch(name, person, 1)
        claim = scene.touch(name, [scene.person("login", 0)], 0, revision=1, wait=received(first))
        scene.touch(name, person, 1, revision=2, wait=has_read(1, claim))
    return scene.plan


def released(random: Random) -> Plan:
    """A version gives way whose identifier the partition of the better one holds, while that one looks."""
    scene = Scene(random, 2, Staging(2, ("progress",)))
    for number in range(random.randint(2, 4)):
        leader, person, other = scene.person("login", 0), scene.person("mail", 1), scene.person("login", 0)
        scene.touch(f"e{number}", [person], 1)
        scene.identify(f"l{number}", [leader, person], 0)
        scene.touch(f"e{number}", [other], 0, revision=1, wait=is_handed_over(person))
    return scene.plan


def looked(random: Random) -> Plan:
    """A first version is stored by who knows nothing of a claim, and all read the claim, while the claim's partition looks."""
    scene = Scene(random, 3, Staging(3, ("waiting_rows",), sleepers=(0,)))
    wait = None
    for number in range(8):
        claim = scene.touch(f"e{number}", [scene.person("login", 0)], 0, revision=1, wait=wait)
        scene.touch(f"e{number}", [scene.person("login", 1)], 1, wait=received(claim))
        wait = is_decided(claim)
    return scene.plan


def chained(random: Random) -> Plan:
    """Two identifiers of others are linked, the leader of both being another one, when one of them belongs to somebody here and its holder
    has not given it away yet."""
    scene = Scene(random, 3, Staging(3, ("positions",), sleepers=(2,)))
    for number in range(random.randint(2, 4)):
        first, middle, last = (scene.person(kind, home) for home, kind in enumerate(("login", "mail", "loyalty")))
        for home, one in enumerate((first, middle, last)):
            scene.touch(f"t{number}.{home}", [one], home)
        link = scene.identify(f"a{number}", [middle, last], 1)
        scene.identify(f"b{number}", [first, last], 0, wait=has_read(1, link))
    return scene.plan


def crowded(random: Random) -> Plan:
    """Somebody without events joins two, and comes to have too many neighbours for that, when no worker remembers who was joined."""
    scene = Scene(random, 2, Staging(2, faults=12, fault_kinds=WORKER_FAULTS))
    scene.plan.neighbours_max = 2
    for number in range(random.randint(1, 3)):
        middle, neighbours = scene.person("mail", 0), [scene.person("login", random.randrange(2)) for _ in range(3)]
        for place, one in enumerate(neighbours):
            scene.touch(f"t{number}.{place}", [one], scene.plan.homes[one["key"]])
            wait = are_one(neighbours[:2]) if place == 2 else None
            scene.identify(f"l{number}.{place}", [one, middle], 1, wait=wait)
    return scene.plan


def parted(random: Random) -> Plan:
    """Two are no person any more, and one of them gets an event, while their leader reads what is said of that one."""
    scene = Scene(random, 2, Staging(2, ("said_about",), sleepers=(0,)))
    for number in range(random.randint(2, 4)):
        first, second = scene.person("login", 0), scene.person("mail", 1)
        for home, one in enumerate((first, second)):
            scene.touch(f"t{number}.{home}", [one], home)
        scene.identify(f"l{number}", [first, second], 1)
        event = scene.touch(f"e{number}", [first], 0, minute=9, wait=is_handed_over(second))
        scene.identify(f"u{number}", [first, second], 1, action="unlink", minute=5, wait=received(event))
    return scene.plan


def rejoined(random: Random) -> Plan:
    """Two are one person, then two, and then one again."""
    scene = Scene(random, 2, Staging(2))
    for number in range(random.randint(1, 3)):
        both = [scene.person("login", 0), scene.person("mail", 0)]
        for minute in range(6):
            scene.touch(f"t{number}.{minute}", [both[minute % 2]], 0, minute=minute)
        scene.identify(f"l{number}", both, 1, minute=1)
        scene.identify(f"u{number}", both, 1, action="unlink", minute=2, wait=are_one(both))
        scene.identify(f"m{number}", both, 1, minute=3, wait=are_apart(both))
    return scene.plan


def moved_over(random: Random) -> Plan:
    """An early event, which another partition received, comes to be the last one while its person's later events are followed."""
    scene = Scene(random, 2, Staging(2, ("facts_of",), sleepers=(0,)))
    for number in range(random.randint(1, 3)):
        both = [scene.person("login", 0), scene.person("mail", 0)]
        scene.touch(f"b{number}", [both[1]], 1, minute=2)
        scene.identify(f"l{number}", both, 0)
        sent = [scene.touch(f"t{number}.{minute}", [both[minute % 2]], 0, minute=minute) for minute in range(3, 15)]
        scene.touch(f"b{number}", [both[1]], 1, minute=30, revision=1, wait=received(random.choice(sent[4:])))
    return scene.plan


def erased(random: Random) -> Plan:
    """Somebody is erased of whom a version counts that a claim of another partition waits for, when all know of that claim."""
    scene = Scene(random, 3, Staging(3, ("erasures_after",), sleepers=(1, 2)))
    claims = []
    for number in range(random.randint(1, 3)):
        person = scene.person("login", 1)
        first = scene.touch(f"e{number}", [person], 1)
        claims.append(scene.touch(f"e{number}", [scene.person("login", 0)], 0, revision=1, wait=received(first)))
        scene.plan.requests.append(request(number + 1, "login", person["key"], moment_us("2025-06-02T00:00:00Z")))
    scene.ask_when(
        later(lambda reader: all(has_read(one, claim)(reader) for one in range(3) for claim in claims), random)
    )
    return scene.plan


def outdone(random: Random) -> Plan:
    """Somebody is erased of whom a claim waits for a partition that sleeps, and maybe a better version comes beside that claim."""
    scene = Scene(random, 3, Staging(3, ("positions",), sleepers=(2,)))
    persons = [scene.person("login", 0) for _ in range(random.randint(1, 3))]
    firsts = [scene.touch(f"e{number}", [scene.person("login", 1)], 1) for number in range(len(persons))]
    claims = []
    for number, person in enumerate(persons):
        claims.append(scene.touch(f"e{number}", [person], 0, revision=1, wait=received(firsts[number])))
        scene.plan.requests.append(request(number + 1, "login", person["key"], moment_us("2025-06-02T00:00:00Z")))
    for number in range(len(persons)):
        if random.random() < 0.5:
            scene.touch(f"e{number}", [scene.person("login", 0)], 0, revision=2, wait=has_followed(0, number + 1))
    scene.ask_when(lambda reader: all(received(one)(reader) for one in claims))
    return scene.plan


def disowned(random: Random) -> Plan:
    """Corrections give events to people who were erased before these come, in another partition than that of the versions that count;
    workers end meanwhile, and lesser versions come afterwards."""
    scene = Scene(random, 2, Staging(2, faults=12, fault_kinds=WORKER_FAULTS, blanks=1))
    persons = [scene.person("login", 0) for _ in range(random.randint(1, 3))]
    firsts = [scene.touch(f"e{number}", [scene.person("login", 1)], 1) for number in range(len(persons))]
    for number, person in enumerate(persons):
        gone = scene.touch(f"e{number}", [person], 0, revision=2, wait=has_followed(0, number + 1))
        scene.touch(f"e{number}", [scene.person("login", 1)], 1, revision=1, wait=later(received(gone), random))
        scene.plan.requests.append(request(number + 1, "login", person["key"], moment_us("2025-06-02T00:00:00Z")))
    scene.ask_when(lambda reader: all(received(one)(reader) for one in firsts))
    return scene.plan


def unread(random: Random) -> Plan:
    """Answers of others name events of somebody who is erased, and their partition reads late that these are retracted."""
    scene = Scene(random, 2, Staging(2, ("erasures_after",), sleepers=(0,), blanks=1))
    person, sent = scene.person("login", 1), []
    for number in range(random.randint(2, 5)):
        event = scene.touch(f"e{number}", [person], 1, minute=number)
        sent.append(scene.answer(f"a{number}", f"e{number}", 0, minute=9, wait=received(event)))
    scene.plan.requests.append(request(1, "login", person["key"], moment_us("2025-06-02T00:00:00Z")))
    scene.ask_when(lambda reader: all(received(one)(reader) for one in sent))
    return scene.plan


def walked(random: Random) -> Plan:
    """Workers end while they walk for a version of the map."""
    scene = Scene(random, 2, Staging(2, faults=12, fault_kinds=WORKER_FAULTS, map_pause=20))
    for number in range(random.randint(6, 10)):
        scene.touch(f"e{number}", [scene.person("login", number % 2)], number % 2)
    scene.plan.map_steps = ["add", "switch", "drop"]
    return scene.plan


def interrupted(random: Random) -> Plan:
    """A version of the map is withdrawn before all have walked for it."""
    scene = Scene(random, 2, Staging(2, map_waits={1: has_walked(1, is_done=False)}, map_pause=20))
    for number in range(random.randint(6, 10)):
        scene.touch(f"e{number}", [scene.person("login", number % 2)], number % 2)
    scene.plan.map_steps = ["add", "withdraw"]
    return scene.plan


def withdrawn(random: Random) -> Plan:
    """A version of the map is withdrawn and added again, while a worker sleeps that follows the withdrawal."""
    scene = Scene(random, 2, Staging(2, ("insert",), sleepers=(1,), map_waits={1: has_walked(1)}, map_pause=60))
    for number in range(random.randint(4, 8)):
        home = min(number, 1) if number < 3 else random.randrange(2)
        scene.touch(f"e{number}", [scene.person("login", home)], home)
    scene.plan.map_steps = ["add", "withdraw", "add", "switch", "drop"]
    return scene.plan


SCENES: dict[str, Callable[[Random], Plan]] = {
    "torn": torn,
    "forgotten": forgotten,
    "elsewhere": elsewhere,
    "moved_on": moved_on,
    "joint": joint,
    "swept": swept,
    "in_place": in_place,
    "released": released,
    "looked": looked,
    "chained": chained,
    "crowded": crowded,
    "parted": parted,
    "rejoined": rejoined,
    "moved_over": moved_over,
    "erased": erased,
    "outdone": outdone,
    "disowned": disowned,
    "unread": unread,
    "walked": walked,
    "interrupted": interrupted,
    "withdrawn": withdrawn,
}
