"""Why an answer enters no survey KPI."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from touchline.sql.language.catalogue import load_catalogue
from touchline.surveys.uncounted import why_uncounted

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (("nps", "", 0, 10, 1, "complete"), ""),
        (("ces", "net", 1, 7, 1, "partial"), ""),
        (("nps", "", 0, 10, 0, "complete"), "it has no score"),
        (("nps", "", 0, 10, 1, "shown"), "its disposition is shown, not complete or partial"),
        (("stars", "", 1, 5, 1, "complete"), "unclassified: the catalogue has no KPI stars"),
        (("CSAT", "", 1, 5, 1, "complete"), "unclassified: the catalogue has no KPI CSAT; did you mean csat?"),
        (
            ("ces", "top2", 1, 7, 1, "complete"),
            "unclassified: ces has no variant top2: on 1 to 7 it has mean, top_3_box, net",
        ),
        (
            ("csat", "top_2_box", 1, 7, 1, "complete"),
            "unclassified: csat top_2_box is defined on 1 to 5, not on 1 to 7",
        ),
        (("nps", "", 1, 10, 1, "complete"), "unclassified: nps is defined on 0 to 10, not on 1 to 10"),
        (("nps", "", 10, 0, 1, "complete"), "unclassified: nps is defined on 0 to 10, not on 10 to 0"),
        (("ces", "top2", 2, 9, 1, "complete"), "unclassified: ces has no variant top2: docs/kpis.md lists them"),
        (
            ("csat", "", 1, 9, 1, "complete"),
            "unclassified: csat has no formula on 1 to 9 (docs/kpis.md lists its scales)",
        ),
        (("csat", "", 5, 1, 1, "complete"), ""),
        (("csat", "", 0, 100, 1, "complete"), ""),
        (("emotion", "", 1, 5, 1, "complete"), ""),
    ],
)
def test_an_answer_counts_or_the_first_reason_why_not_is_said(
    answer: tuple[str, str, int, int, int, str], why: str
) -> None:
    assert why_uncounted(*answer) == why


KPIS = st.sampled_from(["nps", "csat", "ces", "emotion", "stars"])
VARIANTS = st.sampled_from(["", "top3", *dict.fromkeys(one.id for _, one in load_catalogue().variants())])
SCALES = st.tuples(st.integers(-10, 110), st.integers(-10, 110)) | st.sampled_from(
    [one.scale for _, one in load_catalogue().variants()]
)


@given(KPIS, VARIANTS, SCALES)
def test_an_answer_with_a_score_counts_in_one_variant_or_is_unclassified(
    kpi: str, variant: str, scale: tuple[int, int]
) -> None:
    why = why_uncounted(kpi, variant, *scale, 1, "complete")
    known = [
        one
        for of, one in load_catalogue().variants()
        if of.id == kpi and one.scale == scale and variant in ("", one.id)
    ]
    assert why == "" if known else why.startswith("unclassified: ")


def test_every_variant_counts_under_its_own_name_and_every_default_under_none() -> None:
    for kpi, variant in load_catalogue().variants():
        assert why_uncounted(kpi.id, variant.id, *variant.scale, 1, "complete") == ""
        assert why_uncounted(kpi.id, "", *variant.scale, 1, "complete") == ""


def test_the_contracts_own_examples_name_variants_that_the_catalogue_has() -> None:
    paths = (EXAMPLES / "answer" / "v1" / "good").glob("*.json")
    examples = [json.loads(path.read_text("utf-8")) for path in paths if not path.stem.endswith("_unclassified")]
    catalogued = {kpi.id for kpi in load_catalogue().surveys}
    given = [one for one in examples if one["kpi"] in catalogued and one.get("score") is not None]
    assert given
    for one in given:
        answer = (one["kpi"], one.get("variant", ""), one["scale_min"], one["scale_max"])
        assert why_uncounted(*answer, 1, "complete") == ""
