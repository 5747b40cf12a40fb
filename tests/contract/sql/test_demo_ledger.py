"""A ledger in which an earlier version of the demo's maps attached the data sets."""

from __future__ import annotations

import pytest
from clickhouse_driver import Client

from scripts.demo import require_present_maps
from tests.contract.sql.rows import attached, write
from touchline.errors import NotClean
from touchline.schemas.journey.read import find_map, load_map
from touchline.settings import PACKAGED_JOURNEYS_DIR, Settings


def test_the_demo_says_at_once_that_a_ledger_of_an_older_map_must_go_first(
    empty_client: Client, engine_settings: Settings
) -> None:
    settings = engine_settings.with_changes(journeys_dir=PACKAGED_JOURNEYS_DIR)
    present = load_map(find_map("web_shop", PACKAGED_JOURNEYS_DIR)).version
    require_present_maps(settings)
    old = {"source": "web-clicks", "map": "web_shop"}
    write(empty_client, [attached(1, **old, map_version=present - 1), attached(2, map="mine", map_version=1)])
    with pytest.raises(NotClean, match=f"under version {present - 1} of the map web_shop") as caught:
        require_present_maps(settings)
    assert "./run clean" in caught.value.hint
    write(empty_client, [attached(3, **old, map_version=present)])
    require_present_maps(settings)
