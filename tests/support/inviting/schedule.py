"""One schedule: customers buy, merge, consent and answer; the inviter is killed at any step and starts again; at last all is calm.

What must hold: one decision for each question and event; nothing goes out beyond a rule, without consent or out of its time, as customers
would count it; whatever goes out of one ask is the same; when all is calm nothing that may go out waits, and nothing stays open for ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import Any, NamedTuple

from tests.support.asking.oracle import is_spared
from tests.support.asking.schedule import SECRET, START_US, TOUCHPOINTS, askings_at_random, in_words
from tests.support.inviting.world import SOURCE, Gone, Killed, SinkOf, World, reading_of_the_world
from touchline.errors import TouchlineError
from touchline.metrics.declared import SURVEYS
from touchline.metrics.meter import Meter
from touchline.schemas.times import US_PER_DAY, US_PER_HOUR
from touchline.surveys.asked import OPEN, RANK
from touchline.surveys.asks import INVITATION, Ask, StoredAsk
from touchline.surveys.decide import EventFacts
from touchline.surveys.policies import load_policy
from touchline.surveys.questions import load_catalogue
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.inviting.inviter import Inviter
from touchline.surveys.server.ledger_facts import Wanted as Named

DAYS = 10
CALM_ROUNDS = 4
FOLLOWS = {"sampled": ("shown",), "invited": ("delivered", "bounced", "shown"), "delivered": ("shown",)}
Known = tuple[str, str, str, int, int]
_POLICY = load_policy("recommendation")
"""The desk has one; its questions are those of the schedule."""


class Found(NamedTuple):
    """What a schedule shows: violations, and counts of what happened in it."""

    violations: list[str]
    counts: Counter[str]


class _Schedule:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.world = World(self.random, START_US)
        self.askings, rules = askings_at_random(self.random)
        self.rules = [in_words(rule) for rule in rules]
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()
        self.checked = 0
        self.reached: dict[str, list[tuple[str, int]]] = {}
        self.over: dict[str, int] = {}
        self.idle: Counter[str] = Counter()
        self.told: set[str] = set()
        """Asks of which a page was told that it may ask."""
        for number in range(self.random.randint(1, 4)):
            self.world.groups[f"k{number}"] = f"k{number}"
            self.world.said[f"k{number}"] = [(0, True)] if self.random.random() < 0.8 else []

    # the process

    def start(self) -> None:
        """A new process: what was sent before stands in the ledger first."""
        world: Any = self.world
        world.stored, world.is_dead, world.life = len(world.log), False, world.life + 1
        meter = Meter(SURVEYS)
        policy, catalogue = _POLICY, load_catalogue()
        self.desk = Desk(policy, catalogue, SECRET, SOURCE, "en", world, world, meter, lambda: world.now_us)
        self.desk._map, self.desk._askings = ("m", 1), self.askings
        sinks = {name: SinkOf(world, name) for name in (("topic", "webhook") if self.seed % 3 == 0 else ("topic",))}
        self.inviter = Inviter(self.desk, sinks, "https://ask.example", meter, Random(self.seed).random)

    async def within(self, doing: Any) -> None:
        """A step of the process; killed, it starts again."""
        world = self.world
        try:
            await doing
            await self.inviter.outgoing.settle()
        except TouchlineError:
            self.counts["failed steps"] += 1
            try:
                await self.inviter.outgoing.settle()
            except Killed:
                pass
        except Killed:
            pass
        if world.is_dead:
            self.counts["kills"] += 1
            await asyncio.gather(*self.inviter.outgoing._tasks, return_exceptions=True)
            self.judge()
            self.start()
        self.judge()

    async def round(self) -> None:
        await self.inviter.round()
        await self.inviter.outgoing.settle()
        if self.random.random() < 0.3:
            await self.desk.look()

    # what befalls

    async def go(self) -> Found:
        self.start()
        for _ in range(self.random.randint(30, 70)):
            self.world.now_us += round(self.random.expovariate(1 / (DAYS * US_PER_DAY / 50)))
            self.world.trouble = self.random.choice((0.0, 1.0, 1.0, 2.0))
            await self.befall(self.random.random())
        await self.calm()
        return Found(self.violations, self.counts)

    async def befall(self, drawn: float) -> None:
        world = self.world
        if drawn < 0.22:
            self.buys()
        elif drawn < 0.27 and world.inserts:
            world.inserts.append((len(world.inserts) + 1, self.random.choice(world.inserts)[1]))  # comes again
        elif drawn < 0.30 and world.inserts:
            world.retracted.add(self.random.choice(world.inserts)[1].event_id)
        elif drawn < 0.35:
            key, is_granted = self.random.choice([*world.groups]), self.random.random() < 0.7
            world.said[key].append((world.now_us, is_granted))
        elif drawn < 0.39:
            one, other = self.random.choices([*world.groups], k=2)
            world.groups[world.group(one)] = world.group(other)
            self.counts["merges"] += 1
        elif drawn < 0.47:
            world.stored = self.random.randint(world.stored, len(world.log))
        elif drawn < 0.52:
            await self.within(self.customer_is_there())
        elif drawn < 0.60:
            await self.within(self.customer_goes_on())
        else:
            await self.within(self.round())

    def buys(self) -> None:
        world = self.world
        late_us = self.random.choice((0, 0, 0, 1, 30, 200)) * US_PER_HOUR
        key = self.random.choice([*world.groups])
        event = EventFacts(
            *("till", f"{self.seed}-{len(world.inserts)}", world.now_us - late_us, self.random.choice(TOUCHPOINTS)),
            segment="loyal" if int(key[1:]) % 2 else "",
            persons=(("loyalty", key),),
        )
        world.inserts.append((len(world.inserts) + 1, event))

    async def customer_is_there(self) -> None:
        """A page asks whether it may ask; where that fails, the customer sees nothing."""
        key, touchpoint = self.random.choice([*self.world.groups]), self.random.choice(TOUCHPOINTS)
        answered = await self.desk.ask([key], Named(touchpoint))
        if answered.decision is not None and answered.decision.is_asked:
            self.told.add(answered.decision.ask_id)

    async def customer_goes_on(self) -> None:
        """Somebody who was asked looks, answers, or was not reached."""
        asks = [one for one, _ in self.world.asks().values() if one.disposition in FOLLOWS]
        gone = {one.ask_id for one in self.world.gone}
        asks = [one for one in asks if one.ask.id in gone and self.world.now_us < one.ask.expires_us]
        if asks:
            one = self.random.choice(asks)
            following: Any = self.random.choice((*FOLLOWS[one.disposition], "complete"))
            while True:
                try:
                    await self.desk.write(StoredAsk(one.ask, following, self.world.now_us))
                    return
                except TouchlineError:  # whoever is told so sends it again
                    continue

    async def calm(self) -> None:
        """Nothing fails any more: whatever may go out goes, and ends when its time is over."""
        world = self.world
        world.trouble = 0.0
        for number in range(CALM_ROUNDS):
            world.now_us += 2 * US_PER_HOUR
            world.stored = len(world.log)
            before = {one: self.cause(one) for one in self.unsent()} if number else {}
            await self.within(self.round())
            for ask, cause in before.items():
                if not cause and ask in self.unsent():
                    self.violations.append(f"ask {ask.id} waits though nothing speaks against it")
            self.look_for_undecided()
        world.now_us += 60 * US_PER_DAY
        world.stored = len(world.log)
        left = {name for name, (stored, _) in world.asks().items() if stored.disposition in OPEN}
        await self.within(self.round())
        world.stored = len(world.log)
        self.look_for_ineligible(left)
        for stored, _ in world.asks().values():
            if stored.disposition in OPEN:
                self.violations.append(f"ask {stored.ask.id} is {stored.disposition} long after its time")

    def look_for_ineligible(self, left: set[str]) -> None:
        """Not eligible is said of those whose event was taken back, and of no other; `left` are asks that ended just now."""
        ended = [one for one in self.world.log if one["disposition"] == "expired"]
        said = {one["id"] for one in ended if one["properties"].get("reason") == "not_eligible"}
        gone = {one["id"] for one in ended if one["about"]["event_id"] in self.world.retracted}
        self.counts["not eligible"] += len(said)
        self.violations += [
            f"ask {name} is said not to be eligible, and its event stands" for name in sorted(said - gone)
        ]
        self.violations += [
            f"ask {name} ended without its event and is eligible" for name in sorted((left & gone) - said)
        ]

    def unsent(self) -> list[Ask]:
        gone = {one.ask_id for one in self.world.gone}
        stand = [one for one, _ in self.world.asks().values() if one.disposition == "sampled"]
        refused = {ask_id for ask_id, _ in self.world.refused}
        return [one.ask for one in stand if one.ask.way == INVITATION and one.ask.id not in gone | refused]

    def cause(self, ask: Ask) -> str:
        """Why it need not go out now, by the words of the rules; every other ask that was sampled may have gone out."""
        world, key = self.world, ask.persons[0][1]
        if world.now_us >= ask.expires_us:
            return "over"
        event = world.events().get(ask.about_event_id)
        if event is None:
            return "gone"
        asking = next(one for one in self.askings if one.question.id == ask.question)
        if asking.purposes and not world.permits(key, world.now_us):
            return "consent"
        return self.spared(ask, event, self.known(key, ask.id, is_cautious=True))

    def spared(self, ask: Ask, event: EventFacts, known: list[Known]) -> str:
        now_us = self.world.now_us
        for rule in self.rules:
            if is_spared(rule, ask.kpi, event.touchpoint, event.segment, known, now_us):
                return rule.id
        return ""

    def known(self, key: str, but: str, *, is_cautious: bool) -> list[Known]:
        """The other asks of the person: what really came to it; cautiously, all that may have."""
        world, found = self.world, []
        own, gone = world.together(key), {one.ask_id: one.at_us for one in reversed(world.gone)}
        for stored, asked in world.asks().values():
            ask = stored.ask
            if ask.id == but or ask.persons[0][1] not in own or RANK[stored.disposition] < RANK["sampled"]:
                continue
            level, at_us = _level(stored.disposition), stored.time_us
            if stored.disposition == "expired":
                level, at_us = _level(asked.reached), asked.reached_us
            if not is_cautious and level in ("", "invited") and stored.disposition != "bounced":
                if ask.id not in gone and (ask.way == INVITATION or ask.id not in self.told):
                    continue  # it may be safe though its writing failed, and yet nobody saw it
                level, at_us = ("invited", gone[ask.id]) if ask.id in gone else (level, at_us)
            is_open = stored.disposition in OPEN
            found.append((ask.kpi, ask.touchpoint, level, at_us, ask.expires_us if is_open else 0))
        return found

    # what must hold

    def judge(self) -> None:
        """Of what went out since the last look."""
        fresh, self.checked = self.world.gone[self.checked :], len(self.world.gone)
        earlier = self.world.gone[: len(self.world.gone) - len(fresh)]
        for number, one in enumerate(fresh):
            before = [*earlier, *fresh[:number]]
            same = [other for other in before if other.ask_id == one.ask_id]
            if any(other.body != one.body for other in same):
                self.violations.append(f"two invitations of ask {one.ask_id} differ")
            clean = [other for other in same if (other.sink, other.life) == (one.sink, one.life)]
            if clean and (one.ask_id, one.sink) not in self.world.doubtful:
                self.violations.append(f"ask {one.ask_id} went out twice for nothing")
            if not same:
                self.violations += self.judge_first(one, fresh[:number])
            self.counts["sent" if not same else "sent again"] += 1

    def judge_first(self, one: Gone, _beside: list[Gone]) -> list[str]:
        asks = self.world.asks()
        if one.ask_id not in asks:
            return [f"ask {one.ask_id} went out and was never written"]
        ask = asks[one.ask_id][0].ask
        asking = next(other for other in self.askings if other.question.id == ask.question)
        event = self.world.events().get(ask.about_event_id)
        if event is None:
            return [f"ask {ask.id} went out about an event that is gone"]
        due_us = event.time_us + asking.where.delay_us
        if not due_us <= one.at_us < due_us + asking.valid_us:
            return [f"ask {ask.id} went out of its time"]
        key = ask.persons[0][1]
        if asking.purposes and not self.world.permits(key, one.at_us):
            return [f"ask {ask.id} went out without consent"]
        later = self.world.gone.index(one)
        known = self.known_at(key, later)
        rule = self.spared(ask, event, known)
        return [f"ask {ask.id} went out beyond {rule}"] if rule else []

    def known_at(self, key: str, position: int) -> list[Known]:
        """Of invitations those that had gone out before this one."""
        world = self.world
        kept, world.gone = world.gone, world.gone[:position]
        try:
            return self.known(key, kept[position].ask_id, is_cautious=False)
        finally:
            world.gone = kept

    def look_for_undecided(self) -> None:
        """Of each event the first question that is due must have an ask, of whatever outcome."""
        asked = {(one.ask.question, one.ask.about_event_id) for one, _ in self.world.asks().values()}
        for event in self.world.events().values():
            for asking in self.askings:
                due_us = event.time_us + asking.where.delay_us
                if event.touchpoint not in (asking.where.ask.touchpoints or ()):
                    continue
                if not due_us <= self.world.now_us < due_us + asking.valid_us:
                    continue
                if (asking.question.id, event.event_id) not in asked:
                    self.violations.append(
                        f"{asking.question.id} about {event.event_id} is due, and nothing was decided"
                    )
                break

    def one_decision_each(self) -> None:
        """By id, question and event; and no draw has fallen twice."""
        names: dict[tuple[str, str], str] = {}
        said: dict[str, set[str]] = {}
        for event in self.world.log:
            name = (event["question"], event["about"]["event_id"])
            if names.setdefault(name, event["id"]) != event["id"]:
                self.violations.append(f"two asks of {name}")
            said.setdefault(event["id"], set()).add(event["disposition"])
        if any({"sampled", "not_sampled"} <= some for some in said.values()):
            self.violations.append("one ask was drawn and not drawn")
        for stored, _ in self.world.asks().values():
            self.counts[stored.disposition] += 1


def _level(disposition: str) -> str:
    if disposition in ("partial", "complete"):
        return "answered"
    if disposition in ("shown", "started", "dismissed", "refused"):
        return "shown"
    return "invited" if disposition in ("invited", "delivered") else ""


def run_schedule(seed: int) -> Found:
    """What the schedule of this seed shows."""
    with reading_of_the_world():
        schedule = _Schedule(seed)
        found = asyncio.run(schedule.go())
        schedule.one_decision_each()
        return found
