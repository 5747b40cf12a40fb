"""A source in a minute, on a real stack: declared and given a key while collector and worker run, and seen with what was refused of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from tests.support.collectors import CollectorProcess, collector, event
from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.workers import wait_for
from touchline.local.parts import settings_environment

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

SOURCES = "# ours\nsources:\n  till: {legal_basis: contract}  # the first\n"
NAME = "web-shop"


@pytest.fixture(scope="module")
def running(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, CollectorProcess]]:
    folder = tmp_path_factory.mktemp("minute")
    keys, sources = folder / "write_keys", folder / "sources.yaml"
    keys.write_text(f"till.{'a' * 64} till\n")
    sources.write_text(SOURCES)
    with (
        own_face_with_worker(stack, folder, write_keys_file=keys, sources_file=sources) as ledger,
        collector(ledger.settings, folder) as process,
    ):
        yield ledger._replace(environment=settings_environment(process.settings)), process


def looked(ledger: Ledger, *words: str, status: int = 0) -> Any:
    return json.loads(touchline(ledger, "source", "test", NAME, "--once", "--json", *words, status=status))


def post(process: CollectorProcess, key: str, *sent: dict[str, Any]) -> int:
    return process.post(json.dumps([*sent]).encode(), key=key).status


def test_a_source_is_added_used_seen_and_closed_while_everything_runs(
    running: tuple[Ledger, CollectorProcess],
) -> None:
    ledger, process = running
    assert f"touchline source add {NAME}" in looked(ledger, status=1)["missing"][0]

    added = json.loads(touchline(ledger, "source", "add", NAME, "--legal-basis", "contract", "--json"))
    assert ledger.settings.sources_file.read_text().startswith(SOURCES)
    bought = event(
        "bought",
        source=NAME,
        touchpoint="store_purchase",
        action="purchase",
        amount={"amount_minor": 1999, "currency": "EUR"},
    )
    seen, bad = (
        event("seen", source=NAME, touchpoint="billboard", identifiers=[]),
        event("bad", source=NAME, time="secret"),
    )
    assert post(process, added["write_key"], bought, seen, bad) == 202
    producer = KafkaProducer(bootstrap_servers=ledger.settings.kafka_bootstrap)
    half = {name: value for name, value in seen.items() if name != "touchpoint"} | {"id": "half"}
    producer.send(ledger.settings.topic, value=json.dumps(half).encode()).get(10)
    producer.close()
    touchline(ledger, "reconcile", "--wait", "60")

    found = looked(ledger)
    fates = {one["event_id"]: (one["fate"], one["touchpoint"], one["stage"], one["amount"]) for one in found["events"]}
    assert fates["ebought"] == ("stored", "store_purchase", "purchase", "19.99")
    assert fates["eseen"] == ("stored", "billboard", "unmapped", None)
    assert [(one["event_id"], one["reason"], one["field"]) for one in found["events"] if one["reason"]] == [
        ("half", "missing_field", "touchpoint")
    ]
    assert [(one["reason"], one["field"], one["found"]) for one in found["refused"]] == [
        ("wrong_type", "time", "text of 6 characters")
    ]
    listed = json.loads(touchline(ledger, "source", "list", "--json"))["sources"]
    assert [(one["source"], one["write_keys"], one["records"]) for one in listed] == [
        ("till", ["till"], 0),
        (NAME, [NAME], 3),
    ]
    page = touchline(ledger, "source", "test", NAME, "--once")
    assert "touchpoint store_purchase, purchase; stage purchase; of loyalty " in page
    assert "touchpoint billboard; unmapped; of nobody" in page
    assert "wrong_type time (it is: text of 6 characters): write RFC 3339" in page
    assert "secret" not in page

    touchline(ledger, "source", "key", NAME, "--revoke", added["key_id"])
    wait_for(lambda: post(process, added["write_key"], bought) == 401, lambda: process.log, 10)
    assert post(process, f"till.{'a' * 64}", event(1, source="till")) == 202
