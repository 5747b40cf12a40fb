"""The dashboard's server as a reader meets it: real HTTP, the real engine, a ledger that the real steps stored."""

from __future__ import annotations

import csv
import html
import http.client
import io
import json
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.support.dashboards import DashboardProcess, dashboard, query_string
from tests.support.shop_ledger import HOSTILE_PLACE, shop_engine
from touchline.dashboards.server.asking.catalogue import catalogue

ARGUMENTS = ["--no-sandbox"]
"""Root, as in a container, may not have a sandbox."""
HOSTILE = (
    "'", "\\", "\\'", "'; DROP TABLE x; --", "') OR 1=1 --", "{map:String}", "]", "map('channel', [])", "\t", "\n", "\r\n",
    "é☃𝒳", "\\N", "NULL", "%s", "\u202e", '"', "`",
)  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    folder = tmp_path_factory.mktemp("dashboard")
    with shop_engine(folder) as settings, dashboard(settings, folder) as process:
        process.wait_ready()
        yield process


def asked_of_clickhouse(process: DashboardProcess, sql: str, output_format: str = "JSONCompact") -> Any:
    """What a BI tool gets for it over ClickHouse's own HTTP interface."""
    settings = process.settings
    connection = http.client.HTTPConnection(settings.clickhouse_host, settings.clickhouse_http_port, timeout=60)
    headers = {
        "X-ClickHouse-User": settings.clickhouse_user,
        "X-ClickHouse-Key": settings.clickhouse_password_file.read_text().strip(),
        "X-ClickHouse-Format": output_format,
    }
    url = "/?output_format_json_quote_64bit_integers=0&output_format_json_quote_decimals=1&date_time_output_format=iso"
    try:
        connection.request("POST", url, sql.encode(), headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return json.loads(body)
    finally:
        connection.close()


def test_maps_say_what_they_are_and_which_days_they_cover(running: DashboardProcess) -> None:
    (only,) = running.get("/api/maps").json()
    assert (only["map"], only["map_version"], only["title"], only["is_default"]) == ("shop", 1, "A shop", True)
    assert "2025-06-01" <= only["first_day"] <= only["last_day"] <= "2025-06-28"
    assert [stage["id"] for stage in only["content"]["stages"]] == ["awareness", "interest", "purchase"]


@pytest.mark.parametrize("name", ["kpi-volume-1d", "survey_total", "touchpoints"])
def test_the_sql_of_an_answer_gives_the_same_rows_in_a_bi_tool(running: DashboardProcess, name: str) -> None:
    found = running.ask(name, limit=50)
    again = asked_of_clickhouse(running, found["sql"])
    assert found["rows"]
    assert [column["name"] for column in again["meta"]] == found["columns"]
    assert again["data"] == found["rows"]


def test_a_filter_selects_what_a_condition_on_the_events_selects(running: DashboardProcess) -> None:
    rows = running.rows("survey-total", place=["north", HOSTILE_PLACE], from_="2025-06-05", to="2025-06-20", kpi="nps")
    sql = (
        "SELECT count() FROM journey.answers WHERE place IN ('north', '"
        + HOSTILE_PLACE.replace("\\", "\\\\").replace("'", "''")
        + "') AND toDate(about_time) BETWEEN '2025-06-05' AND '2025-06-20' AND disposition = 'complete'"
    )
    assert [[row["n"] for row in rows]] == asked_of_clickhouse(running, sql)["data"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_a_value_that_nothing_has(running: DashboardProcess, value: str) -> None:
    found = running.ask("kpi-volume-1d", touchpoint=value)
    assert found["rows"] == asked_of_clickhouse(running, found["sql"])["data"] == []


def test_hostile_values_beside_one_that_is_there_change_nothing(running: DashboardProcess) -> None:
    alone = running.ask("survey-total", place=HOSTILE_PLACE)["rows"]
    assert alone
    assert running.ask("survey-total", place=[*HOSTILE, HOSTILE_PLACE])["rows"] == alone


def test_a_filter_of_as_many_values_as_may_be_is_taken(running: DashboardProcess) -> None:
    many = [f"{number:050}" for number in range(199)]
    rows = running.rows("volume-by-touchpoint", place=[*many, "north"])
    assert rows == running.rows("volume-by-touchpoint", place="north")


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/api/q/nothing", 404, None),
        ("/api/q/survey-total?from=2025-02-30", 400, "from"),
        ("/api/q/survey-total?from=2025-06-20&to=2025-06-01", 400, "from"),
        ("/api/q/survey-total?chanel=web", 400, "chanel"),
        ("/api/q/survey-total?limit=20000", 400, "limit"),
        ("/api/q/survey-total?map=none", 400, "map"),
        ("/api/q/kpi-volume-1d?events=many", 400, "events"),
        ("/api/maps?x=1", 400, "x"),
        ("/api/q/volume-over-time?grain=minute", 400, "grain"),
        ("/api/q/paths?by=weather", 400, "by"),
        ("/api/journey?person=k1:a", 400, "cycle"),
        ("/nothing", 404, None),
        ("/static/../settings.py", 404, None),
        ("/static/%2e%2e/server/app.py", 404, None),
    ],
)
def test_a_wrong_request_is_answered_by_a_problem(
    running: DashboardProcess, path: str, status: int, field: str | None
) -> None:
    answer = running.get(path)
    problem = answer.json()
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (problem["status"], problem.get("field")) == (status, field)
    assert problem["title"]
    assert problem["hint"]


