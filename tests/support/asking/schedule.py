"""One schedule: some persons, events that come in any order and more than once, a process that asks and is killed, and people who answer,
look away, or take their consent back. All that is decided is decided by the product's own functions."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import NamedTuple

from tests.support.asking.oracle import Lived, Rule, broken_rules
from touchline.schemas.journey.parts import Ask as MapAsk
from touchline.schemas.times import US_PER_HOUR
from touchline.surveys.asked import Asked, standing
from touchline.surveys.asks import Ask, answer_event, ask_of, asked_of
from touchline.surveys.decide import AskReason, Decision, EventFacts, PersonFacts, choose, consent_states, is_sampled
from touchline.surveys.policies import Asking, FatigueRule
from touchline.surveys.policy import SurveyQuestion
from touchline.surveys.questions import load_catalogue

SECRET = bytes(32)
START_US = 1_750_000_000_000_000
HOURS = 24 * 16
TOUCHPOINTS = ("shop", "web", "hotline")
SOURCE = "surveys"


class Found(NamedTuple):
    """What a schedule shows: violations, how often each reason was given, and draws as (probability, sampled)."""

    violations: list[str]
    reasons: Counter[str]
    draws: list[tuple[float, bool]]


class _World:
    """The ledger as a set of versions, and what really happened."""

    def __init__(self, seed: int, random: Random) -> None:
        self.seed = seed  # in the ids of events: draws of two schedules are two draws
        self.random = random
        self.versions: dict[str, list[Asked]] = {}
        self.events: dict[str, list[EventFacts]] = {}
        self.said: dict[str, list[tuple[int, bool]]] = {}
        self.lived: dict[str, Lived] = {}
        self.asks: dict[str, tuple[str, Ask]] = {}

    def facts(self, person: str) -> PersonFacts:
        """As a reader finds them: in any order, versions and duplicates included."""
        asks = [*self.versions.get(person, ())]
        asks += self.random.sample(asks, self.random.randint(0, len(asks)))
        self.random.shuffle(asks)
        said = [*self.said.get(person, ())]
        self.random.shuffle(said)
        consents = consent_states([("contact_me", from_us, is_granted) for from_us, is_granted in said])
        self.random.shuffle(consents)
        return PersonFacts(asks, consents)

    def permits(self, person: str, now_us: int) -> bool:
        """Whether the newest of what the person said in force by now is a grant; of two of one moment the withdrawal holds."""
        said = [(from_us, not is_granted) for from_us, is_granted in self.said.get(person, ()) if from_us <= now_us]
        return bool(said) and not max(said)[1]


def askings_at_random(random: Random) -> tuple[list[Asking], list[FatigueRule]]:
    """A policy: two to three questions at touchpoints, one to three rules."""
    questions = random.sample([*load_catalogue().questions.values()], random.randint(2, 3))
    rules = [_rule(random, number, [one.kpi for one in questions]) for number in range(random.randint(1, 3))]
    askings = [
        Asking(
            SurveyQuestion(
                *("m", one.id, one.kpi, one.variant, one.scope, one.scale.min, one.scale.max),
                *(random.choice((0, 0, 0, 2, 24)) * US_PER_HOUR, "en"),
                MapAsk(touchpoints=tuple(random.sample(TOUCHPOINTS, random.randint(1, 3)))),
                *((), frozenset(TOUCHPOINTS)),
            ),
            one,
            "policy",
            1,
            random.choice((12, 72, 336)) * US_PER_HOUR,
            random.choice((1.0, 1.0, 0.5, 0.2)),
            random.choice(((), ("contact_me",))),
            tuple(rules),
        )
        for one in questions
    ]
    return askings, rules


def _rule(random: Random, number: int, kpis: list[str]) -> FatigueRule:
    scope = random.choice(("global", "global", "kpi", "touchpoint", "segment"))
    fields = {
        "id": f"rule_{number}",
        "scope": scope,
        "counts": random.choice(("invited", "shown", "answered")),
        "at_most": random.choice((1, 1, 2, 3)),
        "within_hours": random.choice((1, 24, 168, 336)),
    }
    if scope == "segment":
        fields["segment"] = "loyal"
    if scope == "kpi" and random.random() < 0.5:
        fields["kpi"] = random.choice(kpis)
    return FatigueRule.model_validate(fields)


def in_words(rule: FatigueRule) -> Rule:
    """For the oracle."""
    return Rule(rule.id, rule.scope, rule.counts, rule.at_most, rule.within_us, rule.segment, rule.kpi)


def run_schedule(seed: int) -> Found:
    """What the schedule of this seed shows."""
    random = Random(seed)
    world = _World(seed, random)
    askings, rules = askings_at_random(random)
    persons = {f"p{number}": random.choice(("loyal", "")) for number in range(random.randint(1, 3))}
    reasons: Counter[str] = Counter()
    violations: list[str] = []
    draws: dict[str, tuple[float, bool]] = {}
    moments = sorted(random.randrange(HOURS * US_PER_HOUR) for _ in range(random.randint(20, 60)))
    for moment_us in moments:
        now_us = START_US + moment_us
        person = random.choice([*persons])
        step = random.random()
        if step < 0.3 or person not in world.events:
            _meet(world, person, persons[person], now_us)
        elif step < 0.4:
            _say(world, person, now_us)
        elif step < 0.7:
            violations += _ask(world, askings, person, now_us, reasons, draws)
        else:
            _go_on(world, person, now_us)
    violations += broken_rules(world.lived.values(), [in_words(rule) for rule in rules])
    return Found(violations, reasons, [*draws.values()])


def _meet(world: _World, person: str, segment: str, now_us: int) -> None:
    number = sum(map(len, world.events.values()))
    touchpoint = world.random.choice(TOUCHPOINTS)
    event = EventFacts(
        "till", f"{world.seed}-{number}", now_us, touchpoint, segment=segment, persons=(("loyalty", f"k1:{person}"),)
    )
    world.events.setdefault(person, []).append(event)


def _say(world: _World, person: str, now_us: int) -> None:
    """A consent is granted or withdrawn, from now on or from a moment before or after."""
    from_us = now_us + world.random.choice((0, 0, -24, 24)) * US_PER_HOUR
    is_granted = world.random.random() < 0.7
    world.said.setdefault(person, []).append((from_us, is_granted))


def _ask(
    world: _World,
    askings: list[Asking],
    person: str,
    now_us: int,
    reasons: Counter[str],
    draws: dict[str, tuple[float, bool]],
) -> list[str]:
    """The process asks about an event, twice with the facts in other orders; a kill in between loses nothing but the answer."""
    event = world.random.choice(world.events[person][-4:])
    made = choose(askings, event, world.facts(person), now_us, SECRET)
    again = choose(askings, event, world.facts(person), now_us, SECRET)
    if made != again:
        return [f"two decisions on the same facts differ at {now_us}"]
    for asking, decision in made:
        reasons[decision.reason] += 1
        if decision.is_asked and asking.purposes and not world.permits(person, now_us):
            return [f"asked without consent at {now_us}"]
        if decision.reason in (AskReason.ASKED, AskReason.NOT_SAMPLED):
            draws.setdefault(decision.ask_id, (decision.probability, is_sampled(decision.ask_id, decision.probability)))
        _write(world, asking, event, person, decision, now_us)
    return [] if len([one for _, one in made if one.is_asked]) <= 1 else ["two questions at once"]


def _write(world: _World, asking: Asking, event: EventFacts, person: str, decision: Decision, now_us: int) -> None:
    if decision.disposition is None:
        return
    ask = ask_of(asking, event, decision, "en", now_us)
    answer_event(ask, decision.disposition, now_us, SOURCE, reason=decision.reason, rule=decision.rule)
    _store(world, person, asked_of(ask, decision.disposition, now_us, SOURCE))
    if decision.is_asked:
        world.asks[ask.id] = (person, ask)
        nothing: dict[str, int | None] = {"invited": None, "shown": None, "answered": None}
        world.lived[ask.id] = Lived(
            ask.id, person, asking.question.kpi, event.touchpoint, event.segment, now_us, nothing
        )


def _store(world: _World, person: str, one: Asked) -> None:
    world.versions.setdefault(person, []).append(one)


def _go_on(world: _World, person: str, now_us: int) -> None:
    """Something becomes of an ask that is open: it is sent, seen, answered, dismissed, or its time is over."""
    asks = [ask for owner, ask in world.asks.values() if owner == person]
    if not asks:
        return
    ask = world.random.choice(asks)
    stands = next(one for one in standing(world.versions[person]) if one.ask_id == ask.id)
    if stands.disposition not in ("sampled", "invited", "shown") or now_us >= stands.expires_us:
        if stands.disposition in ("sampled", "invited", "shown"):
            over = stands._replace(disposition="expired", reached=stands.disposition, reached_us=stands.time_us)
            _store(world, person, over._replace(time_us=now_us))
        return
    following = {
        "sampled": ("invited", "shown"),
        "invited": ("shown", "bounced"),
        "shown": ("dismissed", "partial", "complete"),
    }
    disposition = world.random.choice(following.get(stands.disposition, ("complete",)))
    _store(world, person, stands._replace(disposition=disposition, time_us=now_us))
    lived = world.lived[ask.id]
    if disposition == "bounced":  # it was sent, and reached nobody
        lived.reached_us["invited"] = None
        return
    levels = {"invited": ("invited",), "shown": ("invited", "shown"), "dismissed": ("invited", "shown")}
    for level in levels.get(disposition, ("invited", "shown", "answered")):
        if lived.reached_us[level] is None:
            lived.reached_us[level] = now_us
