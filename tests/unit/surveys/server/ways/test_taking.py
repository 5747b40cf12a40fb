"""An ask is answered once: whatever requests come in whatever order, at once, and with writes that fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.support.answering import Answer, Visitor, World
from touchline.errors import EngineUnreachable

FORMS: list[dict[str, str]] = [{"answer": "2"}, {"answer": "9"}, {"dismiss": "1"}, {"answer": "11"}, {"seal": "mine"}]
STEPS = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans()), min_size=1, max_size=8)
"""Which form, whether its write fails, and whether the next one comes before its answer."""


async def _play(visitor: Visitor, link: str, world: World, steps: list[tuple[int, bool, bool]]) -> list[Answer]:
    answers: list[Answer] = []
    waiting: list[Any] = []
    seal: dict[str, str] = {}
    for form, fails, is_together in steps:
        sent = seal if FORMS[form].get("seal") and seal else FORMS[form]
        waiting.append(visitor.post(f"/q/{link}", **sent))
        if is_together:
            continue
        world.failing = fails
        answers += await asyncio.gather(*waiting)
        waiting = []
        world.failing = False
        for answer in answers:
            if 'name="seal"' in answer.text:
                seal = {name: answer.hidden(name) for name in ("said", "seal")}
    return answers + list(await asyncio.gather(*waiting))


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_however_it_is_sent_one_answer_stands_and_nobody_is_thanked_for_one_that_does_not(
    steps: list[tuple[int, bool, bool]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        world = World(patch)
        emit_many = world.producer.emit_many

        def emit(*given: Any, **more: Any) -> int:
            if world.failing:
                raise EngineUnreachable("Kafka is away", "bring it back")
            return emit_many(*given, **more)

        patch.setattr(world.producer, "emit_many", emit)
        link = world.asks()
        (answers,) = world.visit(lambda visitor: _play(visitor, link, world, steps))
        told = world.told()
    scores = {score for disposition, score in told if disposition in ("partial", "complete")}
    assert len(scores) <= 1
    assert len([1 for disposition, _ in told if disposition == "complete"]) <= 1
    assert len([1 for disposition, _ in told if disposition == "partial"]) <= 1
    if any("Thank you" in one.text for one in answers):
        assert scores