def test_the_server_only_reads(running: DashboardProcess) -> None:
    answers = [running.get("/api/maps", method=method) for method in ("POST", "PUT", "DELETE", "PATCH")]
    assert [answer.status for answer in answers] == [405] * 4
    head = running.get("/api/maps", method="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_a_page_of_another_name_that_leads_here_learns_nothing(running: DashboardProcess) -> None:
    assert running.get("/api/maps", {"Host": "evil.example"}).status == 421
    assert running.get("/api/maps", {"Host": f"localhost:{running.port}"}).status == 200


def test_a_foreign_page_can_link_here_but_not_ask(running: DashboardProcess) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert running.get("/api/maps", foreign | {"Sec-Fetch-Mode": "no-cors"}).status == 403
    assert running.get("/", foreign | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}).status == 200
    assert running.get("/api/maps", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}).status == 200


def test_every_answer_forbids_guessing_and_foreign_content(running: DashboardProcess) -> None:
    for path in ("/", "/api/maps", "/api/q/survey-total?format=csv", "/nothing", "/metrics"):
        headers = running.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert running.get("/api/maps").headers["Cache-Control"] == "no-store"


def test_pages_of_rows_follow_each_other_without_gap_or_repetition(running: DashboardProcess) -> None:
    whole = running.ask("touchpoints", order="event_time,event_id")
    pages = [
        running.ask("touchpoints", order="event_time,event_id", limit=40, offset=start)
        for start in range(0, len(whole["rows"]), 40)
    ]
    assert [row for page in pages for row in page["rows"]] == whole["rows"]
    assert [page["is_complete"] for page in (whole, pages[0])] == [True, False]
    assert running.ask("touchpoints", count=1)["rows"] == [[len(whole["rows"])]]


def test_a_csv_file_has_the_rows_of_the_answer(running: DashboardProcess) -> None:
    found = running.ask("orders", order="event_time,event_id")
    answer = running.get("/api/q/orders?format=csv&order=event_time,event_id")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    head, *rows = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    assert head == found["columns"]
    assert answer.body.endswith(b"\r\n")
    amount = head.index("amount")
    assert [Decimal(row[amount]) for row in rows] == [Decimal(row[amount]) for row in found["rows"]]


def test_text_that_a_spreadsheet_would_run_is_made_safe_and_stays_one_cell(running: DashboardProcess) -> None:
    answer = running.get("/api/q/kpi-volume-1d?format=csv")
    head, *rows = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    places = {row[head.index("place")] for row in rows}
    assert places == {"north", "south", f"'{HOSTILE_PLACE}"}


