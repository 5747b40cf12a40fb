"""Services that act on what somebody said: `touchline care`, whose sinks are away, and `touchline surveys`, which ask, invite in vain and
take an answer with planted values."""

from __future__ import annotations

import http.client
import sqlite3
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.care import Hook, care, hook
from tests.support.collectors import HOST
from tests.support.planted.values import CONTROL, Planted
from tests.support.planted.ways import BY_FILE, BY_FLAGS, BY_HTTP
from tests.support.planted.world import World
from tests.support.ports import free_port
from tests.support.rest import wait_until_at_rest
from tests.support.scraping import get
from tests.support.surveying import SurveysProcess, surveys
from tests.support.workers import wait_for
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.times import format_time

RULES = """\
version: 1
rules:
  - {{id: detractor, answer: {{kpi: nps, scored: bad}}}}
  - {{id: stands, overdue: {{stage: awareness, after_hours: 1000000}}}}
sinks:
  - {{id: dies, webhook: {{url: "http://{host}:{port}/"}}, attempts: 1}}
  - {{id: waits, webhook: {{url: "http://{host}:{port}/"}}, attempts: 100}}
"""
POLICY = """\
policy: after_the_till
version: 1
title: After the till
questions:
  - {question: nps_here, ask: {touchpoints: [store_purchase]}}
purposes: [contact_me]
"""
ASKED_ABOUT = (BY_HTTP, BY_FILE, BY_FLAGS)
"""Two who are erased, and one who stays. The first is asked, the others are to be invited."""


def by_care_and_surveys(world: World) -> None:
    """What they keep is kept for the search: an alert that waits, a dead letter, a moment to look again, an outbox, logs and metrics."""
    rules = world.give("care.yaml", RULES.format(host=HOST, port=free_port()))
    world.settings = world.settings.with_changes(
        care_rules_file=rules,
        care_dir=world.root / "care",
        care_http_port=free_port(),
        care_since="2026-01-01T00:00:00Z",  # they spoke before its first start
    )
    with TouchpointProducer.from_settings(world.settings) as producer:
        producer.emit_many([event for one in ASKED_ABOUT for event in _said_by(one)])
    wait_until_at_rest(world.settings)
    _survey(world)
    wait_until_at_rest(world.settings)
    look_after(world, {("dies", "dead"): 4, ("waits", "waits"): 4})  # who answered on the page has two cases
    wait_until_at_rest(world.settings)


def look_after(world: World, wanted: dict[tuple[str, str], int] | None = None) -> None:
    """`touchline care` until it has looked, and alerts stand so; then it is ended."""
    port = world.settings.care_http_port or 0

    def has_looked() -> bool:
        try:
            return get(port, "/readyz")[0] == 200 and (wanted is None or _states(world) == wanted)
        except OSError:  # it does not listen yet
            return False

    with care(world.settings, world.root / "log") as process:
        wait_for(has_looked, lambda: f"{_states(world)}\n{process.log}")
        world.keep_metrics("care", port)
        assert process.end() == 0


def persons_kept(world: World) -> set[str]:
    """Whose moments `touchline care` waits for."""
    db = sqlite3.connect(world.root / "care" / "care.sqlite")
    try:
        return {person for (person,) in db.execute("SELECT person FROM looks")}
    finally:
        db.close()


def _states(world: World) -> dict[tuple[str, str], int]:
    path = world.root / "care" / "care.sqlite"
    if not path.exists():
        return {}
    db = sqlite3.connect(path)
    try:
        rows = db.execute("SELECT sink, state, count(*) FROM alerts GROUP BY sink, state").fetchall()
    except sqlite3.OperationalError:  # its tables are being made
        return {}
    finally:
        db.close()
    return {(sink, state): count for sink, state, count in rows}


def _said_by(one: Planted) -> list[dict[str, Any]]:
    """They bought just now, may be called, are not content, and got mail."""
    now_us = time.time_ns() // 1_000
    common = {"source": "survey-tool", "identifiers": one.identifiers, "zone": "UTC", "place": CONTROL}
    bought, told, got = (format_time(now_us - seconds * 1_000_000) for seconds in (60, 50, 40))
    granted = {
        "type": "touchline.consent.v1", "id": f"granted {one.way}", "time": bought, "consent_id": f"g-{one.way}",
        "purposes": ["contact_me"], "state": "granted", "effective_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    purchase = {
        "type": "touchline.touchpoint.v1", "id": f"bought {one.way}", "time": bought, "touchpoint": "store_purchase", "action": "purchase",
    }  # fmt: skip
    score = {
        "type": "touchline.answer.v1", "id": f"told {one.way}", "time": told, "survey": "s", "question": "q", "kpi": "nps",
        "scope": "transactional", "scale_min": 0, "scale_max": 10, "score": 1, "comment": one.text,
        "about": {"touchpoint": "store_purchase", "source": "survey-tool", "event_id": f"bought {one.way}"},
    }  # fmt: skip
    mailing = {
        "type": "touchline.touchpoint.v1", "id": f"got {one.way}", "time": got, "touchpoint": "campaign_mailing",
    }  # fmt: skip
    return [common | event for event in (granted, purchase, score, mailing)]


def _survey(world: World) -> None:
    """All are invited by a sender that takes nothing; one is asked for by a raw identifier, and answers on the page."""
    with hook() as sender:
        sender.status = 503
        changes = {
            "survey_policy": world.give("policy.yaml", POLICY),
            "surveys_url": f"http://{HOST}",
            "invitations_webhook": sender.url,
            "invitations_poll_seconds": 0.2,
            "outbox_dir": world.root / "outbox-of-surveys",
        }
        with surveys(world.settings, world.root / "log", **changes) as running:
            wait_for(lambda: len(_links(sender)) == len(ASKED_ABOUT), lambda: running.log)
            _ask_and_answer(world, running, _links(sender))
            world.keep_metrics("surveys", running.settings.surveys_port)
            running.process.terminate()
            running.process.wait(20)


def _links(sender: Hook) -> dict[str, str]:
    """Person key -> path of the question page, as the sender was told."""
    return {one.alert["person"]["key"]: urlsplit(one.alert["link"]).path for one in sender.told}


def _ask_and_answer(world: World, running: SurveysProcess, links: dict[str, str]) -> None:
    one = ASKED_ABOUT[0]
    kind, value = one.identifiers[0]
    asked: dict[str, object] = {"identifier": {"type": kind, "value": value}, "touchpoint": "store_purchase"}
    wrong = (asked | {"touchpoint": one.mail}, {"person": one.mail, "touchpoint": one.text}, {one.mail: one.text})
    for document in (asked, *wrong):
        world.keep(running.request("POST", "/v1/ask", document, running.write_key).body.decode())
    keys = PersonKeys.from_file(world.settings.person_key_file)
    link = next(links[key] for key in (keys.key(*named) for named in one.identifiers) if key in links)
    answered = _post(world, running, link, answer="2")
    shown = {name: value for name, (value, *_) in parse_qs(urlsplit(answered).query).items()}
    _post(world, running, link, said=shown["said"], seal=shown["seal"], comment=one.text)
    _post(world, running, f"/q/{one.cookie}", answer=one.mail, comment=one.text)


def _post(world: World, running: SurveysProcess, path: str, **form: str) -> str:
    """Sends a form as a browser does; returns where it leads."""
    connection = http.client.HTTPConnection(HOST, running.settings.surveys_port, timeout=30)
    try:
        connection.request("POST", path, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
        response = connection.getresponse()
        world.keep(f"{response.headers}\n{response.read().decode()}")
        return response.headers.get("Location", "")
    finally:
        connection.close()
