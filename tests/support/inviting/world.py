"""The world around an inviter: customers, the log that survives every kill, the ledger that follows it, and sinks that fail.

What the product reads of ClickHouse it reads of here; deciding, remembering, sending and ending are the product's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

from touchline.errors import EngineUnreachable
from touchline.producers.collector.intake import Taken
from touchline.schemas.times import parse_time
from touchline.service.problem import RequestRefused
from touchline.sinks.again import NotTaken
from touchline.surveys.asked import OPEN, RANK, Asked
from touchline.surveys.asks import EXPIRES_AT, INVITATION, REACHED, REACHED_AT, Ask, StoredAsk, time_in
from touchline.surveys.decide import EventFacts, PersonFacts, consent_states
from touchline.surveys.server import desk as desk_module
from touchline.surveys.server.inviting import finding, reading
from touchline.surveys.server.inviting.reading import Place, Wanted
from touchline.surveys.server.ledger_facts import NOBODY, Found, Wanted as Named

SOURCE = "surveys"
STREAM = "events-0"
PAGE = 3
"""Events in one page of a reading: few, so that pages are turned."""
PAGE_TAKEN_FOR = PAGE
"""What the product believes of it."""


class Killed(BaseException):
    """The process is gone: nothing of it goes on."""


class Gone(NamedTuple):
    """One invitation that came to a sink."""

    at_us: int
    ask_id: str
    sink: str
    life: int
    body: dict[str, Any]


class World:
    """`trouble` is the chance that a step fails or kills."""

    def __init__(self, random: Random, now_us: int) -> None:
        self.random = random
        self.now_us = now_us
        self.trouble = 0.0
        self.life = 0
        self.is_dead = False
        self.log: list[dict[str, Any]] = []
        self.stored = 0
        self.inserts: list[tuple[int, EventFacts]] = []
        self.retracted: set[str] = set()
        self.groups: dict[str, str] = {}
        self.said: dict[str, list[tuple[int, bool]]] = {}
        self.gone: list[Gone] = []
        self.doubtful: set[tuple[str, str]] = set()
        self.refused: set[tuple[str, str]] = set()
        self._asks: dict[tuple[int, int], dict[str, tuple[StoredAsk, Asked]]] = {}
        self._parsed: dict[int, tuple[StoredAsk, Asked]] = {}

    # customers

    def group(self, key: str) -> str:
        """Who the identifier is, as far as is known now."""
        while self.groups.get(key, key) != key:
            key = self.groups[key]
        return key

    def together(self, key: str) -> set[str]:
        """All identifiers of that person."""
        return {one for one in self.groups if self.group(one) == self.group(key)}

    def permits(self, key: str, now_us: int) -> bool:
        """By the newest of what the person said; of two of one moment the withdrawal holds."""
        said = [(at, not is_granted) for one in self.together(key) for at, is_granted in self.said.get(one, ())]
        said = [one for one in said if one[0] <= now_us]
        return bool(said) and not max(said)[1]

    def events(self) -> dict[str, EventFacts]:
        """Those that stand."""
        return {one.event_id: one for _, one in self.inserts if one.event_id not in self.retracted}

    # the log and the ledger

    def asks(self, upto: int | None = None) -> dict[str, tuple[StoredAsk, Asked]]:
        """The asks as they stand after so much of the log; the most complete version counts."""
        count = len(self.log) if upto is None else upto
        key = (count, len(self.log))
        if key not in self._asks:
            best: dict[str, tuple[tuple[int, str], tuple[StoredAsk, Asked]]] = {}
            for event in self.log[:count]:
                held, order = best.get(event["id"]), _order(event)
                if held is None or order > held[0]:
                    best[event["id"]] = order, self._read_once(event)
            self._asks[key] = {name: one for name, (_, one) in best.items()}
        return self._asks[key]

    def _read_once(self, event: dict[str, Any]) -> tuple[StoredAsk, Asked]:
        if id(event) not in self._parsed:
            self._parsed[id(event)] = stored_of(event)
        return self._parsed[id(event)]

    def step(self, *chances: float) -> int:
        """Which of several things befalls, by their chances times the trouble; -1: none. A dead process does nothing."""
        if self.is_dead:
            raise Killed
        drawn = self.random.random()
        for number, chance in enumerate(chances):
            drawn -= chance * self.trouble
            if drawn < 0:
                return number
        return -1

    def kill(self) -> None:
        """The process ends here."""
        self.is_dead = True
        raise Killed

    async def read(self, query: Callable[[Any], Any]) -> Any:
        """As readers of ClickHouse."""
        befalls = self.step(0.03, 0.01)
        if befalls == 0:
            raise RequestRefused(503, "ClickHouse is away", "wait")
        if befalls == 1:
            self.kill()
        await asyncio.sleep(0)
        return query(self)

    async def take(self, events: Sequence[dict[str, Any]], _patience: float, is_over: Callable[[], None]) -> Taken:
        """As the intake. Of events that fail it is not known whether they are safe."""
        befalls = self.step(0.03, 0.03, 0.02, 0.02)
        await asyncio.sleep(0)
        if befalls == 2:
            self.kill()
        if befalls != 0:
            self.log += events
        if befalls in (0, 1):
            raise EngineUnreachable("not acknowledged", "send again")
        if befalls == 3:
            self.kill()
        is_over()
        return Taken(len(events), {})


class SinkOf:
    """A sink of the world: it fails, takes and says that it has failed, refuses for good, or is killed over."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self._world = world

    async def __call__(self, key: str, body: Mapping[str, Any]) -> None:
        """See Sender."""
        world = self._world
        befalls = world.step(0.25, 0.1, 0.05, 0.05, 0.02)
        await asyncio.sleep(0)
        if world.is_dead:
            raise Killed
        if befalls == 0:
            raise NotTaken("503", after_seconds=world.random.choice((None, 30.0)))
        if befalls == 2:
            world.kill()
        if befalls == 4:
            world.refused.add((key, self.name))
            raise NotTaken("422", is_final=True)
        world.gone.append(Gone(world.now_us, key, self.name, world.life, dict(body)))
        if befalls == 1:
            world.doubtful.add((key, self.name))
            raise NotTaken("TimeoutError")
        if befalls == 3:
            world.kill()

    async def close(self) -> None:
        """Nothing is open."""


