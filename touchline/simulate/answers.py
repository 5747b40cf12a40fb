"""Simulated answers of persons whose touchpoints are not simulated: asked as the map's `kpis` say, answered with a known truth.

Whether an event is followed by a question, and everything about the reply, is drawn from (seed, map, question, source, id) alone. So the
same events in any order give the same answers, and events that are added add answers and change none.

Why: docs/decisions/0130.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from touchline.journey.compile import compile_map
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.times import US_PER_SECOND, format_time
from touchline.simulate.chance import Chance, share_of
from touchline.simulate.effects import TRAIT, Effect, base_quality, quality
from touchline.simulate.parameters import SOURCE
from touchline.simulate.placing import Met, Placed, place
from touchline.simulate.surveys import INVITED_FIRST, SurveyReply, reply
from touchline.simulate.truth import AnswerTotals
from touchline.simulate.writing import answer_events
from touchline.surveys.policy import SurveyQuestion, asked_after, questions_of

Line = dict[str, Any]


class AnswerParameters(NamedTuple):
    """`share`: the chance that a person is asked after an event, for each question. Answers from `until_us` on are not given yet."""

    seed: int
    share: float
    until_us: int
    effects: tuple[Effect, ...] = ()

    def run_id(self, map_name: str, map_version: int) -> str:
        """Begins every id: whoever asks more persons, or plants something else, gets other answers beside the first."""
        fields = (self.seed, self.share, *(tuple(one) for one in self.effects), map_name, map_version)
        return "answer" + hashlib.blake2b(repr(fields).encode(), digest_size=5).hexdigest()


def simulate_answers(events: Iterable[Met], journey_map: JourneyMap, parameters: AnswerParameters) -> Iterator[Line]:
    """The ledger of the answers under one map: what is planted, the answers in the order of their times, the totals.

    `events`: touchpoint events of whole persons; simulated answers are never asked for again, so events of the simulator are left out.
    """
    questions = questions_of(journey_map)
    run_id = parameters.run_id(journey_map.map, journey_map.version)
    fields = {"seed": parameters.seed, "share": parameters.share, "until": format_time(parameters.until_us)}
    yield {"kind": "answers", "run": run_id, "map": journey_map.map, "map_version": journey_map.version, **fields}
    touchpoints: set[str] = set()
    sent: list[tuple[int, str, int, Line]] = []
    eligible = 0
    placed = place((one for one in events if one.source != SOURCE), compile_map(journey_map))
    for one in placed:
        at = one.met
        for question in asked_after(questions, at.touchpoint, at.action, one.stage, is_conversion=one.is_conversion):
            eligible += 1
            for line in _asked(one, question, parameters, run_id):
                touchpoints.add(at.touchpoint)
                sent.append((line.pop("time_us"), line["event"]["id"], line["event"].get("revision", 0), line))
    for name in sorted(touchpoints):
        yield {"kind": "touchpoint", "touchpoint": name, "quality": base_quality(parameters.seed, name)}
    for effect in parameters.effects:
        fields = {"effect": effect.kind, "name": effect.name, "touchpoint": effect.touchpoint}
        yield {"kind": "effect", **fields, "starts_at": format_time(effect.starts_us), "quality_shift": effect.shift}
    sent.sort(key=lambda one: one[:3])
    yield from (line for *_, line in sent)
    totals = AnswerTotals()
    totals.add(line["event"] for *_, line in sent)
    yield {"kind": "totals", "eligible": eligible, "sent": len(sent), **totals.as_fields()}


def _asked(placed: Placed, question: SurveyQuestion, parameters: AnswerParameters, run_id: str) -> Iterator[Line]:
    """The reports on one question, if the person is asked it; none that would lie in the future."""
    one, seed = placed.met, parameters.seed
    words = (seed, question.map, question.id, one.source, one.id)
    if share_of("asked", *words) >= parameters.share:
        return
    chance = Chance("reply", *words)
    asked_us = one.time_us + question.delay_us + US_PER_SECOND * (60 + chance.below(600))
    trait = TRAIT * (2 * share_of(seed, "trait", *(one.who or ())) - 1)
    applied = {effect.name: effect.of(one.touchpoint, one.time_us, one.wait_seconds) for effect in parameters.effects}
    truth = quality(base_quality(seed, one.touchpoint), trait, sum(applied.values()))
    invited_us = asked_us if chance.happens(INVITED_FIRST) else None
    given = reply(question, chance, asked_us, invited_us, truth)
    event_id = f"{run_id}-" + hashlib.blake2b("\0".join(map(str, words)).encode(), digest_size=12).hexdigest()
    reports = answer_events(given, event_id, _about(one), one.zone, parameters.share)
    for report, time_us in zip(reports, _times(given), strict=True):
        if time_us < parameters.until_us:
            shifts = {name: shift for name, shift in applied.items() if shift}
            fields = {"quality": truth, "wait_seconds": one.wait_seconds, "effects": shifts}
            yield {"kind": "sent", "time_us": time_us, "event": report, "truth": fields}


def _about(one: Met) -> Line:
    """The rated event as its answer names it. Its person answers, under the same identifiers."""
    about: Line = {"touchpoint": one.touchpoint, "source": one.source, "id": one.id, "time": format_time(one.time_us)}
    about |= {"place": one.place, "identifiers": list(one.identifiers)}
    return about | {"persons": [{"type": kind, "key": key} for kind, key in one.persons]}


def _times(one: SurveyReply) -> list[int]:
    return [one.time_us] if one.invited_us is None else [one.invited_us, one.time_us]
