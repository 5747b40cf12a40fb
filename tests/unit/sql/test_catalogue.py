"""The KPI catalogue: what it must hold, and that mistakes in it are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from touchline.schemas.answer import KPI_SCALES
from touchline.sql.all_views import VIEWS
from touchline.sql.language.catalogue import SurveyKpi, Variant, load_catalogue

NPS = next(variant for kpi, variant in load_catalogue().variants() if kpi.id == "nps")


def scores(ends: tuple[int, int]) -> set[int]:
    return set(range(ends[0], ends[1] + 1))


@pytest.mark.parametrize(("kpi", "variant"), list(load_catalogue().variants()), ids=lambda item: item.id)
def test_no_score_is_good_and_bad_at_once_and_both_classes_exist(kpi: SurveyKpi, variant: Variant) -> None:
    good, bad = scores(variant.positive), scores(variant.negative)
    assert good
    assert bad
    assert not good & bad
    assert good | bad <= scores(variant.scale)


def test_promoters_are_9_to_10_and_detractors_0_to_6() -> None:
    assert scores(NPS.positive) == {9, 10}
    assert scores(NPS.negative) == {0, 1, 2, 3, 4, 5, 6}


def test_every_scale_that_the_contract_lets_in_has_a_default_variant() -> None:
    by_id = {kpi.id: kpi for kpi in load_catalogue().surveys}
    for kpi, scales in KPI_SCALES.items():
        assert by_id[kpi].defaults().keys() >= set(scales)


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
