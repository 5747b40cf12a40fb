"""What a schedule is made of: identifiers and their homes, events as senders send them, and what goes wrong. All of it by one seed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

from tests.support.identity_world.staging import Staging
from touchline.processors.ledger.ledger import ErasureRequest
from touchline.schemas.erasure import ErasureSecret

Event = dict[str, Any]
SECRET = ErasureSecret(bytes(32))
Person = dict[str, str]
Key = tuple[str, str]
"""(source, id)"""


class Record(NamedTuple):
    """A consumer record."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 1_760_000_000_000


TYPES = (
    "login",
    "login",
    "login",
    "mail",
    "loyalty",
    "loyalty",
    "anonymous",
    "anonymous",
    "anonymous",
    "device",
    "crm",
    "household",
)
TOUCHPOINTS = ("poster", "site", "till", "unheard_of")
DISPOSITIONS = ("partial", "complete", "dismissed", "shown")
MINUTES = (12, 60, 4_000)
NEIGHBOURS = (1, 2, 3, 9, 9, 9)
VERSIONS_MAX = 5
GRANTS = ("c1", "c2")
REVISIONS = (0, 1, 1, 1, 2, 2, 3)
MAP_PLANS = ("add", "add switch", "add switch drop", "add switch drop", "add withdraw", "add withdraw add switch drop")


@dataclass
class Plan:
    """`log[partition]` holds the records as Kafka does; `events[partition][offset]` says what they are.

    `faulty` are events of which a sender sent one revision into several partitions: so many versions may count for a while. `map_steps`
    happen to the maps one after another, and so many of the records wait for the first `held` of them. `staging`: who does what when, of
    a plan made for one situation; else all that is at random, too. `is_under_consent`: the source is, and every event names a grant.
    `requests` to erase come one after another. `is_any_answer`: what others' events say may depend on what came first.
    """

    random: Random
    partitions: int
    neighbours_max: int
    homes: dict[str, int]
    events: list[list[Event]]
    log: list[list[Record]]
    faulty: dict[Key, int]
    map_steps: list[str] = field(default_factory=list)
    held: tuple[int, list[int]] | None = None
    is_under_consent: bool = False
    staging: Staging | None = None
    requests: list[ErasureRequest] = field(default_factory=list)
    is_any_answer: bool = False

    def readable(self, partition: int, reader: Any, map_steps_done: int) -> list[Record]:
        """The records of the partition that a worker can read by now."""
        log = self.log[partition]
        if self.held is not None and map_steps_done < self.held[0]:
            return log[: self.held[1][partition]]
        return log if self.staging is None else log[: self.staging.readable(partition, len(log), reader)]

    def home(self, key: bytes) -> int:
        """The partition to which senders send a key: any one, but always the same."""
        text = key.decode()
        known = self.homes.get(text)
        if known is None:
            known = self.homes[text] = self.random.randrange(self.partitions)
        return known


def plan_of(seed: int, focus: str = "") -> Plan:
    """The plan of this seed. `focus`: nearly nothing but many versions of few events (`versions`), a map that is withdrawn and added again
    (`maps`), people who grant and withdraw consents (`consent`), people who are erased (`erase`), or such that it depends on what came
    first which of two legal answers others' events have (`erase_any`)."""
    return _Planner(Random(seed), focus).plan()


