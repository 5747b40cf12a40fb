"""The journey maps of the simulation: two versions of one map, small, and different in every way that moves rows."""

from __future__ import annotations

from functools import cache

from touchline.journey.compile import CompiledMap, compile_map
from touchline.schemas.journey.read import parse_map

NAME = "shop"
_TEXT = """
map: shop
version: {version}
title: A shop
stages:
  - {{id: awareness, name: Awareness}}
  - {{id: interest, name: Interest}}
  - {{id: purchase, name: Purchase}}
touchpoints:
  - {{id: poster, name: Poster, channel: outdoor, ownership: paid, observability: traceable}}
  - {{id: site, name: Site, channel: web, ownership: owned, observability: traceable}}
  - {{id: till, name: Till, channel: store, ownership: owned, observability: traceable}}
rules:
  - {{id: seen, when: {{touchpoint: {seen}}}, stage: awareness}}
  - {{id: browsed, when: {{touchpoint: {browsed}}}, stage: interest}}
  - {{id: bought, when: {{touchpoint: till}}, stage: purchase}}
goals:
  - {{id: sale, name: Sale, when: {{touchpoint: till}}}}
cycle: {{stays: []}}
churn: {{inactivity_days: 60}}
"""


@cache
def compiled_map(version: int) -> CompiledMap:
    """Version 1 or 2."""
    seen, browsed = ("poster", "site") if version == 1 else ("site", "poster")
    return compile_map(parse_map(_TEXT.format(version=version, seen=seen, browsed=browsed)))