def stored_of(event: dict[str, Any]) -> tuple[StoredAsk, Asked]:
    """An ask as a reader of the ledger finds it."""
    said = {name: str(value) for name, value in event["properties"].items()}
    persons: Any = tuple((one["type"], one["key"]) for one in event["persons"])
    about, time_us = event["about"], parse_time(event["time"])
    fields: tuple[Any, ...] = (
        *(event[name] for name in ("id", "question", "question_version", "language", "kpi", "variant", "scope")),
        *(event["scale_min"], event["scale_max"], persons, about["touchpoint"], about["source"], about["event_id"]),
        *(event["survey"], int(said["policy_version"]), event["sampling_probability"]),
        *(time_in(said, "asked_at"), time_in(said, EXPIRES_AT)),
    )
    ask = Ask(*fields)._replace(way=said.get("way", ""))
    asked = Asked(
        *(SOURCE, ask.id, ask.policy, ask.question, ask.kpi, ask.touchpoint, ask.about_source, ask.about_event_id),
        *(event["disposition"], time_us, ask.expires_us, said.get(REACHED, ""), time_in(said, REACHED_AT)),
    )
    return StoredAsk(ask, event["disposition"], time_us), asked


def _order(event: dict[str, Any]) -> tuple[int, str]:
    return RANK[event["disposition"]], f"{event['time']}{event['properties']}"


def _facts(world: World, keys: Sequence[str], wanted: Named, _now_us: int) -> Found:
    own = world.together(keys[0])
    if not own:
        return NOBODY
    stand = [one for one in world.events().values() if one.persons[0][1] in own]
    events = [
        one for one in stand if wanted.event_id in ("", one.event_id) and wanted.touchpoint in ("", one.touchpoint)
    ]
    asks = [one for stored, one in world.asks(world.stored).values() if stored.ask.persons[0][1] in own]
    world.random.shuffle(asks)
    said = [("contact_me", *one) for key in own for one in world.said.get(key, ())]
    person = PersonFacts(asks, consent_states(said))
    return Found(frozenset(own), sorted(events, key=lambda one: -one.time_us)[:20], person)


def _events(world: World, wanted: Wanted, after: Place) -> list[EventFacts]:
    def lies(event: EventFacts, spans: Any) -> bool:
        return any(span.after_us < event.time_us <= span.until_us for span in spans)

    stand, found = world.events(), {}
    for number, event in world.inserts:
        is_new = bool(wanted.tops) and number > wanted.tops[STREAM] and lies(event, wanted.every)
        place = (event.time_us, event.source, event.event_id)
        if event.event_id in stand and (lies(event, wanted.fresh) or is_new) and place > after:
            found[place] = event
    return [found[place] for place in sorted(found)][:PAGE]


def _named(world: World, names: frozenset[tuple[str, str]]) -> list[EventFacts]:
    return [one for one in world.events().values() if (one.source, one.event_id) in names]


def _waiting(world: World, _source: str, now_us: int) -> list[StoredAsk]:
    asks = [one for one, _ in world.asks(world.stored).values()]
    return [
        one
        for one in asks
        if one.disposition == "sampled" and one.ask.way == INVITATION and now_us < one.ask.expires_us
    ]


def _over(world: World, _source: str, now_us: int) -> list[StoredAsk]:
    asks = [one for one, _ in world.asks(world.stored).values()]
    return [one for one in asks if one.disposition in OPEN and one.ask.expires_us <= now_us]


def _stand(world: World, _source: str, ids: Sequence[str]) -> list[tuple[str, str]]:
    asks = world.asks(world.stored)
    return [(one, asks[one][0].disposition) for one in ids if one in asks]


@contextmanager
def reading_of_the_world() -> Iterator[None]:
    """The product reads here what it else reads of ClickHouse."""
    instead: list[tuple[Any, str, Any]] = [
        (desk_module, "read_facts", _facts),
        (desk_module, "which_stand", _stand),
        (desk_module, "default_map", lambda _world: None),
        (finding, "which_stand", _stand),
        (finding, "EVENTS_AT_ONCE", PAGE_TAKEN_FOR),
        (reading, "read_events", _events),
        (reading, "read_named", _named),
        (reading, "read_waiting", _waiting),
        (reading, "read_over", _over),
        (reading, "read_tops", lambda world: {STREAM: len(world.inserts)}),
    ]
    with ExitStack() as stack:
        for target, name, fake in instead:
            stack.enter_context(patch.object(target, name, fake))
        yield