class _Planner:
    def __init__(self, random: Random, focus: str) -> None:
        self.random = random
        self.focus = focus
        self.plan_ = Plan(random, random.choice((1, 2, 2, 2, 3, 4)), random.choice(NEIGHBOURS), {}, [], [], {})
        self.people = [self._person(number) for number in range(random.randint(2, 6))]
        self.minutes = random.choice(MINUTES)
        self.plan_.is_under_consent = focus == "consent"
        self.sent: list[Event] = []
        self.is_astray = self.random.random() < 0.2
        self.routes: dict[int, int] = {}
        self.pairs: list[tuple[Person, Person]] = []

    def _person(self, number: int) -> Person:
        return {"type": self.random.choice(TYPES), "key": f"k1:{self.random.randrange(1 << 32) * 16 + number:064x}"}

    def plan(self) -> Plan:
        random, plan = self.random, self.plan_
        self._send_first_versions()
        if self.focus == "versions":
            self._revise(random.randint(4, 10), has_faults=False)
        elif random.random() < 0.8:
            self._revise(random.randint(1, 8), has_faults=random.random() < 0.2)
        order = self.sent + [self._again(random.choice(self.sent)) for _ in range(random.choice((0, 1, 2, 4)))]
        way = random.random()
        if way < 0.25:
            order.sort(key=lambda one: str(one["time"]))
        elif way < 0.5:
            order.sort(key=lambda one: int(one.get("revision", 0)))
        else:
            random.shuffle(order)
        plan.events = [[] for _ in range(plan.partitions)]
        for one in order:
            plan.events[self._home_of(one)].append(one)
        plan.log = [[_record(offset, one) for offset, one in enumerate(events)] for events in plan.events]
        plan.is_any_answer = self.focus == "erase_any"
        if self.focus in ("erase", "erase_any") or (self.focus in ("", "consent") and random.random() < 0.15):
            plan.requests = requests_of(random, self.sent, plan.faulty, is_any_answer=plan.is_any_answer)
        if self.focus == "maps" or (random.random() < 0.3 and self.focus in ("", "consent", "erase", "erase_any")):
            plan.map_steps = (MAP_PLANS[-1] if self.focus == "maps" else random.choice(MAP_PLANS)).split()
            plan.held = (random.randint(0, len(plan.map_steps)), [random.randint(0, len(log)) for log in plan.log])
        return plan

    def _send_first_versions(self) -> None:
        random = self.random
        kinds = ["touch"] * random.randint(3, 10) + ["link"] * random.randint(0, len(self.people) + 2)
        kinds += ["unlink"] * random.choice((0, 0, 1, 2)) + ["answer"] * random.choice((0, 0, 1, 3))
        if random.random() < 0.15:  # somebody with many neighbours
            self.plan_.neighbours_max = random.choice((1, 2))
            kinds += ["link"] * 4
        if self.plan_.is_under_consent:
            kinds += ["said"] * random.randint(1, 4)
        random.shuffle(kinds)
        if self.focus == "versions":
            kinds = ["touch"] * random.randint(1, 3)
        for number, kind in enumerate(kinds):
            # Of some events the first version is never sent.
            revision = random.choice((1, 2)) if random.random() < 0.06 else 0
            self.sent.append(self._version(number, kind, revision, self._persons_for(kind)))

    def _persons_for(self, kind: str) -> list[Person]:
        random = self.random
        again = {"unlink": 0.8, "link": 0.5 if self.plan_.is_under_consent else 0.0}.get(kind, 0.0)
        if again and self.pairs and random.random() < again:
            persons = list(random.choice(self.pairs))
            random.shuffle(persons)
            return persons
        if kind in ("link", "unlink"):
            return random.sample(self.people, min(len(self.people), random.choice((2, 2, 2, 2, 3))))
        return random.sample(self.people, min(len(self.people), random.choice((0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3))))

    def _version(
        self, number: int, kind: str, revision: int, persons: list[Person], minute: int | None = None
    ) -> Event:
        random = self.random
        minute = random.randrange(self.minutes) if minute is None else minute
        one: Event = {
            "type": "touchline.touchpoint.v1",
            "id": f"e{number}",
            "source": "shop",
            "time": f"2025-06-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z",
            "persons": persons,
            "touchpoint": random.choice(TOUCHPOINTS),
            "revision": revision,
        }
        if kind in ("touch", "answer"):
            one["place"] = f"p{random.randrange(100)}"  # versions differ by it
        elif kind == "said":
            del one["touchpoint"]
            one |= self._statement()
        else:
            del one["touchpoint"]
            one |= {"type": "touchline.identify.v1", "action": kind, "properties": {"row": str(random.randrange(100))}}
        if kind == "answer":
            del one["touchpoint"], one["place"]
            disposition = random.choice(DISPOSITIONS)
            one |= {
                "type": "touchline.answer.v1", "survey": f"s{random.randrange(3)}", "question": "q", "question_version": "1",
                "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10, "disposition": disposition,
                "about": {"touchpoint": "site", "occurred_at": one["time"]}, "language": "en",
            }  # fmt: skip
            if random.random() < 0.5:  # about an event that may come in another partition, later, or never
                one["scope"] = "transactional"
                one["about"] = {
                    "touchpoint": random.choice(TOUCHPOINTS[:3]),
                    "source": "shop",
                    "event_id": f"e{random.randrange(12)}",
                }
            if disposition in ("partial", "complete"):
                one["score"] = random.randrange(11)
        if self.plan_.is_under_consent and kind != "said":
            one["consent"] = {"id": random.choice(GRANTS), "purposes": ["analytics", "profiling"]}
        if kind != "unlink" and len(persons) > 1:
            self.pairs += [(persons[0], other) for other in persons[1:]]
        return one

    def _statement(self) -> Event:
        """What somebody says of a consent, which may hold from another time on."""
        random = self.random
        minute = random.randrange(self.minutes)
        return {
            "type": "touchline.consent.v1",
            "consent_id": random.choice(GRANTS),
            "purposes": random.choice(([], ["analytics"], ["profiling"], ["profiling"], ["analytics", "profiling"])),
            "state": random.choice(("granted", "withdrawn", "withdrawn")),
            "effective_at": f"2025-06-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z",
        }

    def _revise(self, count: int, *, has_faults: bool) -> None:
        """Further versions, under the same or another key."""
        random, versions = self.random, defaultdict[str, list[Event]](list)
        for one in self.sent:
            versions[one["id"]].append(one)
        for _ in range(count):
            known = versions[random.choice(list(versions))]
            if len(known) >= VERSIONS_MAX and self.focus != "versions":
                continue
            last = random.choice(known)
            kind = _kind_of(last)
            if random.random() < 0.15 and kind != "answer":
                kind = random.choice(("touch", "link", "link", "unlink"))
            persons = last["persons"]
            if random.random() > 0.35 or (kind in ("link", "unlink") and len(persons) < 2):
                persons = self._persons_for(kind)
            revision = random.choice(REVISIONS) if not has_faults or random.random() < 0.4 else 0
            minute = _minute_of(last) if random.random() < 0.5 else None
            one = self._version(int(last["id"][1:]), kind, revision, persons, minute)
            homes = {self._home_of(other) for other in (*known, one) if not other["revision"]}
            if not revision and len(homes) > 1:
                if has_faults:
                    self.plan_.faulty[one["source"], one["id"]] = len(homes)
                else:
                    one["revision"] = 1
            known.append(one)
            self.sent.append(one)

    def _again(self, one: Event) -> Event:
        """The same version once more. A sender whose partitioner changed meanwhile sends it to another partition."""
        if not self.is_astray or self.random.random() < 0.5:
            return one
        copy = dict(one)
        if self._home_of(copy) != self._home_of(one):
            self.plan_.faulty[one["source"], one["id"]] = self.plan_.partitions
        return copy

    def _home_of(self, one: Event) -> int:
        """The partition to which the sender sends the version: that of its key, unless a sender has another partitioner."""
        home = self.plan_.home(kafka_key_of(one))
        if self.is_astray and id(one) not in self.routes:
            self.routes[id(one)] = self.random.choice((home, self.random.randrange(self.plan_.partitions)))
        return self.routes.get(id(one), home)


