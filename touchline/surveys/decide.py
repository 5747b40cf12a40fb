"""May this person be asked this question about this event now? Yes or no, with the reason.

    event, what is known of the person, the policy's question, the time -> Decision

Pure, and a function of the set of facts: neither their order nor duplicates change it. Sampling is drawn from the id of the ask, so the
same event gives the same draw whoever decides, and when.

Why: docs/decisions/0205.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from touchline.schemas.answer import Disposition
from touchline.surveys.asked import Asked, standing
from touchline.surveys.policies import Asking, FatigueRule
from touchline.surveys.policy import asked_after

_ID_BYTES: Final = 16
_TWO_64: Final = 1 << 64


class AskReason(StrEnum):
    """Why somebody is asked, or is not; IN_WORDS says what each means. `asked` is the one yes. `not_eligible` is said of an ask that was
    sampled, when its time is over."""

    ASKED = "asked"
    NO_EVENT = "no_event"
    NOBODY = "nobody"
    NOT_IN_POLICY = "not_in_policy"
    NOT_DUE = "not_due"
    EXPIRED = "expired"
    ALREADY_ASKED = "already_asked"
    NO_CONSENT = "no_consent"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    FATIGUE = "fatigue"
    NOT_SAMPLED = "not_sampled"
    NOT_ELIGIBLE = "not_eligible"


IN_WORDS: Final = {
    AskReason.ASKED: "nothing speaks against it",
    AskReason.NO_EVENT: "the person has no such event in the ledger, or not yet",
    AskReason.NOBODY: "the event names nobody",
    AskReason.NOT_IN_POLICY: "the policy asks nothing after this event",
    AskReason.NOT_DUE: "the delay is not over",
    AskReason.EXPIRED: "the time in which the event may be asked about is over",
    AskReason.ALREADY_ASKED: "the person was asked this question about this event",
    AskReason.NO_CONSENT: "a purpose that the policy needs was never granted",
    AskReason.CONSENT_WITHDRAWN: "a purpose that the policy needs was withdrawn",
    AskReason.FATIGUE: "a fatigue rule spares the person",
    AskReason.NOT_SAMPLED: "the draw fell so",
    AskReason.NOT_ELIGIBLE: "the event was taken back, or became one after which the policy asks nothing",
}
"""What each reason says to people."""


class EventFacts(NamedTuple):
    """The event that a question would be about, as the journey map attaches it. Times are microseconds since 1970; `persons` are pairs of
    (type, key), as the event names them; `has_converted`: its journey cycle had a conversion before it."""

    source: str
    event_id: str
    time_us: int
    touchpoint: str
    action: str = ""
    stage: str = ""
    is_conversion: bool = False
    has_converted: bool = False
    segment: str = ""
    place: str = ""
    brand: str = ""
    persons: tuple[tuple[str, str], ...] = ()
    is_simulated: bool = False


class ConsentState(NamedTuple):
    """One state of one purpose of the person; `until_us` None: until something else is said."""

    purpose: str
    is_granted: bool
    from_us: int
    until_us: int | None = None


class PersonFacts(NamedTuple):
    """What is known of the person, under all its identifiers."""

    asks: Collection[Asked] = ()
    consents: Collection[ConsentState] = ()


class Decision(NamedTuple):
    """Whether the person is asked, and why. `rule` names the fatigue rule or the purpose that says no; `retry_us` is when it may say
    otherwise, 0 where that is not known."""

    is_asked: bool
    reason: AskReason
    rule: str
    ask_id: str
    due_us: int
    expires_us: int
    probability: float
    retry_us: int = 0

    @property
    def disposition(self) -> Disposition | None:
        """How far the ask came by it; None where it is not even eligible, and nothing is to be written down."""
        return _DISPOSITIONS.get(self.reason)


_DISPOSITIONS: Final[dict[AskReason, Disposition]] = {
    AskReason.ASKED: "sampled",
    AskReason.NOT_SAMPLED: "not_sampled",
    AskReason.NO_CONSENT: "eligible",
    AskReason.CONSENT_WITHDRAWN: "eligible",
    AskReason.FATIGUE: "eligible",
}


def ask_id(secret: bytes, policy: str, question: str, source: str, event_id: str) -> str:
    """Id of the one ask for a question of a policy about an event: 128 bits as hex, which nobody can tell without the secret."""
    said = json.dumps([policy, question, source, event_id], ensure_ascii=True, separators=(",", ":"))
    return hmac.new(secret, said.encode(), hashlib.sha256).digest()[:_ID_BYTES].hex()


def is_sampled(of_ask: str, probability: float) -> bool:
    """The draw of an ask: true for a share `probability` of all ids, the same each time."""
    drawn = int.from_bytes(hashlib.blake2b(of_ask.encode(), digest_size=8).digest(), "big")
    return drawn < probability * _TWO_64


def due_at(asking: Asking, event: EventFacts) -> tuple[int, int]:
    """From when to when the person may be asked, the end not included."""
    due_us = event.time_us + asking.where.delay_us
    return due_us, due_us + asking.valid_us


def follows(askings: Iterable[Asking], event: EventFacts) -> list[Asking]:
    """The questions that the policy asks after the event, in its order."""
    return [
        one
        for one in askings
        if asked_after(
            [one.where],
            event.touchpoint,
            event.action,
            event.stage,
            is_conversion=event.is_conversion,
            has_converted=event.has_converted,
        )
    ]


def is_eligible(asking: Asking, event: EventFacts | None) -> bool:
    """Whether by what is known now the policy asks the question after the event, whatever its cycle had before. None: the event was taken
    back. Who was sampled and is not turned out to be none of those who are asked: AAPOR's NE."""
    if event is None:
        return False
    return any(follows([asking], event._replace(has_converted=known)) for known in (False, True))


