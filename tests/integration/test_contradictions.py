"""One number has one value, wherever it stands: the short form of `./run check contradictions`, and that a difference is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.contradictions.ledger import two_stage_engine
from tests.support.contradictions.page import Numbers
from tests.support.contradictions.pairs import PAIRS, Pair, Place, compared
from tests.support.contradictions.selecting import Selection, selections
from tests.support.contradictions.world import Row, World, world_of

SEED, RANDOM = 5, 1
PLANTED = {
    "volume_by_touchpoint": "events",
    "volume_over_time": "events",
    "persons_by_touchpoint": "persons",
    "revenue_by_touchpoint": "amount",
    "survey_by_touchpoint": "n",
    "survey_by_stage": "n",
    "survey_total": "n",
    "impact": "journeys",
    "waits": "n_followed",
    "paths": "journeys",
}
"""Views that the page asks -> a number of theirs."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("contradictions")
    with two_stage_engine(folder, SEED) as settings, world_of(settings, folder) as one:
        yield one


def selected(world: World) -> list[Selection]:
    """Of maps that are not the default one all of it: a week or a month of them says no more."""
    known = {one.map for one in world.known_maps() if one.is_default}
    return [one for one in selections(world.known_maps(), SEED, RANDOM) if one.map in known or one.is_all]


@pytest.mark.timeout(600)  # some thousand questions
def test_every_number_that_stands_in_two_places_has_one_value(world: World) -> None:
    numbers: Counter[Pair] = Counter()
    for chosen in selected(world):
        for one in compared(world, chosen):
            assert [difference.text() for difference in one.differences] == []
            numbers[one.pair] += one.numbers
    assert [f"{pair.number} ({pair.where})" for pair in PAIRS if not numbers[pair]] == []


@pytest.mark.parametrize("view", PLANTED)
def test_a_number_that_one_view_says_otherwise_is_found(
    world: World, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = next(one for one in selected(world) if one.is_all)
    asked = world.view

    def told(name: str, chosen: Selection, **more: object) -> list[Row]:
        rows = [dict(row) for row in asked(name, chosen, **more)]
        if name == view and rows:
            rows[-1][PLANTED[view]] = float(rows[-1][PLANTED[view]] or 0) + 1
        return rows

    monkeypatch.setattr(world, "view", told)
    assert [one for pair in compared(world, whole) for one in pair.differences]


def test_a_number_that_any_place_says_otherwise_is_found(world: World) -> None:
    chosen = selected(world)
    for pair in PAIRS:
        first = next(one for one in chosen if pair.when(world, one) and pair.one(world, one))
        numbers = pair.one(world, first)
        key, value = next(iter(numbers.items()))
        wrong = numbers | {key: value + 1 if isinstance(value, int | float) else f"{value}0"}
        (found,) = compared(world, first, [pair._replace(other=saying(wrong))])
        assert [one.key for one in found.differences] == [key], pair.number


def saying(numbers: Numbers) -> Place:
    """A place that says these numbers, whatever is asked."""
    return lambda world, chosen: numbers