def kafka_key_of(one: Event) -> bytes:
    """The key under which a sender sends the event: its strongest identifier, or source and id."""
    persons = in_order_of_types(one["persons"])
    return (persons[0]["key"] if persons else f"{one['source']}/{one['id']}").encode()


def in_order_of_types(persons: list[Person]) -> list[Person]:
    """Strongest type first; of one type as given."""
    return sorted(persons, key=lambda person: place_of(person["type"]))


_PLACES = ("login", "mail", "phone", "loyalty", "household", "device", "anonymous")


def place_of(identifier_type: str) -> tuple[int, str]:
    """The place of a type: the declared ones in order, then all others by name."""
    return (_PLACES.index(identifier_type) if identifier_type in _PLACES else len(_PLACES), identifier_type)


def _kind_of(one: Event) -> str:
    if one["type"] == "touchline.identify.v1":
        return str(one["action"])
    return {"touchline.answer.v1": "answer", "touchline.consent.v1": "said"}.get(one["type"], "touch")


def _minute_of(one: Event) -> int:
    day, clock = one["time"][8:10], one["time"][11:16]
    return (int(day) - 1) * 1440 + int(clock[:2]) * 60 + int(clock[3:])


def _record(offset: int, one: Event) -> Record:
    return Record(offset, kafka_key_of(one), json.dumps(one).encode())