def test_metrics_name_endpoints_and_views_but_no_values(running: DashboardProcess) -> None:
    running.ask("survey-total", channel="Zoë")
    running.get("/api/q/Zoe-Meier")
    text = running.get("/metrics").body.decode()
    assert 'touchline_dashboard_requests_total{endpoint="/api/q/{name}",status="200"}' in text
    assert 'touchline_dashboard_query_seconds_count{query="survey_total"}' in text
    assert "touchline_dashboard_queries 0.0" in text or "touchline_dashboard_queries 1.0" in text
    assert "touchline_ready 1.0" in text
    assert "Zo" not in text
    assert "Zo" not in running.log


def test_the_answer_names_what_is_unknown_null_and_money_as_text(running: DashboardProcess) -> None:
    row = running.rows("orders", limit=1)[0]
    assert isinstance(row["amount"], str)
    assert row["event_time"].endswith("Z")
    volume = running.rows("kpi-volume-1d", limit=1)[0]
    assert volume["segment"] is None
    assert len(volume["bucket"]) == len("2025-06-01")


def test_the_map_as_one_file_has_the_numbers_of_the_api(running: DashboardProcess) -> None:
    selection = {"from_": "2025-06-05", "to": "2025-06-25", "place": ["north", HOSTILE_PLACE]}
    answer = running.get(f"/export/map.html?lang=it&{query_string(selection)}")
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert 'filename="shop-v1-2025-06-05-2025-06-25.html"' in answer.headers["Content-Disposition"]
    document = html.unescape(answer.body.decode())
    for row in running.rows("volume-by-touchpoint", **selection):
        assert f"<dt>Eventi</dt><dd>{row['events']}</dd>" in document, row
    for row in running.rows("survey-by-touchpoint", **selection):
        assert row["is_suppressed"] or f" n {row['n']} · " in document, row
    assert HOSTILE_PLACE in document
    assert running.get("/export/map.html?lang=xx").json()["field"] == "lang"


def test_every_address_of_the_document_is_answered(running: DashboardProcess, project_dir: Path) -> None:
    text = (project_dir / "docs" / "dashboard.md").read_text(encoding="utf-8")
    paths = re.findall(r'^curl .*?"?http://127\.0\.0\.1:8788(/[^"\s]*)', text, re.MULTILINE)
    assert len(paths) > 6
    answers = {path: running.get(path.replace("map=retail", "map=shop")) for path in paths}
    assert {path: answer.body for path, answer in answers.items() if answer.status != 200} == {}


@pytest.mark.parametrize("width", [1500, 390])
def test_the_map_as_one_file_can_be_used_by_keyboard_and_screen_reader(running: DashboardProcess, width: int) -> None:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=ARGUMENTS) as browser,
    ):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(f"{running.url}/export/map.html")
        # Its policy runs no script, the checker's neither: looked at as the file that it is.
        document = page.content()
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.set_content(document)
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_view_of_the_release_is_answered_and_comes_as_a_file(running: DashboardProcess) -> None:
    one = running.rows("journeys", limit=1)[0]
    needed = {"person": one["person"], "cycle": one["cycle"]}
    answered = running.rows("survey-total", limit=1)[0]
    needed |= {name: answered[name] for name in ("kpi", "variant", "scope")} | {
        "answers": "all",
        "grouped": "all",
        "days": "60",
    }
    refused: dict[str, bytes] = {}
    heads: dict[str, list[str]] = {}
    for name, view in catalogue().items():
        given = {parameter: value for parameter, value in needed.items() if parameter in view.parameters}
        answer = running.get(f"/api/q/{name}?{query_string(given | {'limit': 1, 'format': 'csv'})}")
        if answer.status != 200:
            refused[name] = answer.body
            continue
        head = next(csv.reader(io.StringIO(answer.body.decode(), newline="")))
        if head != list(view.columns):
            heads[name] = head
    assert refused == {}
    assert heads == {}