def decide(asking: Asking, event: EventFacts, person: PersonFacts, now_us: int, secret: bytes) -> Decision:
    """One question about one event that it follows, at `now_us`."""
    own_id = ask_id(secret, asking.policy, asking.question.id, event.source, event.event_id)
    due_us, expires_us = due_at(asking, event)
    asks = standing(person.asks)

    def said(reason: AskReason, rule: str = "", retry_us: int = 0) -> Decision:
        return Decision(reason is AskReason.ASKED, reason, rule, own_id, due_us, expires_us, asking.sampling, retry_us)

    if not event.persons:
        return said(AskReason.NOBODY)
    if any(_is_same(one, own_id, asking, event) for one in asks):
        return said(AskReason.ALREADY_ASKED)
    if now_us < due_us:
        return said(AskReason.NOT_DUE, retry_us=due_us)
    if now_us >= expires_us:
        return said(AskReason.EXPIRED)
    for purpose in asking.purposes:
        if (state := state_of(person.consents, purpose, now_us)) != "granted":
            return said(AskReason.CONSENT_WITHDRAWN if state == "withdrawn" else AskReason.NO_CONSENT, purpose)
    for rule in asking.fatigue:
        if retry_us := spared_until(rule, asking, event, asks, now_us):
            return said(AskReason.FATIGUE, rule.id, retry_us)
    return said(AskReason.ASKED if is_sampled(own_id, asking.sampling) else AskReason.NOT_SAMPLED)


def choose(
    askings: Sequence[Asking], event: EventFacts, person: PersonFacts, now_us: int, secret: bytes
) -> list[tuple[Asking, Decision]]:
    """The decisions on the questions that follow an event, in the policy's order up to the first yes: one question at a time is asked.
    None where the policy asks nothing there."""
    made = []
    for asking in follows(askings, event):
        decision = decide(asking, event, person, now_us, secret)
        made.append((asking, decision))
        if decision.is_asked:
            break
    return made


