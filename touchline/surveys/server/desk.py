"""Decides, and writes what was decided; pages and invitations report by it, too.

    facts of the ledger + what is remembered -> decide -> remembered, then written -> the answer, once the event is safe

Between the facts and the memory nothing is waited for, so of two questions at once the second one knows of the first. One process asks:
two would not know of each other for as long as an event takes to the ledger.

Why: docs/decisions/0205.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from clickhouse_driver import Client

from touchline.errors import WrongUsage
from touchline.map_changes.tables import read_maps, read_shown
from touchline.metrics.declared import ASKS_REMEMBERED, DECISIONS
from touchline.metrics.meter import Meter
from touchline.producers.collector.intake import Intake
from touchline.schemas.journey.model import JourneyMap
from touchline.service.problem import RequestRefused
from touchline.surveys.asked import RANK, standing
from touchline.surveys.asks import StoredAsk, answer_event, ask_of
from touchline.surveys.decide import AskReason, Decision, EventFacts, PersonFacts, choose_event, most_telling
from touchline.surveys.policies import Asking, Policy, askings_of
from touchline.surveys.questions import Catalogue, Question
from touchline.surveys.server.ledger_facts import Found, Wanted, read_ask, read_facts, which_stand
from touchline.surveys.server.readers import Readers
from touchline.surveys.server.remembered import Remembered

log = logging.getLogger("touchline.surveys")

LOOK_SECONDS: Final = 15.0
SAFE_SECONDS: Final = 30.0
"""Longest time for Kafka, or the outbox, to take an event."""
SWEPT_AT_ONCE: Final = 1_000


class Answered(NamedTuple):
    """The answer to the question whether somebody may be asked: None where the person has no such event, or the policy asks nothing
    there. `language` is one that the question has."""

    reason: AskReason
    event: EventFacts | None = None
    asking: Asking | None = None
    decision: Decision | None = None
    language: str = ""


class Desk:
    """For one event loop. `open` before anything else is asked."""

    def __init__(
        self,
        policy: Policy,
        catalogue: Catalogue,
        secret: bytes,
        source: str,
        language: str,
        readers: Readers,
        intake: Intake,
        meter: Meter,
        now_us: Callable[[], int],
    ) -> None:
        self.catalogue = catalogue
        self.source = source
        self.secret = secret
        self.readers = readers
        self.now_us = now_us
        self.remembered = Remembered(source)
        self._policy = policy
        self.language = language
        self._intake = intake
        self._meter = meter
        self._map: tuple[str, int] | None = None
        self._askings: Sequence[Asking] = ()

    @property
    def has_map(self) -> bool:
        """Whether the default map is known, so that anybody may be asked."""
        return self._map is not None

    @property
    def askings(self) -> Sequence[Asking]:
        """The questions of the policy on the default map."""
        return self._askings

    def question(self, question: str, version: str = "") -> Question | None:
        """By the policy, which may have it of a map, else by the catalogue; None where neither has it, or not in that version."""
        for asking in self._askings:
            if asking.question.id == question and version in ("", asking.question.version):
                return asking.question
        return self.catalogue.get(question, version)

    async def facts(self, keys: Sequence[str], wanted: Wanted) -> Found:
        """What is known of the person to whom one of the keys leads, by the ledger and by what was said just now. Raises RequestRefused."""
        now_us = self.now_us()
        found = await self.readers.read(lambda client: read_facts(client, keys, wanted, now_us))
        asks = [*found.person.asks, *self.remembered.of(found.keys)]
        return found._replace(person=PersonFacts(asks, found.person.consents))

    async def ask(self, keys: Sequence[str], wanted: Wanted, language: str = "", way: str = "") -> Answered:
        """Whether the person to whom one of the keys leads may be asked now; what was decided is safe when this returns. `way` is how the
        question will go to the person, where that is known. Raises RequestRefused."""
        self._require_ready()
        found = await self.facts(keys, wanted)
        now_us, person = self.now_us(), found.person
        chosen = choose_event(self._askings, found.events, person, now_us, self.secret)
        if chosen is None:
            return self._counted(Answered(AskReason.NO_EVENT))
        event, made = chosen
        stands = {one.ask_id: one.disposition for one in standing(person.asks) if one.source == self.source}
        fresh = [
            (
                StoredAsk(
                    self._ask(asking, event, decision, language, now_us)._replace(way=way), decision.disposition, now_us
                ),
                decision,
            )
            for asking, decision in made
            if decision.disposition and RANK[decision.disposition] > RANK.get(stands.get(decision.ask_id, ""), -1)
        ]
        await self._write_all(
            [(one, {"reason": decision.reason, "rule": decision.rule}) for one, decision in fresh], found.keys
        )
        told = most_telling(made)
        if told is None:
            reason = AskReason.NOT_IN_POLICY if event.persons else AskReason.NOBODY
            return self._counted(Answered(reason, event))
        asking, decision = told
        spoken = asking.question.language_for(language or self.language, self.language)
        return self._counted(Answered(decision.reason, event, asking, decision, spoken))

    async def write(self, stored: StoredAsk, beside: Sequence[dict[str, Any]] = (), **said: Any) -> None:
        """Report that an ask has come so far, with the events `beside` it; safe when this returns. `said` are further arguments of
        `answer_event`. Raises RequestRefused, TouchlineError."""
        await self._write_all([(stored, said)], [key for _, key in stored.ask.persons], beside)

    async def send(self, events: Sequence[dict[str, Any]]) -> None:
        """Events that nobody needs to remember; safe when this returns. Raises RequestRefused, TouchlineError."""
        taken = await self._intake.take(events, SAFE_SECONDS, lambda: None)
        if taken.rejected or taken.suppressed:
            raise _not_taken(next(iter(taken.rejected.values()), None), self.source)

    async def find(self, ask_id: str) -> StoredAsk | None:
        """The ask of that id as it stands, by the ledger or by what was said just now. Raises RequestRefused."""
        held = self.remembered.get(ask_id)
        stored = await self.readers.read(lambda client: read_ask(client, self.source, ask_id))
        if held is None or (stored is not None and RANK[stored.disposition] > RANK[held.disposition]):
            return stored
        return held

    async def keep_looking(self) -> None:
        """Take another default map over, and forget what stands in the ledger, until cancelled."""
        while True:
            try:
                await self.look()
            except RequestRefused as refused:
                log.warning("not_looked", extra={"fields": {"why": refused.what, "hint": refused.hint}})
            await asyncio.sleep(LOOK_SECONDS if self.has_map else 1.0)

    async def look(self) -> None:
        """Once. Raises RequestRefused."""
        self._take_over(await self.readers.read(default_map))
        now_us = self.now_us()
        ids = self.remembered.to_look_for(SWEPT_AT_ONCE, now_us)
        for ask_id, disposition in await self.readers.read(lambda client: which_stand(client, self.source, ids)):
            self.remembered.seen(ask_id, disposition, now_us)
        self.remembered.forget_lost()
        self._meter.set(ASKS_REMEMBERED, len(self.remembered))

    def _take_over(self, journey_map: JourneyMap | None) -> None:
        if journey_map is None or self._map == (journey_map.map, journey_map.version):
            return
        try:
            self._askings = askings_of(self._policy, journey_map, self.catalogue)
        except WrongUsage as error:
            log.error(
                "map_kept" if self._map else "map_unfit", extra={"fields": {"why": error.what, "hint": error.hint}}
            )
            return
        self._map = (journey_map.map, journey_map.version)
        asked = {"map": journey_map.map, "version": journey_map.version, "questions": len(self._askings)}
        log.info("asks_by", extra={"fields": {"policy": self._policy.policy, **asked}})

    def _require_ready(self) -> None:
        if not self.has_map:
            raise RequestRefused(
                503, "no journey map is applied that the policy fits", "start a worker; see the log", retry_after=5
            )
        if self.remembered.is_full:
            raise RequestRefused(
                503, "the ledger is far behind", "nobody is asked until the workers have caught up", retry_after=30
            )

    def _ask(self, asking: Asking, event: EventFacts, decision: Decision, language: str, now_us: int) -> Any:
        spoken = asking.question.language_for(language or self.language, self.language)
        return ask_of(asking, event, decision, spoken, now_us)

    async def _write_all(
        self,
        reports: Sequence[tuple[StoredAsk, dict[str, Any]]],
        keys: Iterable[str],
        beside: Sequence[dict[str, Any]] = (),
    ) -> None:
        if not reports:
            return
        known, now_us = frozenset(keys), self.now_us()
        held = [(one, self.remembered.add(one, known, now_us)) for one, _ in reports]
        events = [answer_event(one.ask, one.disposition, one.time_us, self.source, **said) for one, said in reports]
        try:
            await self.send([*events, *beside])
        except BaseException:
            self._take_back(held)
            raise

    def _take_back(self, held: Iterable[tuple[StoredAsk, StoredAsk | None]]) -> None:
        for one, before in held:
            self.remembered.take_back(one, before)

    def _counted(self, answered: Answered) -> Answered:
        self._meter.add(DECISIONS, 1, answered.reason.value)
        self._meter.set(ASKS_REMEMBERED, len(self.remembered))
        return answered


def default_map(client: Client) -> JourneyMap | None:
    """The map by which touchpoints are shown, as it was registered; None before one is."""
    shown = read_shown(client)
    chosen = shown.newest.get(shown.default) if shown.default else None
    return None if chosen is None else read_maps(client, [chosen.key]).get(chosen.key)


def _not_taken(error: Exception | None, source: str) -> RequestRefused:
    """The pipeline would not keep what is decided: that is for the operator to mend."""
    why = getattr(error, "what", "") or f"the source {source} works under consent, and asks bear no grant"
    log.error("asks_refused", extra={"fields": {"why": why, "hint": SOURCE_HINT.format(source=source)}})
    return RequestRefused(503, "decisions cannot be kept now", "see the log of the surveys")


SOURCE_HINT: Final = "declare it in sources.yaml, for example `{source}: {{legal_basis: legitimate_interests}}`"
"""What to write for the source of the surveys."""
