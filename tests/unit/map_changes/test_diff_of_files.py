"""What two maps say differently."""

from __future__ import annotations

from touchline.map_changes.diff.files import FileChange, file_changes
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import find_map, load_map, parse_map
from touchline.settings import PACKAGED_JOURNEYS_DIR

MAP = """
map: shop
version: 1
title: A shop
stages:
  - {id: see, name: See}
  - {id: try, name: Try}
  - {id: buy, name: Buy}
touchpoints:
  - {id: ad, name: Ad, channel: web, ownership: paid, observability: traceable}
  - {id: till, name: Till, channel: store, ownership: owned, observability: traceable}
rules:
  - {id: bought, when: {touchpoint: till}, stage: buy}
  - {id: seen, when: {touchpoint: ad}, stage: see}
goals:
  - {id: sale, name: Sale, when: {touchpoint: till}}
cycle: {stays: [buy]}
"""


def changed(*pairs: tuple[str, str]) -> list[FileChange]:
    text = MAP
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return file_changes(parse_map(MAP), parse_map(text))


def test_another_version_that_says_the_same_differs_in_nothing() -> None:
    assert changed(("version: 1", "version: 2"), ("map: shop", "map: other")) == []


def test_what_is_added_removed_changed_and_moved_is_named_with_both_values() -> None:
    assert changed(("stage: see}", "stage: try}")) == [
        FileChange("rules", "seen", "changed", {"stage": ("see", "try")})
    ]
    assert changed(("  - {id: try, name: Try}\n", "")) == [FileChange("stages", "try", "removed", {})]
    assert changed(("  - {id: buy,", "  - {id: pay, name: Pay}\n  - {id: buy,")) == [
        FileChange("stages", "pay", "added", {})
    ]
    assert changed(("cycle: {stays: [buy]}", "cycle: {stays: [try]}\nchurn: {inactivity_days: 30}")) == [
        FileChange("map", "churn", "changed", {"churn": (None, {"inactivity_days": 30})}),
        FileChange("map", "cycle", "changed", {"cycle": ({"stays": ["buy"]}, {"stays": ["try"]})}),
    ]


def test_a_rule_that_moves_before_another_is_told_since_the_first_that_holds_decides() -> None:
    first, second = MAP.split("rules:\n")[1].split("goals:")[0].splitlines()
    moved = changed((f"{first}\n{second}", f"{second}\n{first}"))
    assert [(one.name, one.what) for one in moved] == [("seen", "moved"), ("bought", "moved")]
    assert moved[0].fields == {"place": (2, 1)}


def test_two_maps_of_the_package_differ_and_each_equals_itself() -> None:
    five, six = (load_map(find_map(name, PACKAGED_JOURNEYS_DIR)) for name in ("five_stages", "six_stages_loyalty"))
    assert {one.part for one in file_changes(five, six)} >= {"stages", "rules"}
    for one in (five, six):
        assert (
            file_changes(one, JourneyMap.model_validate_json(one.model_dump_json(by_alias=True, exclude_defaults=True)))
            == []
        )
