"""Comments on the page as a reader meets them: real HTTP, the real engine, answers that the real steps stored."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.contract.sql.stored import answer, start_anew, store
from tests.support.collectors import Answer
from tests.support.dashboards import HOST, DashboardProcess, dashboard
from tests.support.engine import running_engine
from tests.support.page_reader import browser, reader
from tests.unit.processors.loop.world import event, person_key
from touchline.clickhouse.connect import connect
from touchline.comments.readings import Logged, digest_of, read_log

KEY = f"care.{'c' * 32}"
TEXTS = {f"a{number}": f"the queue was long, for the {number}th time" for number in range(60)} | {
    "a60": "Sehr <b>gut</b>"
}
PERIOD = "from=2025-06-01&to=2025-06-02"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    folder = tmp_path_factory.mktemp("comments")
    (folder / "comments_keys").write_text(f"{KEY}\nboard.{'b' * 32}\n")
    (folder / "payload_key").write_text(f"p1:{'00' * 32}\n")
    answers = [
        answer(number, number % 3, number, "till" if number < 60 else "site", score=number % 11)
        | {"comment": TEXTS[f"a{number}"]}
        for number in range(61)
    ]
    with running_engine(folder, payload_key_file=folder / "payload_key") as settings:
        client = connect(settings)
        start_anew(client)
        client.disconnect()
        store(settings, folder / "state", [event(1, 1, 1, "till"), *answers])
        with dashboard(settings, folder, dashboard_comments_keys_file=folder / "comments_keys") as process:
            process.wait_ready()
            yield process


def asked(process: DashboardProcess, key: str | None = KEY, **fields: Any) -> Answer:
    """The answer to a question about comments."""
    connection = http.client.HTTPConnection(HOST, process.port, timeout=60)
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Authorization": f"Bearer {key}"})
    try:
        connection.request("POST", "/api/comments", json.dumps(fields), headers)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def readings(process: DashboardProcess) -> list[Logged]:
    client = connect(process.settings)
    found = read_log(client, limit=1_000)
    client.disconnect()
    return found


def test_a_key_opens_what_is_asked_for_and_the_reading_is_logged_under_its_name(running: DashboardProcess) -> None:
    before = len(readings(running))
    found = asked(running, touchpoint=["site"], contains=["SEHR"], person=person_key(0))
    assert found.status == 200
    (one,) = found.json()["comments"]
    assert (one["text"], one["touchpoint"], one["score"]) == ("Sehr <b>gut</b>", "site", 5.0)
    (newest, *older) = readings(running)
    assert len(older) == before
    assert (newest.reader, newest.way, newest.opened, newest.shown) == ("care", "page", 1, 1)
    assert newest.filters == {"touchpoint": "site", "person": "1 person", "contains": "1 word", "limit": "50"}
    assert newest.person_digest == digest_of(person_key(0))


def test_pages_follow_each_other_to_the_end(running: DashboardProcess) -> None:
    first = asked(running, limit=40).json()
    second = asked(running, limit=40, next=first["next"]).json()
    assert second["next"] is None
    assert {one["event_id"]: one["text"] for one in [*first["comments"], *second["comments"]]} == TEXTS


@pytest.mark.parametrize("key", [None, "", f"care.{'x' * 32}", f"other.{'c' * 32}", KEY[:-1]])
def test_without_a_key_nothing_is_shown_and_nothing_is_read(running: DashboardProcess, key: str | None) -> None:
    before = readings(running)
    refused = asked(running, key)
    assert refused.status == 401
    assert refused.json()["hint"]
    assert "queue" not in refused.body.decode()
    assert readings(running) == before


def test_no_answer_may_be_kept_and_readers_never_share_one(running: DashboardProcess) -> None:
    before = len(readings(running))
    answers = [asked(running, key, limit=1) for key in (KEY, f"board.{'b' * 32}", KEY)]
    assert {one.headers["Cache-Control"] for one in answers} == {"no-store"}
    assert [one.reader for one in readings(running)[: len(readings(running)) - before]] == ["care", "board", "care"]


def test_comments_stand_behind_no_other_question_of_the_page(running: DashboardProcess) -> None:
    assert running.get("/api/q/comments").status == 404
    assert running.get("/api/q/readings").status == 404
    assert running.get(f"/api/comments?key={KEY}").status == 400
    assert running.get("/api/comments").json() == {"is_served": True}
    columns = running.ask("answers", limit=1)["columns"]
    assert not {"comment", "cipher_key_id"} & set(columns)


def test_words_that_were_looked_for_and_keys_are_in_no_log(running: DashboardProcess) -> None:
    asked(running, contains=["zauberwort"])
    asked(running, f"care.{'y' * 32}")
    assert "zauberwort" not in running.log
    assert "c" * 32 not in running.log
    assert "y" * 32 not in running.log


def test_without_keys_the_page_serves_no_comments(running: DashboardProcess, tmp_path: Path) -> None:
    with dashboard(running.settings, tmp_path, dashboard_comments_keys_file=None) as closed:
        assert closed.get("/api/comments").json() == {"is_served": False}
        refused = asked(closed)
        assert refused.status == 404
        assert "dashboard_comments_keys_file" in refused.json()["hint"]


def test_the_page_shows_comments_to_who_gives_a_key_and_can_be_read_by_everybody(running: DashboardProcess) -> None:
    with browser() as chromium, reader(chromium, running) as analyst:
        page = analyst.page
        page.goto(f"{running.url}/?{PERIOD}&view=comments")
        page.get_by_label("Your key").fill(f"care.{'z' * 32}")
        page.get_by_role("button", name="Read comments").click()
        page.get_by_text("This key opens no comments.").wait_for()
        analyst.faults.clear()  # the browser tells of the 401
        page.get_by_label("Your key").fill(KEY)
        page.get_by_role("button", name="Read comments").click()
        page.get_by_text("Sehr <b>gut</b>").wait_for()
        assert page.locator(".comment").count() == 50
        page.get_by_role("button", name="Older comments").click()
        page.get_by_text(TEXTS["a0"], exact=True).wait_for()
        assert page.locator(".comment").count() == 61
        assert KEY not in page.url
        assert (
            page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])").find("c" * 32)
            == -1
        )
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert analyst.faults == []
        page.get_by_label("With this word").fill("Sehr")
        page.get_by_role("button", name="Read comments").click()
        page.locator(".comment").nth(1).wait_for(state="detached")
        page.get_by_text("Sehr <b>gut</b>").wait_for()
        assert page.locator(".comment").count() == 1
