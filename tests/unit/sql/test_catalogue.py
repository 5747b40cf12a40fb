"""The KPI catalogue: what it must hold, and that mistakes in it are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from touchline.schemas.answer import KPI_SCALES
from touchline.sql.all_views import VIEWS
from touchline.sql.language.catalogue import REVERSED, SurveyKpi, Variant, load_catalogue

ROOT = Path(__file__).parents[3]
NPS = next(variant for kpi, variant in load_catalogue().variants() if kpi.id == "nps")


def scores(ends: tuple[int, int]) -> set[int]:
    return set(range(ends[0], ends[1] + 1))


@pytest.mark.parametrize(("kpi", "variant"), list(load_catalogue().variants()), ids=lambda item: item.id)
def test_no_score_is_good_and_bad_at_once_and_both_classes_exist(kpi: SurveyKpi, variant: Variant) -> None:
    good, bad = scores(variant.positive), scores(variant.negative)
    assert good
    assert bad
    assert not good & bad
    assert good | bad <= scores(variant.ends)


def test_promoters_are_9_to_10_and_detractors_0_to_6() -> None:
    assert scores(NPS.positive) == {9, 10}
    assert scores(NPS.negative) == {0, 1, 2, 3, 4, 5, 6}


def test_every_scale_that_the_contract_lets_in_has_a_default_variant() -> None:
    by_id = {kpi.id: kpi for kpi in load_catalogue().surveys}
    for kpi, scales in KPI_SCALES.items():
        assert by_id[kpi].defaults().keys() >= set(scales)


@pytest.mark.parametrize("kpi", ["csat", "ces", "emotion"])
@pytest.mark.parametrize("scale", [(1, 3), (1, 4), (1, 5), (1, 7), (1, 10), (0, 10), (0, 100)])
def test_satisfaction_effort_and_emotion_have_formulas_of_their_own_on_every_usual_scale_and_its_reverse(
    kpi: str, scale: tuple[int, int]
) -> None:
    found = {one.id: one for one in load_catalogue().surveys}[kpi].defaults()
    assert scale in found
    assert scale[::-1] in found
    assert found[scale].id != found[scale[::-1]].id


@pytest.mark.parametrize("kpi", load_catalogue().surveys, ids=lambda kpi: kpi.id)
def test_no_two_scales_share_a_variant(kpi: SurveyKpi) -> None:
    scales: dict[str, set[tuple[int, int]]] = {}
    for variant in kpi.variants:
        scales.setdefault(variant.id, set()).add(variant.scale)
    assert all(len(found) == 1 for found in scales.values())


@given(st.sampled_from([pair for pair in load_catalogue().variants() if pair[1].id.endswith(REVERSED)]), st.data())
def test_a_score_on_a_reversed_scale_counts_as_its_mirror_image(
    pair: tuple[SurveyKpi, Variant], data: st.DataObject
) -> None:
    kpi, mirrored = pair
    (written,) = [one for one in kpi.variants if f"{one.id}{REVERSED}" == mirrored.id]
    low, high = written.ends
    score = data.draw(st.integers(low, high))
    assert mirrored.scale == (high, low)
    assert mirrored.has_low_scores_good
    for one, other in ((written.positive, mirrored.positive), (written.negative, mirrored.negative)):
        assert (score in scores(one)) == (low + high - score in scores(other))


@pytest.mark.parametrize(
    "one", [pytest.param(one, id=f"{kpi.id}/{one.id}") for kpi, one in load_catalogue().variants()]
)
def test_low_values_are_good_where_good_answers_make_them_low(one: Variant) -> None:
    def value_of(answers: tuple[int, int]) -> float:
        """Of answers that are all the good class, or all the bad one, by the formula of the kind."""
        is_good = answers == one.positive
        return {"mean": sum(answers) / 2, "share": 100.0 * is_good, "net": 100.0 if is_good else -100.0}[one.kind]

    assert one.is_low_good == (value_of(one.positive) < value_of(one.negative))


@pytest.mark.parametrize("lang", ["en", "fr", "it"])
def test_every_variant_has_a_name_on_the_page(lang: str) -> None:
    named = json.loads((ROOT / "dashboards/page/messages" / f"{lang}.json").read_text("utf-8"))
    assert {
        f"variant.{kpi.id}.{one.id.removesuffix(REVERSED)}" for kpi, one in load_catalogue().variants()
    } <= named.keys()


def test_every_view_that_a_kpi_names_exists() -> None:
    names = {view.name for view in VIEWS}
    assert {view for kpi in load_catalogue().counts for view in kpi.views} <= names


def test_every_mart_says_its_additivity() -> None:
    assert [view.name for view in VIEWS if view.name.startswith("kpi_") and "additivity:" not in view.comment] == []


@pytest.mark.parametrize("change", [{"interval": "wilson"}, {"kind": "median"}, {"colour": "red"}], ids=str)
def test_a_variant_that_contradicts_itself_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Variant.model_validate(NPS.model_dump() | change)


def test_two_variants_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="same id"):
        SurveyKpi(id="nps", name="NPS", question="?", variants=(NPS, NPS))
