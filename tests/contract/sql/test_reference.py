"""Reference tables: written again they do not change, and a map version never changes its content."""

from __future__ import annotations

import json
from datetime import date

import pytest
from clickhouse_driver import Client

from touchline.errors import WrongUsage
from touchline.map_changes.start import register_configuration
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.parts import Annotation
from touchline.schemas.journey.read import find_map, load_map
from touchline.schemas.sources import Source
from touchline.settings import PACKAGED_JOURNEYS_DIR
from touchline.sql.schema.reference import (
    Place,
    register_map,
    register_places,
    register_sources,
)


@pytest.fixture(scope="module")
def retail() -> JourneyMap:
    return load_map(find_map("retail", PACKAGED_JOURNEYS_DIR))


def test_a_registered_map_shows_in_the_dimensions(empty_client: Client, retail: JourneyMap) -> None:
    assert register_map(empty_client, retail)
    assert not register_map(empty_client, retail)
    assert empty_client.execute("SELECT id, map_version, is_default FROM journey.dim_map") == [
        (retail.map, retail.version, 0)
    ]
    stages = empty_client.execute("SELECT id, stage_order FROM journey.dim_stage ORDER BY stage_order")
    assert stages == [(stage.id, order) for order, stage in enumerate(retail.stages, start=1)]
    touchpoints = empty_client.execute("SELECT id, channel, is_online FROM journey.dim_touchpoint ORDER BY id")
    assert touchpoints == sorted((point.id, point.channel, int(point.is_online)) for point in retail.touchpoints)


def test_annotations_may_change_within_a_version_and_show_as_registered_last(
    empty_client: Client, retail: JourneyMap
) -> None:
    register_map(empty_client, retail)
    strike = Annotation(date=date(2017, 6, 1), text="A strike")
    noted = retail.model_copy(update={"annotations": (*retail.annotations, strike)})
    assert register_map(empty_client, noted)
    assert not register_map(empty_client, noted)
    ((content,),) = empty_client.execute("SELECT content FROM journey.dim_map")
    assert JourneyMap.model_validate_json(content) == noted
    for count in ("SELECT count() FROM journey.dim_stage", "SELECT count() FROM journey_raw.stages"):
        assert empty_client.execute(count) == [(len(retail.stages),)]
    assert register_map(empty_client, retail)
    assert len(json.loads(empty_client.execute("SELECT content FROM journey.dim_map")[0][0])["annotations"]) == len(
        retail.annotations
    )


def test_other_content_under_the_same_version_is_refused(empty_client: Client, retail: JourneyMap) -> None:
    register_map(empty_client, retail)
    other = retail.model_copy(update={"title": "Another map"})
    with pytest.raises(WrongUsage, match="already known with other content") as caught:
        register_configuration(empty_client, [retail, other], {})
    assert f"version to {retail.version + 1}" in caught.value.hint
    assert empty_client.execute("SELECT count() FROM journey_raw.map_changes") == [(0,)]


def test_places_and_sources_show_what_was_said_last(empty_client: Client) -> None:
    assert register_places(empty_client, [Place("7"), Place("8", name="Harbour", zone="Europe/Oslo")]) == 2
    assert (
        register_places(empty_client, [Place("7", name="Station"), Place("8", name="Harbour", zone="Europe/Oslo")]) == 1
    )
    found = empty_client.execute("SELECT id, name, zone FROM journey.dim_place ORDER BY id")
    assert found == [("7", "Station", None), ("8", "Harbour", "Europe/Oslo")]
    till = Source(legal_basis="contract", zone="Europe/Oslo")
    assert register_sources(empty_client, {"till": till}) == 1
    assert register_sources(empty_client, {"till": till}) == 0
    assert empty_client.execute("SELECT id, name, legal_basis, zone FROM journey.dim_source") == [
        ("till", "till", "contract", "Europe/Oslo")
    ]
