"""Why an answer enters no survey KPI."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
        (("stars", "", 1, 5, 1, "complete"), "the catalogue has no KPI stars"),
        (("ces", "top2", 1, 7, 1, "complete"), "ces has no variant top2: it has mean, top_3_box, net, effort_mean"),
        (("csat", "top_2_box", 1, 7, 1, "complete"), "csat top_2_box is defined on 1 to 5, not on 1 to 7"),
        (("emotion", "", 1, 5, 1, "complete"), "emotion is defined on 1 to 7, not on 1 to 5"),
    ],
)
def test_an_answer_counts_or_the_first_reason_why_not_is_said(
    answer: tuple[str, str, int, int, int, str], why: str
) -> None:
    assert why_uncounted(*answer) == why


def test_every_variant_counts_under_its_own_name_and_every_default_under_none() -> None:
    for kpi, variant in load_catalogue().variants():
        assert why_uncounted(kpi.id, variant.id, *variant.scale, 1, "complete") == ""
        assert why_uncounted(kpi.id, "", *variant.scale, 1, "complete") == ""


def test_the_contracts_own_examples_name_variants_that_the_catalogue_has() -> None:
    examples = [json.loads(path.read_text("utf-8")) for path in (EXAMPLES / "answer" / "v1" / "good").glob("*.json")]
    catalogued = {kpi.id for kpi in load_catalogue().surveys}
    given = [one for one in examples if one["kpi"] in catalogued and one.get("score") is not None]
    assert given
    for one in given:
        answer = (one["kpi"], one.get("variant", ""), one["scale_min"], one["scale_max"])
        assert why_uncounted(*answer, 1, "complete") == ""
