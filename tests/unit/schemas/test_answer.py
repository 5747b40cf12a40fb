"""Scores and their scales: any scale may be declared, also from its good end; a score off it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from touchline.schemas.answer import KPI_SCALES
from touchline.schemas.checking import check_event
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, rejection_of

GOOD = Path(__file__).parents[3] / "schemas/examples/answer/v1/good"
ANSWER: dict[str, Any] = json.loads((GOOD / "csat_of_five.json").read_text("utf-8"))
KPIS = st.sampled_from(["nps", "csat", "ces", "emotion", "stars"])
ENDS = st.integers(-100, 100)


def refusal(**fields: Any) -> Rejection | None:
    try:
        check_event({**ANSWER, "variant": "", **fields})
    except ValidationError as error:
        return rejection_of(error)
    return None


@given(KPIS, ENDS, ENDS, st.integers(-120, 120))
def test_a_whole_score_is_taken_on_any_scale_with_two_ends_and_off_it_refused(
    kpi: str, first: int, last: int, score: int
) -> None:
    found = refusal(kpi=kpi, scale_min=first, scale_max=last, score=score)
    if first == last:
        assert found == Rejection(Reason.OUT_OF_SCALE, "scale_max")
    elif min(first, last) <= score <= max(first, last):
        assert found is None
    else:
        assert found == Rejection(Reason.OUT_OF_SCALE, "score")


@pytest.mark.parametrize(("kpi", "scale"), [(kpi, scale) for kpi, scales in KPI_SCALES.items() for scale in scales])
def test_a_point_of_a_published_scale_is_a_whole_number_in_either_direction(kpi: str, scale: tuple[int, int]) -> None:
    for first, last in (scale, scale[::-1]):
        assert refusal(kpi=kpi, scale_min=first, scale_max=last, score=2.5) == Rejection(Reason.OUT_OF_SCALE, "score")
        assert refusal(kpi=kpi, scale_min=first, scale_max=last, score=3.0) is None


def test_a_point_of_another_scale_may_have_decimals() -> None:
    assert refusal(kpi="csat", scale_min=0, scale_max=100, score=87.5) is None
