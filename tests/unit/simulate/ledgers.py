"""Simulations for tests, read back as ledgers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import load_map
from touchline.simulate.carry_out import as_text
from touchline.simulate.parameters import SimulationParameters
from touchline.simulate.simulation import simulate

ROOT = Path(__file__).parents[3]
Line = dict[str, Any]


@cache
def shipped_map(name: str) -> JourneyMap:
    """A map of the package."""
    return load_map(ROOT / "journeys" / f"{name}.yaml")


def lines_of(parameters: SimulationParameters, name: str = "retail") -> list[Line]:
    """All lines of one simulation."""
    return list(simulate(parameters, shipped_map(name)))


def text_of(parameters: SimulationParameters, name: str = "retail") -> str:
    """The ledger as it is written."""
    return "".join(map(as_text, lines_of(parameters, name)))


def events_of(lines: list[Line]) -> list[Line]:
    """The events in the order of their sending."""
    return [line["event"] for line in lines if line["kind"] == "sent"]


def standing(lines: list[Line]) -> dict[str, Line]:
    """By id the line of the version that counts."""
    last: dict[str, Line] = {}
    for line in lines:
        if line["kind"] == "sent":
            known = last.get(line["event"]["id"])
            if known is None or known["event"].get("revision", 0) < line["event"].get("revision", 0):
                last[line["event"]["id"]] = line
    return last
