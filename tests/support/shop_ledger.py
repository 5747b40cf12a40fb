"""A shop's ledger of a month, stored by the real steps: some sixty persons with touchpoints, orders and answers, made from one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.contract.sql.stored import answer, start_anew, store
from tests.support.engine import running_engine
from tests.unit.processors.loop.world import MAP, event
from touchline.clickhouse.connect import connect
from touchline.settings import Settings

PERSONS = 60
DAYS = 28
HOSTILE_PLACE = "=HYPERLINK(\"x\"),'7' \\ <b>é</b>"
SHOP_MAP = MAP + "personas:\n  - {id: regular, name: Regulars, when: {content: {plan: gold}}}\n"


def events_of_shop(seed: int = 7) -> list[dict[str, Any]]:
    """June 2025, in order of time."""
    rng = random.Random(seed)
    found: list[dict[str, Any]] = []
    for person in range(PERSONS):
        minute = rng.randrange(DAYS * 1440 // 2)
        for _ in range(rng.randint(1, 9)):
            minute = min(minute + rng.randint(1, 4_000), DAYS * 1440 - 1)
            found.append(_event(rng, len(found) + 1, person, minute))
    return sorted(found, key=lambda one: (one["time"], one["id"]))


def _event(rng: random.Random, number: int, person: int, minute: int) -> dict[str, Any]:
    place = rng.choice(("north", "south", HOSTILE_PLACE))
    more: dict[str, Any] = {"place": place, "properties": {"plan": rng.choice(("gold", "tin"))}}
    if rng.random() < 0.3:
        return answer(number, person, minute, rng.choice(("till", "site")), score=rng.randint(0, 10), **more)
    touchpoint = rng.choice(("poster", "site", "site", "till"))
    if touchpoint == "till":
        more["amount"] = {"amount_minor": rng.randint(100, 9_999), "currency": "EUR"}
    return event(number, person, minute, touchpoint, **more)


@contextmanager
def shop_engine(folder: Path, **given: Any) -> Iterator[Settings]:
    """An engine with that ledger; ended with the block."""
    with running_engine(folder, **given) as settings:
        client = connect(settings)
        start_anew(client, SHOP_MAP)
        client.disconnect()
        store(settings, folder / "state", events_of_shop(), text=SHOP_MAP)
        yield settings
