"""What the map says where a case is: so that whoever calls knows what the company can offer there."""

from __future__ import annotations

from typing import Final

from touchline.care.desk import Offers
from touchline.schemas.journey.facts import Facts
from touchline.schemas.journey.read import find_map, load_map
from touchline.settings import Settings

OFFERED: Final = ("opportunities", "initiatives", "expectations", "friction")


def offers_of(settings: Settings) -> Offers:
    """What the default map says of a touchpoint and a stage: opportunities, initiatives, expectations, friction."""
    journey = load_map(find_map(settings.maps[0], settings.journeys_dir, settings.project_dir))
    touchpoints = {one.id: one for one in journey.touchpoints}
    stages = {one.id: one for one in journey.stages}

    def offers(touchpoint: str, stage: str) -> dict[str, list[str]]:
        parts: list[Facts] = [one for one in (touchpoints.get(touchpoint), stages.get(stage)) if one is not None]
        found = {kind: [fact.text for part in parts for fact in getattr(part, kind)] for kind in OFFERED}
        return {kind: texts for kind, texts in found.items() if texts}

    return offers
