"""The demo on a ledger that is not empty: of older maps, of other maps, or of a demo before."""

from __future__ import annotations

from pathlib import Path

import pytest
from clickhouse_driver import Client

from scripts.demo_figures import DemoFigures, require_present_maps, stored_events, stored_figures
from tests.contract.sql.rows import answer, attached, write
from touchline.errors import NotClean
from touchline.map_changes.tables import write_shown
from touchline.map_changes.values import Shown
from touchline.schemas.journey.read import find_map, load_map
from touchline.settings import PACKAGED_JOURNEYS_DIR, Settings

VERSION = {name: load_map(find_map(name, PACKAGED_JOURNEYS_DIR)).version for name in ("retail", "web_shop")}
RUNS = {"retail": "answers-1", "web_shop": "answers-2"}
FIGURES = {
    "retail-pos": 2, "retail-crm": 1, "web-clicks": 1, "persons": 1, "places": 2, "amount_minor": 30_50, "answers under retail": 1,
    "answers under web_shop": 0,
}  # fmt: skip


def store_a_small_demo(client: Client) -> None:
    """Each event under its map, and under another one that is the default."""
    retail = {"map": "retail", "map_version": VERSION["retail"]}
    paid = {
        "currency": "USD",
        "currency_exponent": 2,
        "source": "retail-pos",
        "person": "k1:a",
        "order_kind": "purchase",
    }
    rows = [
        attached(1, **retail, **paid, place="1", amount_minor=10_50),
        attached(2, **retail, **paid, place="2", amount_minor=20_00),
        attached(3, **retail, source="retail-crm"),
        answer(4, "csat", 4, (1, 5), **retail, source="simulator") | {"event_id": "answers-1-1"},
        attached(5, map="web_shop", map_version=VERSION["web_shop"], source="web-clicks"),
    ]
    others = [row | {"map": "mine", "map_version": 7, "row_id": row["row_id"] + 10} for row in rows[:1]]
    write(client, rows + others)
    write_shown(client, [Shown("mine", 7, 0, True)])


def test_the_demo_s_figures_are_those_of_its_own_maps_whatever_the_default_map_is(
    empty_client: Client, engine_settings: Settings
) -> None:
    settings = engine_settings.with_changes(journeys_dir=PACKAGED_JOURNEYS_DIR)
    store_a_small_demo(empty_client)
    require_present_maps(settings)
    assert stored_figures(settings, RUNS) == FIGURES
    assert stored_events(settings) == 4


def test_a_second_demo_knows_that_all_stands_already_and_a_changed_ledger_that_it_does_not(
    empty_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    settings = engine_settings.with_changes(journeys_dir=PACKAGED_JOURNEYS_DIR, local_dir=tmp_path)
    store_a_small_demo(empty_client)
    assert DemoFigures.recalled(settings) is None
    DemoFigures(FIGURES, RUNS).remember(settings)
    recalled = DemoFigures.recalled(settings)
    assert recalled == DemoFigures(FIGURES, RUNS)
    assert recalled is not None
    assert recalled.all_stand(settings)
    recalled.require_equal(stored_figures(settings, RUNS))
    missing = DemoFigures(FIGURES | {"web-clicks": 2}, RUNS)
    assert not missing.all_stand(settings)
    with pytest.raises(NotClean, match="the data sets say") as fewer:
        missing.require_equal(stored_figures(settings, RUNS))
    assert "reconcile" in fewer.value.hint
    write(empty_client, [attached(20, source="web-clicks", map="web_shop", map_version=VERSION["web_shop"])])
    assert recalled.all_stand(settings)
    with pytest.raises(NotClean, match="more than the demo's data sets: web-clicks") as more:
        recalled.require_equal(stored_figures(settings, RUNS))
    assert "reconcile" not in more.value.hint
    (tmp_path / "demo.json").write_text("cut o")
    assert DemoFigures.recalled(settings) is None


def test_events_that_were_stored_without_the_demo_s_maps_are_named_with_what_helps(
    empty_client: Client, engine_settings: Settings
) -> None:
    settings = engine_settings.with_changes(journeys_dir=PACKAGED_JOURNEYS_DIR)
    write(empty_client, [attached(number, source="retail-pos", map="mine", map_version=1) for number in (1, 2, 3)])
    write(empty_client, [attached(4, source="retail-pos", map_version=VERSION["retail"])])
    with pytest.raises(
        NotClean, match="2 events of retail-pos were stored by workers that did not run the map retail"
    ) as caught:
        require_present_maps(settings)
    assert "./run clean" in caught.value.hint


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
