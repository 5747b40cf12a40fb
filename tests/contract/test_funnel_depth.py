"""Funnel depth is ClickHouse's own: random journeys, ties included, against `windowFunnel` of the real engine."""

from __future__ import annotations

import subprocess
import sys
from random import Random

from touchline.journey.attach import attach
from touchline.journey.compile import compile_map
from touchline.journey.values import JourneyEvent
from touchline.schemas.journey.read import parse_map

STAGES = range(1, 7)
PERSONS = 1_000
MAP = f"""
map: funnel
version: 1
title: A chain of stages without a conversion
stages: [{", ".join(f"{{id: s{n}, name: Stage}}" for n in STAGES)}]
touchpoints: [{
    ", ".join(
        f"{{id: t{n}, name: Touchpoint, channel: web, ownership: owned, observability: traceable}}" for n in STAGES
    )
}]
rules: [{", ".join(f"{{id: r{n}, when: {{touchpoint: t{n}}}, stage: s{n}}}" for n in STAGES)}]
goals: [{{id: never, name: Never, when: {{touchpoint: t1, action: never}}}}]
cycle: {{stays: []}}
"""
ASK = "import sys, chdb; print(chdb.query(sys.stdin.read(), 'CSV'))"


def test_funnel_depth_equals_windowfunnel_in_its_default_mode() -> None:
    journey_map, random = compile_map(parse_map(MAP)), Random(5)
    rows, depths = [], []
    for person in range(PERSONS):
        seconds = sorted(random.randrange(8) for _ in range(random.randrange(1, 14)))
        met = [(second, random.choice(STAGES)) for second in seconds]
        events = [
            JourneyEvent(second * 1_000_000, "s", f"{n:02}", f"t{stage}", "", "", 0, "", "", {}, True)
            for n, (second, stage) in enumerate(met)
        ]
        depths.append(attach(events, journey_map)[1].funnel_depth)
        rows += [f"({person},{second},{stage})" for second, stage in met]
    chain = ", ".join(f"stage = {n}" for n in STAGES)
    query = (
        f"SELECT windowFunnel(1000)(toUInt32(second), {chain}) "
        f"FROM values('person UInt32, second UInt32, stage UInt8', {','.join(rows)}) GROUP BY person ORDER BY person"
    )
    # In a process of its own: an engine in this one would be bound to its folder for all tests that follow.
    answer = subprocess.run([sys.executable, "-c", ASK], input=query, capture_output=True, text=True, check=True)
    assert [int(line) for line in answer.stdout.split()] == depths
    assert max(depths) == len(STAGES)
