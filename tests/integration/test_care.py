"""`touchline care` on real Kafka and the real engine: one case for each reason, told to each sink, whatever is killed or corrected."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support.care import Hook, alerts_in, care, hook
from tests.support.engines import Ledger, fresh_topic, own_face_with_worker, touchline
from tests.support.ports import free_port
from tests.support.real_worker import ask
from tests.support.workers import wait_for
from touchline.producers.kafka import TouchpointProducer

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

SECRET = "a secret of the tests"
SOURCES = """
sources:
  survey-tool: {legal_basis: contract}
  retail-pos: {legal_basis: contract}
  care: {legal_basis: legitimate_interests}
"""
RULES = """
version: 1
rules:
  - id: detractor
    answer: {{kpi: nps, scored: bad}}
    contact_within_hours: 24
    severity: high
    owner: store care
sinks:
  - {{id: desk, kafka: {{topic: {topic}}}}}
  - {{id: crm, webhook: {{url: "{url}", secret_file: secret}}}}
  - {{id: gone, webhook: {{url: "http://127.0.0.1:{port}/"}}, attempts: 2}}
"""
Event = dict[str, Any]


class Place(NamedTuple):
    ledger: Ledger
    topic: str
    hook: Hook
    folder: Path


@pytest.fixture(scope="module")
def place(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, topic = tmp_path_factory.mktemp("care"), fresh_topic(stack, 1)
    (folder / "secret").write_text(SECRET + "\n")
    (folder / "sources.yaml").write_text(SOURCES)
    files: dict[str, object] = {
        "sources_file": folder / "sources.yaml", "care_rules_file": folder / "rules.yaml", "care_dir": folder / "state of care",
        "care_since": "2026-01-01T00:00:00Z", "care_lapse_seconds": 0.5,
    }  # fmt: skip
    with hook() as crm, own_face_with_worker(stack, folder, partitions=2, tick_seconds=0.5, **files) as ledger:
        (folder / "rules.yaml").write_text(RULES.format(topic=topic, url=crm.url, port=free_port()))
        yield Place(ledger, topic, crm, folder)


def event(person: str, kind: str, event_id: str, minute: int, **fields: object) -> Event:
    return {
        "type": f"touchline.{kind}.v1", "id": event_id, "source": "survey-tool", "time": f"2026-03-01T11:{minute:02}:00Z", "zone": "UTC",
        "identifiers": [{"type": "loyalty", "value": person}], **fields,
    }  # fmt: skip


def granted(person: str) -> Event:
    return event(
        person, "consent", f"c-{person}", 0, consent_id=f"g-{person}", purposes=["contact_me"], state="granted",
        effective_at="2026-01-01T00:00:00Z",
    )  # fmt: skip


def visit(person: str) -> Event:
    return event(person, "touchpoint", f"v-{person}", 1, touchpoint="store_purchase", action="purchase", place="12")


def scored(person: str, score: int, revision: int = 0) -> Event:
    return event(
        person, "answer", f"a-{person}", 2, about={"touchpoint": "store_purchase", "source": "survey-tool", "event_id": f"v-{person}"},
        survey="s", question="q", kpi="nps", scope="transactional", scale_min=0, scale_max=10, score=score, revision=revision,
    )  # fmt: skip


def send(place: Place, events: Sequence[Event]) -> None:
    with TouchpointProducer.from_settings(place.ledger.settings) as producer:
        for one in events:
            producer.emit(one)


def cases(place: Place, person: str) -> list[tuple[Any, ...]]:
    """Id, state, whether it stands, of the cases about a person's answer."""
    sql = "SELECT case_id, state, is_open, is_lapsed FROM journey.cases WHERE about_event_id = %(event)s"
    return ask(place.ledger.settings, sql, event=f"a-{person}")


def wait_for_cases(place: Place, person: str, count: int, is_lapsed: int = 0) -> list[tuple[Any, ...]]:
    def is_there() -> bool:
        return [one[3] for one in cases(place, person)] == [is_lapsed] * count

    wait_for(is_there, lambda: f"{cases(place, person)}\n{(place.folder / 'care.log').read_text()}")
    return cases(place, person)


def wait_for_state(place: Place, person: str, state: str) -> None:
    wait_for(lambda: cases(place, person)[0][1] == state, lambda: str(cases(place, person)))


def told(place: Place, person: str) -> list[dict[str, Any]]:
    """What the topic was told of the cases of a person."""
    ours = {one[0] for one in cases(place, person)}
    return [one for one in alerts_in(place.ledger.settings, place.topic) if one["case"] in ours]


def test_the_first_run_tells_only_of_what_happens_from_then_on(place: Place) -> None:
    settings = place.ledger.settings.with_changes(care_since=None)
    send(place, [granted("old"), visit("old"), scored("old", 3), granted("new")])
    with care(settings, place.folder) as process:
        wait_for(lambda: ask(settings, BEGAN) == [(1,)], lambda: process.log)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        send(place, [visit("new") | {"time": now}, scored("new", 3) | {"time": now}])
        wait_for_cases(place, "new", 1)
        wait_for(lambda: bool(told(place, "new")), lambda: process.log)
        assert process.end() == 0
    assert cases(place, "old") == []
    place.hook.told.clear()


BEGAN = (
    "SELECT toInt64(sum(sign)) FROM journey_raw.ledger WHERE kind = 'received' AND fate = 'stored' AND event_type = 'touchline.case.v1' "
    "AND action = 'began'"
)


