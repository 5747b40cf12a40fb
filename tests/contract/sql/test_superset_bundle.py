"""Superset's bundle on the engine: its data sets are the views, its formulas and charts run, and its formulas are right for any rows."""

from __future__ import annotations

import math

import pytest
from clickhouse_connect.dbapi import connect
from clickhouse_driver import Client
from hypothesis import given, settings, strategies as st
from statsmodels.stats.proportion import proportion_confint

from tests.support.superset_sql import bundled, chart_queries
from touchline.dashboards.bi.datasets import DATASETS
from touchline.settings import Settings
from touchline.sql.language.catalogue import REVERSED, SurveyKpi, Variant, load_catalogue

BUNDLED = bundled("datasets")
CHARTS = bundled("charts")
SURVEY = {metric.name: metric.sql for metric in DATASETS["kpi_survey_1d"].metrics}
VOLUME = {metric.name: metric.sql for metric in DATASETS["kpi_volume_1d"].metrics}
VARIANTS = list(load_catalogue().variants())
Z = 1.959963984540054


@pytest.mark.parametrize("name", BUNDLED)
def test_a_data_set_has_the_columns_of_its_view(name: str, engine_client: Client) -> None:
    found = engine_client.execute(
        "SELECT name, type, comment FROM system.columns WHERE database = 'journey' AND table = %(name)s ORDER BY position",
        {"name": name},
    )
    stored = [one for one in BUNDLED[name]["columns"] if one["expression"] is None]
    assert [(one["column_name"], one["type"], one["description"]) for one in stored] == found


def test_hours_are_of_utc_whatever_the_zone_of_the_server(engine_settings: Settings) -> None:
    (database,) = bundled("databases").values()
    arguments = database["extra"]["engine_params"]["connect_args"]
    with connect(
        host=engine_settings.clickhouse_host, port=engine_settings.clickhouse_http_port, username=engine_settings.clickhouse_user,
        password=engine_settings.clickhouse_password_file.read_text().strip(), **arguments,
    ) as connection:  # fmt: skip
        cursor = connection.cursor()
        cursor.execute(
            "SELECT toString(getSetting('session_timezone')), toUnixTimestamp(toDateTime('2026-03-01 00:00:00'))"
        )
        assert cursor.fetchall() == [("UTC", 1_772_323_200)]


def test_every_view_is_a_data_set(engine_client: Client) -> None:
    found = engine_client.execute("SELECT name FROM system.tables WHERE database = 'journey'")
    assert set(BUNDLED) == {name for (name,) in found}


@pytest.mark.parametrize("name", BUNDLED)
def test_formulas_and_computed_columns_of_a_data_set_run(name: str, empty_client: Client) -> None:
    dataset = BUNDLED[name]
    formulas = ", ".join(f"{one['expression']} AS `{one['metric_name']}`" for one in dataset["metrics"])
    empty_client.execute(f"SELECT {formulas} FROM journey.{name}")
    computed = [one for one in dataset["columns"] if one["expression"]]
    if computed:
        empty_client.execute(f"SELECT {', '.join(one['expression'] for one in computed)} FROM journey.{name}")


@pytest.mark.parametrize("name", CHARTS)
def test_the_queries_of_a_chart_run(name: str, empty_client: Client) -> None:
    queries = list(chart_queries(CHARTS[name], BUNDLED))
    for query in queries:
        empty_client.execute(query)
    assert len(queries) == (2 if CHARTS[name]["viz_type"] == "mixed_timeseries" else 1)


def score_rows(rows: list[tuple[str, int, str, str, str, int, int, int, float]]) -> str:
    """Rows of a survey mart: map, version, kpi, variant, scope, n, positive, negative, numerator."""
    structure = (
        "map String, map_version UInt32, kpi String, variant String, scope String, n Int64, n_positive Int64, n_negative Int64, "
        "numerator Float64"
    )
    values = ", ".join(repr(row) for row in rows)
    return f"(SELECT *, n AS denominator, 1. AS ci_low, 2. AS ci_high FROM values('{structure}', {values}))"


def numerator(variant: Variant, one: tuple[int, int, int]) -> float:
    """Of good, neutral and bad answers; the good ones of a mean are given 6, the neutral ones 4, the bad ones 2."""
    good, neutral, bad = one
    return float({"net": good - bad, "share": good, "mean": 6 * good + 4 * neutral + 2 * bad}[variant.kind])


cells = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)).filter(any), min_size=1, max_size=5
)


