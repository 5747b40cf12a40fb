"""From a figure of the page to the journeys behind it: conditions on `journeys` that are no plain columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from touchline.dashboards.server.asking.catalogue import AskedView
from touchline.dashboards.server.asking.parameters import Parameters

VIEW: Final = "journeys"
PATHS: Final = {"touchpoint": "path", "stage": "stage_path"}
"""By what a path is told -> the column of `journeys` that holds it."""
START, END, OPEN, OTHER = "(start)", "(end)", "(open)", "(other)"
STEPS_MAX: Final = 50


def drill_conditions(name: str, view: AskedView, arguments: Mapping[str, str], parameters: Parameters) -> list[str]:
    """Of the view `journeys` only; of others none."""
    return []