def test_a_detractor_who_may_be_called_is_one_case_told_to_each_sink_with_what_came_before(place: Place) -> None:
    send(place, [granted("ada"), visit("ada"), scored("ada", 3), visit("bob"), scored("bob", 3)])
    with care(place.ledger.settings, place.folder) as process:
        ((case, state, is_open, _),) = wait_for_cases(place, "ada", 1)
        wait_for(lambda: bool(told(place, "ada")) and bool(place.hook.told), lambda: process.log)
        assert process.end() == 0
    assert (state, is_open) == ("opened", 1)
    (alert,) = told(place, "ada")
    assert (alert["id"], alert["rule"], alert["owner"]) == (f"{case}/opened", "detractor", "store care")
    assert [(one["touchpoint"], one.get("score")) for one in alert["before"]] == [
        ("store_purchase", None),
        ("store_purchase", 3.0),
    ]
    assert [one["score"] for one in alert["reason"]] == [3.0]
    (request,) = place.hook.told
    assert request.alert == alert
    seconds, digest = (part.partition("=")[2] for part in request.headers["Touchline-Signature"].split(","))
    wanted = hmac.new(SECRET.encode(), f"{seconds}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert (digest, request.headers["Idempotency-Key"]) == (wanted, alert["id"])
    assert cases(place, "bob") == []  # nobody asked him whether he may be called
    assert "ada" not in request.body.decode()


def test_a_sink_that_is_away_holds_up_no_other_and_its_alerts_are_dead_letters_that_can_be_brought_again(
    place: Place,
) -> None:
    place.hook.status, place.hook.retry_after = 429, "9" * 400  # more than a float holds
    send(place, [granted("eve"), visit("eve"), scored("eve", 0)])
    with care(place.ledger.settings, place.folder) as process:
        ((case, *_),) = wait_for_cases(place, "eve", 1)
        wait_for(lambda: bool(told(place, "eve")), lambda: process.log)
        wait_for(lambda: f"{case}/opened" in touchline(place.ledger, "care", "dead"), lambda: process.log)
        letters = json.loads(touchline(place.ledger, "care", "dead", "--json"))["dead"]
        assert {one["sink"] for one in letters} == {"gone"}
        assert all(one["attempts"] == 2 for one in letters)
        assert "will be brought again" in touchline(place.ledger, "care", "retry", "gone")
        wait_for(lambda: f"{case}/opened" in [one.alert["id"] for one in place.hook.told], lambda: process.log)
        assert process.end() == 0, process.log
    place.hook.status, place.hook.retry_after = 200, ""


def test_kills_and_a_lost_folder_give_one_case_each_and_no_alert_of_another_id(place: Place) -> None:
    people = [f"kay {number}" for number in range(8)]
    with care(place.ledger.settings, place.folder) as process:
        for number, person in enumerate(people):
            send(place, [granted(person), visit(person), scored(person, number % 7), scored(person, number % 7)])
            process.wait_begun(number + 1)
            time.sleep(0.1 * number)  # at another moment of its work each time
            process.kill()
            if number % 3 == 2:
                shutil.rmtree(place.ledger.settings.care_dir)
            process.begin()
        for person in people:
            wait_for_cases(place, person, 1)
        wait_for(lambda: all(told(place, person) for person in people), lambda: process.log)
    for person in people:
        ((case, *_),) = cases(place, person)
        assert {one["id"] for one in told(place, person)} == {f"{case}/opened"}
        (rows,) = ask(place.ledger.settings, OPENED, case=case)
        assert rows == (1,)


OPENED = (
    "SELECT toInt64(sum(sign)) FROM journey_raw.ledger WHERE kind = 'received' AND fate = 'stored' AND event_type = 'touchline.case.v1' "
    "AND properties['case'] = %(case)s"
)


def test_a_corrected_answer_takes_the_case_back_and_all_are_told(place: Place) -> None:
    send(place, [granted("una"), visit("una"), scored("una", 2)])
    with care(place.ledger.settings, place.folder) as process:
        wait_for_cases(place, "una", 1)
        send(place, [scored("una", 9, revision=1)])
        wait_for_cases(place, "una", 1, is_lapsed=1)
        wait_for(lambda: len(told(place, "una")) == 2, lambda: process.log)
        send(place, [scored("una", 1, revision=2)])
        wait_for_cases(place, "una", 1, is_lapsed=0)
        wait_for(lambda: len(told(place, "una")) == 3, lambda: process.log)
    said = Counter(one["state"] for one in told(place, "una"))
    assert said == {"opened": 1, "lapsed": 1, "restored": 1}


def test_a_case_is_worked_from_the_shell_by_the_beginning_of_its_id(place: Place) -> None:
    ((case, *_),) = wait_for_cases(place, "ada", 1)
    touchline(place.ledger, "cases", "verify", case[:8], status=2)
    for words, state in (
        (("own", "--owner", "desk"), "owned"), (("contact",), "contacted"), (("resolve", "--cause", "queue"), "resolved"),
        (("verify",), "verified"), (("reopen",), "reopened"),
    ):  # fmt: skip
        touchline(place.ledger, "cases", words[0], case[:8], *words[1:])
        wait_for_state(place, "ada", state)
    shown = json.loads(touchline(place.ledger, "cases", "show", case[:8], "--json"))
    assert (shown["owner"], shown["cause"], shown["reopened"]) == ("desk", "queue", 1)
    assert [one["state"] for one in shown["events"]][-1] == "reopened"
    assert case[:8] in touchline(place.ledger, "cases", "list", "--rule", "detractor", "--state", "reopened")
    assert touchline(place.ledger, "cases", "list", "--csv").startswith("case_id,kind,rule")