@given(classes=cells, which=st.sampled_from(VARIANTS))
@settings(max_examples=40, deadline=None)
def test_a_score_over_any_rows_is_that_of_all_their_answers(
    engine_client: Client, classes: list[tuple[int, int, int]], which: tuple[SurveyKpi, Variant]
) -> None:
    kpi, variant = which
    good, neutral, bad = (sum(column) for column in zip(*classes, strict=True))
    n = good + neutral + bad
    rows = [
        ("m", 1, kpi.id, variant.id, "relational", sum(one), one[0], one[2], numerator(variant, one)) for one in classes
    ]
    is_mirrored = variant.id.endswith(REVERSED)  # then `score` has its number, and no column of its own
    own_names = (f"{kpi.id}_{variant.id}", f"{kpi.id}_{variant.id}_n")
    assert is_mirrored == (not SURVEY.keys() & own_names)
    shown = ("score", "answers") if is_mirrored else own_names
    names = ("score", "score__yhat_lower", "score__yhat_upper", "answers", *shown)
    ((value, low, high, answers, own, own_n),) = engine_client.execute(
        f"SELECT {', '.join(SURVEY[name] for name in names)} FROM {score_rows(rows)}"
    )
    factor = 1 if variant.kind == "mean" else 100
    expected = factor * numerator(variant, (good, neutral, bad)) / n
    assert answers == own_n == n
    assert value == pytest.approx(expected)
    assert own == pytest.approx(expected)
    if variant.kind == "share":
        assert (low, high) == pytest.approx(
            tuple(100 * x for x in proportion_confint(good, n, method="wilson")), abs=1e-6
        )
    elif variant.kind == "net":
        p, d = (good + 0.75) / (n + 3), (bad + 0.75) / (n + 3)
        half = Z * math.sqrt((p + d - (p - d) ** 2) / (n + 3))
        assert (low, high) == pytest.approx((100 * max(p - d - half, -1), 100 * min(p - d + half, 1)))
    else:
        assert (low, high) == ((1.0, 2.0) if len(classes) == 1 else (None, None))


def test_the_published_interval_of_nine_promoters_and_two_detractors(engine_client: Client) -> None:
    """features: NPS of n = 11, P = 9, D = 2 is 63.6, adjusted-Wald [8.0, 92.0]; here its cells are three."""
    rows = [
        ("m", 1, "nps", "standard", "relational", 4, 4, 0, 4.0),
        ("m", 1, "nps", "standard", "relational", 7, 5, 2, 3.0),
    ]
    names = ("score", "score__yhat_lower", "score__yhat_upper")
    ((value, low, high),) = engine_client.execute(
        f"SELECT {', '.join(SURVEY[name] for name in names)} FROM {score_rows(rows)}"
    )
    assert (round(value, 1), round(low, 1), round(high, 1)) == (63.6, 8.0, 92.0)


@pytest.mark.parametrize(
    "other",
    [
        ("m", 2, "nps", "standard", "relational", 1, 1, 0, 1.0),
        ("o", 1, "nps", "standard", "relational", 1, 1, 0, 1.0),
        ("m", 1, "nps", "standard", "transactional", 1, 1, 0, 1.0),
    ],
    ids=["version", "map", "scope"],
)
def test_a_score_over_what_must_not_be_pooled_is_empty(
    engine_client: Client, other: tuple[str, int, str, str, str, int, int, int, float]
) -> None:
    rows = [("m", 1, "nps", "standard", "relational", 10, 5, 2, 3.0), other]
    names = ("score", "score__yhat_lower", "score__yhat_upper", "nps_standard", "nps_standard_n")
    (found,) = engine_client.execute(f"SELECT {', '.join(SURVEY[name] for name in names)} FROM {score_rows(rows)}")
    assert set(found) == {None}


def test_a_volume_over_two_maps_is_empty_and_over_one_a_sum(engine_client: Client) -> None:
    rows = "values('map String, map_version UInt32, events Int64', ('m', 1, 3), ('m', 1, 4), ('o', 1, 3))"
    total = VOLUME["total_events"]
    assert engine_client.execute(f"SELECT {total} FROM {rows} WHERE map = 'm'") == [(7,)]
    assert engine_client.execute(f"SELECT {total} FROM {rows}") == [(None,)]


def test_persons_of_two_days_are_empty_not_added_up(engine_client: Client) -> None:
    (persons,) = [one.sql for one in DATASETS["kpi_persons_stage_1d"].metrics if one.name == "cell_persons"]
    rows = "values('bucket Date, persons Int64', ('2026-01-01', 3), ('2026-01-02', 3))"
    assert engine_client.execute(f"SELECT {persons} FROM {rows} WHERE bucket = '2026-01-01'") == [(3,)]
    assert engine_client.execute(f"SELECT {persons} FROM {rows}") == [(None,)]


def test_windows_that_overlap_are_empty_not_added_up(engine_client: Client) -> None:
    formulas = {one.name: one.sql for one in DATASETS["kpi_survey_rolling_7d"].metrics}
    rows = score_rows([("m", 1, "nps", "standard", "relational", 10, 5, 2, 3.0)])
    windows = f"(SELECT *, arrayJoin([toDate('2026-01-07'), toDate('2026-01-08')]) AS bucket FROM {rows})"
    names = ("answers", "score", "score__yhat_lower", "nps_standard", "total_n_positive")
    asked = ", ".join(formulas[name] for name in names)
    (one_window,) = engine_client.execute(f"SELECT {asked} FROM {windows} WHERE bucket = '2026-01-07'")
    assert (one_window[0], one_window[1], one_window[4]) == (10, pytest.approx(30.0), 5)
    assert engine_client.execute(f"SELECT {asked} FROM {windows}") == [(None,) * 5]


def test_a_score_of_no_rows_is_empty(engine_client: Client) -> None:
    rows = score_rows([("m", 1, "csat", "top_2_box", "relational", 10, 5, 2, 3.0)])
    names = ("score", "score__yhat_lower", "score__yhat_upper", "nps_standard")
    assert engine_client.execute(f"SELECT {', '.join(SURVEY[name] for name in names)} FROM {rows} WHERE n = 0") == [
        (None,) * 4
    ]