def requests_of(
    random: Random, sent: list[Event], faulty: Collection[Key], *, is_any_answer: bool = False
) -> list[ErasureRequest]:
    """Requests to erase some identifiers, up to some time, of a device perhaps from some time on. What depends on what came first is not
    asked for (docs/decisions/0191), unless any answer is taken."""
    people = {(person["type"], person["key"]) for one in sent for person in one["persons"]}
    moments = sorted({moment_us(one["time"]) for one in sent})
    how = random.choice(("erase", "erase", "erase", "anonymise"))
    for _ in range(20):
        chosen = random.sample(sorted(people), random.randint(1, min(4, len(people))))
        requests = []
        for number, (kind, key) in enumerate(chosen, 1):
            until_us = random.choice((moments[-1] + 1, moments[-1] + 1, *moments))
            after_us = random.choice((-1, -1, *moments)) if kind in ("device", "anonymous") else -1
            requests.append(request(number, kind, key, until_us)._replace(after_us=after_us, how=how))
        if is_any_answer or _is_told_apart(requests, sent, faulty):
            return requests
    return []


def request(number: int, kind: str, key: str, until_us: int) -> ErasureRequest:
    """That everything of the identifier up to that time is to be erased."""
    return ErasureRequest(number, key, kind, SECRET.of_identifier(key), SECRET.id, -1, until_us, "erase")


def _is_told_apart(requests: list[ErasureRequest], sent: list[Event], faulty: Collection[Key]) -> bool:
    """Whether of each event of which a version is of the erased, all are: where they are anonymised, or a sender's fault gave one revision
    two partitions. Of any other event a first version may not be later than all requests."""
    versions = defaultdict[str, list[Event]](list)
    for one in sent:
        versions[one["id"]].append(one)
    until_us = max(one.until_us for one in requests)
    for known in versions.values():
        others = [one for one in known if not is_covered(one, requests)]
        if len(others) == len(known):
            continue
        is_faulty = (known[0]["source"], known[0]["id"]) in faulty
        if others and (is_faulty or requests[0].how == "anonymise"):
            return False
        if any(not one["revision"] and moment_us(one["time"]) > until_us for one in others):
            return False
    return True


def is_covered(one: Event, requests: list[ErasureRequest]) -> bool:
    """Whether the event is of somebody who is erased at its time."""
    first = in_order_of_types(one["persons"])[:1]
    return bool(first) and is_erased(first[0]["key"], moment_us(one["time"]), requests)


def is_erased(key: str, time_us: int, requests: list[ErasureRequest]) -> bool:
    """Whether what is said of the identifier at that time is erased."""
    return any(one.identifier == key and one.after_us < time_us <= one.until_us for one in requests)


def moment_us(text: str) -> int:
    """Microseconds since 1970 of an event's time."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000
