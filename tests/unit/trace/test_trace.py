"""Parts of the trace that need no engine."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from touchline.report.uncounted import why_uncounted
from touchline.sql.all_views import EVENT_VIEWS
from touchline.sql.language.catalogue import load_catalogue
from touchline.trace.page import span
from touchline.trace.read import cell_query, short_key

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3 * 86_400 + 7_205, "3 d 2 h"),
        (86_400, "1 d 0 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_a_person_key_is_shown_by_its_first_digits() -> None:
    assert short_key(f"k1:{'ab' * 32}") == "k1:abababab…"
    assert short_key("") == ""


def test_the_query_of_a_cell_names_every_dimension_and_quotes_what_it_must() -> None:
    view = next(one for one in EVENT_VIEWS if one.mart == "kpi_persons_channel_1d")
    query = cell_query(view, {"bucket": date(2026, 3, 1), "map": "o'hara", "map_version": 1, "channel": None})
    assert query == (
        "SELECT source, event_id, persons, journeys FROM journey_api.kpi_persons_channel_1d_events "
        "WHERE bucket = '2026-03-01' AND map = 'o''hara' AND map_version = 1 AND channel IS NULL"
    )
    assert "bucket = '2026-03-01 11:00:00'" in cell_query(view, {"bucket": datetime(2026, 3, 1, 11, tzinfo=UTC)})


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
