"""The map as one file, from rows made by hand."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.unit.processors.loop.world import MAP
from tests.unit.test_markup import Read
from touchline.dashboards.server.asking.maps import KnownMap
from touchline.dashboards.server.snapshot.page import page
from touchline.dashboards.server.snapshot.read import VIEWS, Seen, Selection
from touchline.dashboards.server.snapshot.words import words_of
from touchline.schemas.journey.read import parse_map
from touchline.sql.language.usual import Period

HOSTILE = '<script>alert("x")</script>'
SURVEY: dict[str, Any] = {
    "touchpoint": "till", "stage": "purchase", "stage_order": 3, "is_simulated": 0, "kpi": "nps", "variant": "standard",
    "scope": "transactional", "unit": "points", "scale_low": -100, "scale_high": 100, "n": 285, "value": 50.5,
    "ci_low": 42.6, "ci_high": 57.4, "is_small_n": 0, "wordings": 1, "is_suppressed": 0, "n_before": 267, "value_before": 4.5,
    "change": 46.0, "change_low": 34.7, "change_high": 56.4, "trend": "up", "target": 30.0, "target_verdict": "met",
    "question": "Would you recommend us?",
}  # fmt: skip
VOLUME = {"touchpoint": "till", "stage": "purchase", "is_simulated": 0, "events": 11_756}
PERSONS = {
    "touchpoint": "till",
    "stage": "purchase",
    "persons": 2_014,
    "journeys": 2_100,
    "drop_off": 0.125,
    "ci_low": 0.1,
    "ci_high": 0.15,
    "denominator": 800,
}
REVENUE = {
    "touchpoint": "till",
    "stage": "purchase",
    "currency": "USD",
    "is_simulated": 0,
    "orders": 3,
    "amount": "373884.63",
}
NO_RATE: dict[str, Any] = {"rate": None, "ci_low": None, "ci_high": None, "denominator": 0}


def _stage(name: str, order: int, counts: str, judged: str) -> dict[str, Any]:
    """`counts` and `judged`: continued, completed, dropped, open, of all journeys and of those whose window is over."""
    kinds = ["advanced", "completed", "dropped", "open"]
    rest = ["numerator", "rest_completed", "rest_dropped", "rest_open"]
    row: dict[str, Any] = dict(zip([*kinds, *rest], map(int, [*counts.split(), *judged.split()]), strict=True))
    row |= {"reached": sum(row[kind] for kind in kinds), "denominator": sum(row[kind] for kind in rest)}
    return {"stage": name, "stage_order": order} | row


FUNNEL: list[dict[str, Any]] = [
    _stage("interest", 2, "9 2 6 1", "8 2 5 1") | {"rate": 0.5, "ci_low": 0.3, "ci_high": 0.7},
    _stage("awareness", 1, "18 0 550 0", "18 0 542 0") | {"rate": 0.032, "ci_low": 0.02, "ci_high": 0.05},
    _stage("purchase", 3, "0 0 0 9", "0 0 0 0") | NO_RATE,
]


def written(
    language: str = "en",
    filters: dict[str, list[str]] | None = None,
    mode: str = "in_order",
    **rows: list[dict[str, Any]],
) -> str:
    """The document of these rows, by view."""
    known = KnownMap("shop", 1, "A shop", True, date(2025, 6, 1), date(2025, 6, 28), date(2025, 6, 28), 11_756, 0)
    period = Period(date(2025, 6, 1), date(2025, 6, 28))
    moment = datetime(2025, 7, 1, tzinfo=UTC)
    shown: dict[str, list[dict[str, Any]]] = {
        "survey_by_touchpoint": [SURVEY],
        "volume_by_touchpoint": [VOLUME],
        "persons_by_touchpoint": [PERSONS],
        "revenue_by_touchpoint": [REVENUE],
        "funnel_stage": FUNNEL,
    }
    selection = Selection(known, period, period.before(), filters or {}, moment, mode, language)
    sql = {name: f"SELECT * FROM journey_api.{name}()" for name in VIEWS}
    return page(words_of(language), Seen(selection, parse_map(MAP), shown | rows, sql, moment))


def test_a_card_has_each_number_with_its_n_interval_and_trend() -> None:
    text = Read(written()).text
    for said in (
        "11,756",
        "2,014",
        "12.5% (10.0% to 15.0%), n 800",
        "US$373,885",
        "50.5",
        "n 285 · 42.6 to 57.4",
        "▲ +46.0",
    ):
        assert said in text, said
    assert "Target met (Target 30.0)" in text


def test_kpis_stand_in_one_order_however_the_rows_come() -> None:
    rows = [SURVEY | {"kpi": kpi, "is_simulated": simulated} for kpi in ("csat", "nps") for simulated in (1, 0)]
    assert written(survey_by_touchpoint=rows) == written(survey_by_touchpoint=rows[::-1])


def test_the_file_says_what_it_is_of() -> None:
    text = Read(written(filters={"channel": ["web", ""], "place": [HOSTILE]})).text
    for said in (
        "A shop",
        "shop, version 1",
        "1\u2009–\u200928 Jun 2025",
        "4\u2009–\u200931 May 2025",
        "1 Jul 2025, 00:00:00 UTC",
    ):
        assert said in text, said
    assert f"Channel: Web, (unknown); Place: {HOSTILE}" in text
    assert (
        "Touchpoint: Till; Online or offline: Offline"
        in Read(written(filters={"touchpoint": ["till"], "is_online": ["0"]})).text
    )


def test_stages_and_funnel_stand_in_the_order_of_the_map() -> None:
    document = written()
    assert re.findall(r"<h2>(\d .*?)</h2>", document) == ["1 Awareness", "2 Interest", "3 Purchase"]
    assert re.findall(r'<th scope="row">(.*?)</th>', document) == ["Awareness", "Interest", "Purchase"]


def test_where_too_few_answered_no_number_is_written() -> None:
    text = Read(
        written(survey_by_touchpoint=[SURVEY | {"is_suppressed": 1, "n": None, "value": None, "trend": None}])
    ).text
    assert "Too few to show" in text
    assert "50.5" not in text
    assert "285" not in text


def test_without_proof_no_arrow_is_shown() -> None:
    text = Read(written(survey_by_touchpoint=[SURVEY | {"trend": "no significant change"}])).text
    assert "no significant change" in text
    assert "▲" not in text


def test_simulated_data_are_labelled_at_the_number_and_at_the_top() -> None:
    assert "simulated" not in Read(written()).text
    read = Read(written(survey_by_touchpoint=[SURVEY | {"is_simulated": 1}]))
    assert read.text.count("simulated") == 2
    mixed = Read(written(volume_by_touchpoint=[VOLUME, VOLUME | {"is_simulated": 1, "events": 1}]))
    assert mixed.text.count("simulated") == 3  # at the card, at its stage, and at the top


def test_a_rate_of_a_stage_has_its_n() -> None:
    document = written()
    assert "Continued to the next stage (finished journeys), in order50.0% 30.0% to 70.0% · n 16" in Read(document).text
    assert "<td>16</td>" in document


@pytest.mark.parametrize(
    ("journeys", "said"), [(1, "the only journey is too recent"), (203, "all 203 journeys are too recent")]
)
def test_a_drop_off_that_cannot_be_known_yet_is_no_zero(journeys: int, said: str) -> None:
    row = PERSONS | {"journeys": journeys, "drop_off": None, "ci_low": None, "ci_high": None, "denominator": 0}
    text = Read(written(persons_by_touchpoint=[row])).text
    assert f"Drop-off after 60 daysnot known yet: {said}Revenue" in text


def test_what_became_of_the_journeys_of_a_rate_stands_beside_it_and_adds_up_to_its_n() -> None:
    document = written()
    cells = re.findall(r"<td>(.*?)</td>", document)
    row = cells[cells.index("50.0%") - 5 : cells.index("50.0%") + 7]
    assert row == ["18", "9", "2", "6", "1", "50.0%", "30.0% to 70.0%", "16", "8", "2", "5", "1"]


@pytest.mark.parametrize(("mode", "name"), [("in_order", "in order"), ("any", "any order")])
def test_heads_of_stages_and_the_funnel_name_the_one_mode_in_which_they_count(mode: str, name: str) -> None:
    text = Read(written(mode=mode)).text
    other = {"in order": "any order", "any order": "in order"}[name]
    for said in (f"Journeys, {name}", f"Still open, {name}", f"(finished journeys), {name}", f"Funnel, {name}"):
        assert said in text, said
        assert said.replace(name, other) not in text


def test_a_stage_tells_its_events_its_journeys_and_those_still_open() -> None:
    text = Read(written()).text
    assert (
        "Journeys, in order9Still open, in order9Continued to the next stage (finished journeys), in order– the last stage"
        in text
    )
    young = [row | NO_RATE for row in FUNNEL]
    assert (
        "Continued to the next stage (finished journeys), in order– no window closed yet"
        in Read(written(funnel_stage=young)).text
    )
    assert "finished journeys" not in Read(written(volume_by_touchpoint=[], funnel_stage=[])).text


@pytest.mark.parametrize("language", ["en", "fr", "it"])
def test_the_file_needs_nothing_and_runs_nothing(language: str) -> None:
    rows = [VOLUME | {"touchpoint": HOSTILE, "stage": None}]
    read = Read(
        written(
            language,
            {"place": [HOSTILE]},
            volume_by_touchpoint=rows,
            survey_by_touchpoint=[SURVEY | {"question": HOSTILE}],
        )
    )
    names = {name for name, _ in read.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "form", "a"}
    assert not [
        key for _, attributes in read.elements for key in attributes if key.startswith("on") or key in ("src", "href")
    ]
    assert read.elements[0] == ("html", {"lang": language})
    assert HOSTILE in read.text


def test_every_number_has_its_sql() -> None:
    text = Read(written()).text
    assert [name for name in VIEWS if f"SELECT * FROM journey_api.{name}()" not in text] == []
