"""Short ways to write events and maps in tests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from touchline.journey.compile import CompiledMap, compile_map
from touchline.journey.values import JourneyEvent
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import load_map, parse_map

JOURNEYS = Path(__file__).parents[3] / "journeys"
SHIPPED = sorted(file.stem for file in JOURNEYS.glob("*.yaml"))
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US

# Three stages and one of everything that rules may look at.
RICH = """
map: rich
version: 3
title: One of everything
stages:
  - {id: look, name: Look}
  - {id: weigh, name: Weigh}
  - {id: buy, name: Buy}
  - {id: use, name: Use}
touchpoints:
  - {id: web, name: Web, channel: web, ownership: owned, observability: traceable}
  - {id: mail, name: Mail, channel: email, ownership: owned, observability: traceable}
  - {id: till, name: Till, channel: store, ownership: owned, observability: traceable}
  - {id: phone, name: Phone, channel: phone, ownership: owned, observability: traceable}
  - {id: forum, name: Forum, channel: board, online: true, ownership: earned, observability: survey_only}
personas:
  - {id: expert, name: Expert, when: {touchpoint: forum}}
  - {id: hurried, name: Hurried, when: {touchpoint: till, before: {no_stage: [look, weigh]}}}
segments:
  - id: big
    name: Big
    when: [{action: purchase, content: {price: {at_least: 50}}}, {before: {conversions_at_least: 3}}]
  - {id: small, name: Small, when: {action: purchase}}
rules:
  - {id: bought, when: {touchpoint: till, action: purchase}, stage: buy}
  - {id: returned_goods, when: {touchpoint: till, action: refund, before: {converted: true}}, stage: use}
  - {id: browsed_in_store, when: {touchpoint: till, before: {touchpoint: [mail, web]}}, stage: weigh}
  - {id: called_after, when: {touchpoint: phone, before: {last_stage: [buy, use]}}, stage: use}
  - {id: called_expert, when: {touchpoint: phone, persona: expert}, stage: weigh}
  - {id: called_again, when: {touchpoint: phone, before: {touchpoint: phone, no_touchpoint: forum}}, stage: weigh}
  - id: searched_shoes
    when: {touchpoint: web, content: {category: [shoes, boots], bot: {present: false}}}
    stage: weigh
  - {id: woke_up, when: {touchpoint: [web, mail], before: {idle_days_at_least: 2, idle_days_at_most: 4}}, stage: weigh}
  - {id: from_mail, when: {touchpoint: web, before: {last_touchpoint: mail}}, stage: weigh}
  - {id: big_spender_online, when: {touchpoint: web, segment: big}, stage: buy}
  - {id: looked, when: {touchpoint: [web, mail, phone]}, stage: look}
goals:
  - {id: order, name: Order, when: {touchpoint: till, action: purchase}}
  - {id: online, name: Online, when: {stage: buy, touchpoint: web, content: {basket: {not: empty}}}}
cycle: {stays: [use]}
churn:
  inactivity_days: 3
  exit: {action: leave}
"""


@cache
def shipped(name: str) -> JourneyMap:
    return load_map(JOURNEYS / f"{name}.yaml")


def compiled(name: str) -> CompiledMap:
    """A shipped map, or `rich`."""
    return compile_map(parse_map(RICH) if name == "rich" else shipped(name))


def event(
    touchpoint: str,
    action: str = "",
    *,
    at_us: int = 0,
    event_id: str = "",
    source: str = "shop",
    channel: str = "",
    local_day: int | None = None,
    persona: str = "",
    segment: str = "",
    properties: Mapping[str, str] | None = None,
    moves: bool = True,
) -> JourneyEvent:
    """The local day is the UTC one unless given."""
    day = at_us // DAY_US if local_day is None else local_day
    event_id = event_id or f"{at_us}"
    return JourneyEvent(
        at_us, source, event_id, touchpoint, action, channel, day, persona, segment, properties or {}, moves
    )


def hourly(*touchpoints: str, start_us: int = 0) -> list[JourneyEvent]:
    """One event an hour; `till:purchase` names an action too."""
    return [
        event(*touchpoint.split(":"), at_us=start_us + hour * HOUR_US, event_id=f"{hour:03}")
        for hour, touchpoint in enumerate(touchpoints)
    ]