def most_telling(made: Sequence[tuple[Asking, Decision]]) -> tuple[Asking, Decision] | None:
    """Of decisions the one to answer with: the yes, else the first no that is about now."""
    about_now = [one for one in made if one[1].reason not in (AskReason.NOT_DUE, AskReason.EXPIRED)]
    return next((one for one in made if one[1].is_asked), next(iter([*about_now, *made]), None))


def consent_states(said: Iterable[tuple[str, int, bool]]) -> list[ConsentState]:
    """The states of each purpose over time, by what was said in any order: (purpose, from when on, whether granted). Each holds until the
    next one; of two from the same moment on the withdrawal does. As the view journey.consents has them."""
    moments: defaultdict[str, dict[int, bool]] = defaultdict(dict)
    for purpose, from_us, is_granted in said:
        moments[purpose][from_us] = is_granted and moments[purpose].get(from_us, True)
    states = []
    for purpose, granted in moments.items():
        begun = sorted(granted)
        for from_us, until_us in zip(begun, [*begun[1:], None], strict=True):
            states.append(ConsentState(purpose, granted[from_us], from_us, until_us))
    return states


def state_of(consents: Iterable[ConsentState], purpose: str, now_us: int) -> Literal["granted", "withdrawn", "unknown"]:
    """What holds of a purpose; where two statements hold at once, the withdrawal does."""
    held = [
        one.is_granted
        for one in consents
        if one.purpose == purpose and one.from_us <= now_us and (one.until_us is None or now_us < one.until_us)
    ]
    return "unknown" if not held else "granted" if all(held) else "withdrawn"


def spared_until(rule: FatigueRule, asking: Asking, event: EventFacts, asks: Iterable[Asked], now_us: int) -> int:
    """Until when a fatigue rule spares the person, as far as is known now; 0 where it does not. `asks` are standing ones."""
    if not _holds(rule, asking, event):
        return 0
    ends = []
    for one in asks:
        if not _is_of(rule, asking, event, one):
            continue
        reached_us = one.reached_at_us(rule.counts)
        if reached_us is not None:
            ends.append(reached_us + rule.within_us)
        elif one.is_open(now_us):
            ends.append(one.expires_us)
    ends = [end_us for end_us in ends if end_us > now_us]
    return sorted(ends)[-rule.at_most] if len(ends) >= rule.at_most else 0


def _is_same(one: Asked, own_id: str, asking: Asking, event: EventFacts) -> bool:
    if not one.is_asked:
        return False
    about = (one.about_source, one.about_event_id)
    return one.ask_id == own_id or (one.question == asking.question.id and about == (event.source, event.event_id))


def _holds(rule: FatigueRule, asking: Asking, event: EventFacts) -> bool:
    """Whether the rule is for this question and this person."""
    if rule.scope == "segment":
        return event.segment == rule.segment
    return rule.kpi is None or rule.kpi == asking.question.kpi


def _is_of(rule: FatigueRule, asking: Asking, event: EventFacts, one: Asked) -> bool:
    """Whether the ask is one of those that the rule counts."""
    if rule.scope == "kpi":
        return one.kpi == asking.question.kpi
    return rule.scope != "touchpoint" or one.touchpoint == event.touchpoint


def choose_event(
    askings: Sequence[Asking], events: Sequence[EventFacts], person: PersonFacts, now_us: int, secret: bytes
) -> tuple[EventFacts, list[tuple[Asking, Decision]]] | None:
    """Of a person's events, the newest first, the one to ask about: the first of which the policy says something now, else the newest one;
    with the decisions on it. None without events."""
    made = [(event, choose(askings, event, person, now_us, secret)) for event in events]
    silent = (AskReason.NOT_DUE, AskReason.EXPIRED)
    about_now = (one for one in made if any(decision.reason not in silent for _, decision in one[1]))
    return next(about_now, next((one for one in made if one[1]), next(iter(made), None)))
