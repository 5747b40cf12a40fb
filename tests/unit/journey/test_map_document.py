"""docs/journey-maps.md: its maps can be loaded, and it names every field there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from touchline.schemas.journey.conditions import MapElement
from touchline.schemas.journey.explain import known_fields
from touchline.schemas.journey.read import parse_map

DOCUMENT = (Path(__file__).parents[3] / "docs" / "journey-maps.md").read_text(encoding="utf-8")
SMALLEST, *FRAGMENTS = re.findall(r"^```yaml\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_the_smallest_map_can_be_loaded() -> None:
    assert parse_map(SMALLEST).map == "bakery"


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_every_fragment_fits_into_the_smallest_map(fragment: str) -> None:
    parsed = parse_map(yaml.safe_dump({**yaml.safe_load(SMALLEST), **yaml.safe_load(fragment)}))
    assert set(yaml.safe_load(fragment)) <= set(known_fields(()))
    assert parsed.map == "bakery"


def test_the_document_names_every_field_of_every_part() -> None:
    def parts(kind: type[MapElement]) -> set[type[MapElement]]:
        return {kind}.union(*(parts(child) for child in kind.__subclasses__()))

    of_a_map = [
        part for part in parts(MapElement) if part.__module__.startswith(MapElement.__module__.rpartition(".")[0])
    ]
    fields = {field.alias or name for part in of_a_map for name, field in part.model_fields.items()}
    assert {field for field in fields if not re.search(rf"\b{field}\b", DOCUMENT)} == set()
