"""Webhooks of survey tools from a real collector to the ledger: sent in the wrong order, again, and by several triggers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.collectors import Answer, CollectorProcess, collector
from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.signed import (
    SECRETS,
    WEBHOOKS,
    encoded,
    formbricks_body,
    formbricks_state,
    standard_headers,
    typeform_headers,
    typeform_response,
)
from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import lag

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

ANSWERS = """
SELECT source, survey, question, score, disposition, about_event_id
FROM journey.answers ORDER BY source, survey, question
"""


def post(process: CollectorProcess, body: dict[str, Any]) -> Answer:
    sent = encoded(body)
    if "form_response" in body:
        return process.request("POST", "/v1/webhooks/typeform", sent, typeform_headers(sent))
    return process.request("POST", "/v1/webhooks/formbricks", sent, standard_headers(sent, time.time()))


def wait_until_stored(ledger: Ledger) -> None:
    deadline = time.monotonic() + 60
    while lag(ledger.settings) != 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_response_is_one_answer_a_question_however_often_and_in_whatever_order_its_webhooks_come(
    stack: LocalStack, tmp_path: Path
) -> None:
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret)
    (tmp_path / "webhooks.yaml").write_text(WEBHOOKS)
    (tmp_path / "sources.yaml").write_text(
        "sources:\n"
        + "".join(f"  {name}: {{legal_basis: contract}}\n" for name in ("typeform", "formbricks", "retail-pos"))
    )
    files = {"webhooks_file": tmp_path / "webhooks.yaml", "sources_file": tmp_path / "sources.yaml"}
    begun = formbricks_state(0, {"nps": 3})
    grown = formbricks_state(5, {"nps": 8, "why": "quick", "effort": 2})
    done = formbricks_state(9, {"nps": 7, "effort": 2}, finished=True)
    bodies = [
        formbricks_body("responseFinished", done),
        formbricks_body("responseUpdated", grown),
        formbricks_body("responseUpdated", done),
        formbricks_body("responseCreated", begun),
        formbricks_body("responseUpdated", grown),
        typeform_response(),
        typeform_response(),
    ]
    with (
        own_face_with_worker(stack, tmp_path / "face", partitions=2, tick_seconds=0.5, **files) as ledger,
        collector(ledger.settings, tmp_path) as running,
    ):
        answers = [post(running, body) for body in bodies]
        assert [answer.status for answer in answers] == [200] * len(bodies)
        assert [answer.json()["rejected"] for answer in answers] == [0] * len(bodies)
        assert running.request("POST", "/v1/webhooks/typeform", b"{}", {}).status == 401
        wait_until_stored(ledger)
        client = connect(ledger.settings)
        expected = [
            ("formbricks", "shop", "effort", 2.0, "complete", None),
            ("formbricks", "shop", "recommend", 7.0, "complete", None),
            ("typeform", "after_purchase", "content", 5.0, "complete", "receipt-1001"),
            ("typeform", "after_purchase", "recommend", 9.0, "complete", "receipt-1001"),
        ]
        deadline = time.monotonic() + 30
        while (found := client.execute(ANSWERS)) != expected:
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        client.disconnect()
        touchline(ledger, "reconcile")
        assert "jane" not in running.log
