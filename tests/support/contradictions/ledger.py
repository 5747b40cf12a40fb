"""A shop in which a touchpoint stands in two stages, stored by the real steps: real and simulated events, refunds, two currencies, answers
of three KPIs, events of nobody and events that no rule places."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.contract.sql.stored import answer, start_anew, store
from tests.support.engine import running_engine
from tests.unit.processors.loop.world import event
from touchline.clickhouse.connect import connect
from touchline.settings import Settings

PERSONS: Final = 80
DAYS: Final = 28
MAP: Final = """
map: shop
version: 1
title: A shop
stages:
  - {id: awareness, name: Awareness}
  - {id: interest, name: Interest}
  - {id: purchase, name: Purchase}
touchpoints:
  - {id: poster, name: Poster, channel: outdoor, ownership: paid, observability: traceable}
  - {id: site, name: Site, channel: web, ownership: owned, observability: traceable}
  - {id: till, name: Till, channel: store, ownership: owned, observability: traceable}
  - {id: kiosk, name: Kiosk, channel: store, ownership: owned, observability: traceable}
personas:
  - {id: regular, name: Regulars, when: {content: {plan: gold}}}
kpis:
  - id: recommend
    kpi: nps
    variant: standard
    scope: transactional
    scale: {min: 0, max: 10}
    question: Would you recommend us?
    target: 30
    ask: {touchpoints: [site, till]}
rules:
  - {id: seen, when: {touchpoint: poster}, stage: awareness}
  - {id: looked, when: {touchpoint: site, before: {no_touchpoint: [site, till]}}, stage: awareness}
  - {id: browsed, when: {touchpoint: site}, stage: interest}
  - {id: bought, when: {touchpoint: till}, stage: purchase}
goals:
  - {id: sale, name: Sale, when: {touchpoint: till}}
cycle: {stays: []}
churn: {inactivity_days: 7}
"""
_KPIS: Final[tuple[dict[str, Any], ...]] = (
    {"kpi": "nps", "scale_min": 0, "scale_max": 10},
    {"kpi": "csat", "scale_min": 1, "scale_max": 5},
    {"kpi": "ces", "scale_min": 1, "scale_max": 7},
)


def events_of(seed: int) -> list[dict[str, Any]]:
    """June 2025, in order of time."""
    rng = random.Random(seed)
    found: list[dict[str, Any]] = []
    for person in range(PERSONS):
        minute = rng.randrange(DAYS * 1440)
        for _ in range(rng.randint(1, 9)):
            minute += rng.choice((0, 0, rng.randint(1, 200), rng.randint(200, 9_000)))
            if minute < DAYS * 1440:
                found.append(_event(rng, len(found) + 1, person or None, minute))
    return sorted(found, key=lambda one: (one["time"], one["id"]))


def _event(rng: random.Random, number: int, person: int | None, minute: int) -> dict[str, Any]:
    more: dict[str, Any] = {
        "place": rng.choice(("north", "south", None)), "brand": rng.choice(("a", None)), "simulated": rng.random() < 0.2,
        "properties": {"plan": rng.choice(("gold", "tin"))},
    }  # fmt: skip
    if rng.random() < 0.4:
        asked = rng.choice(_KPIS)
        score = rng.randint(asked["scale_min"], asked["scale_max"])
        return answer(number, person, minute, rng.choice(("till", "site", "site")), **{**asked, "score": score, **more})
    touchpoint = rng.choice(("poster", "site", "site", "till", "kiosk"))
    if touchpoint == "till":
        more["amount"] = {"amount_minor": rng.randint(-999, 9_999), "currency": rng.choice(("EUR", "EUR", "JPY"))}
    channel = {"poster": "outdoor", "site": "web", "till": "store", "kiosk": rng.choice(("store", "web"))}[touchpoint]
    return event(number, person, minute, touchpoint, channel=channel, **more)


@contextmanager
def two_stage_engine(folder: Path, seed: int = 1) -> Iterator[Settings]:
    """An engine with that ledger; ended with the block."""
    with running_engine(folder) as settings:
        client = connect(settings)
        start_anew(client, MAP)
        client.disconnect()
        store(settings, folder / "state", events_of(seed), text=MAP)
        yield settings
