"""Whatever a sender puts on the topic, each record gets its fate and reason, the worker goes on, and the account adds up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from tests.integration.bad_input import (
    ALL_OF_THEM,
    CASES,
    PARTITIONS,
    PERSON,
    PERSONAL,
    SUPERSEDED_LATER,
    Case,
    touchpoint,
)
from tests.support.engines import touchline
from tests.support.real_worker import RealWorker, ask, real_worker

if TYPE_CHECKING:
    from tests.support.engines import Ledger

KAFKA_VALUE_BYTES_MAX = 8 << 20
UNKNOWN_FIELDS = 5
"""weather, geo, order/clerk and one beside a person key, which is not kept; weather beside a property of the same name."""
Found = dict[str, tuple[str, str, str]]
"""Fate, reason and field of each case."""
FATES = """
SELECT toUInt32(splitByChar('/', toString(stream))[3]), offset, toString(fate), toString(reason), toString(field)
FROM journey_raw.ledger WHERE kind = 'received' GROUP BY ALL HAVING sum(sign) > 0
"""
QUARANTINE = "SELECT partition, offset, toString(reason), toString(ifNull(field, '')) FROM journey.quarantine"
PROPERTIES = (
    "SELECT properties FROM journey_raw.ledger WHERE kind = 'received' AND event_id = %(event_id)s AND sign = 1"
)


@pytest.fixture(scope="module")
def worker(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWorker]:
    with real_worker(ledger.settings, tmp_path_factory.mktemp("worker")) as running:
        yield running


@pytest.fixture(scope="module")
def sent(ledger: Ledger, worker: RealWorker) -> dict[tuple[int, int], Case]:
    """All cases by (partition, offset), once the worker has given each a fate."""
    allow_large_records(ledger)
    producer = KafkaProducer(bootstrap_servers=ledger.settings.kafka_bootstrap, max_request_size=KAFKA_VALUE_BYTES_MAX)
    topic = ledger.settings.topic
    sends = [(producer.send(topic, one.value, key=one.key, partition=one.home), one) for one in CASES]
    producer.flush()
    producer.close()
    worker.wait_stored(len(CASES))
    return {(said.partition, said.offset): one for said, one in ((send.get(), one) for send, one in sends)}


def allow_large_records(ledger: Ledger) -> None:
    """Kafka's own limit is just above a mebibyte; a topic may have another."""
    from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

    with KafkaAdminClient(bootstrap_servers=ledger.settings.kafka_bootstrap) as admin:
        limit = {"max.message.bytes": str(KAFKA_VALUE_BYTES_MAX)}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, ledger.settings.topic, configs=limit)])


@pytest.fixture(scope="module")
def found(ledger: Ledger, sent: dict[tuple[int, int], Case]) -> Found:
    rows = ask(ledger.settings, FATES)
    assert len(rows) == len(sent)
    return {sent[partition, offset].name: rest for partition, offset, *rest in rows}  # type: ignore[misc]


@pytest.mark.parametrize("case", CASES, ids=[one.name for one in CASES])
def test_record_has_its_fate_and_reason(case: Case, found: Found) -> None:
    fate = "superseded" if case.name == SUPERSEDED_LATER else case.fate
    assert tuple(found[case.name]) == (fate, case.reason, case.field)


def test_quarantine_shows_each_rejected_record_with_reason_and_field(
    ledger: Ledger, sent: dict[tuple[int, int], Case]
) -> None:
    wanted = sorted((*at, one.reason, one.field) for at, one in sent.items() if one.fate == "quarantined")
    assert sorted(ask(ledger.settings, QUARANTINE)) == wanted


def test_account_adds_up_and_the_worker_goes_on(
    ledger: Ledger, worker: RealWorker, sent: dict[tuple[int, int], Case]
) -> None:
    producer = KafkaProducer(bootstrap_servers=ledger.settings.kafka_bootstrap)
    for partition in range(PARTITIONS):
        key = f"retail-pos/bad-last-{partition}".encode()
        event = touchpoint(f"last-{partition}", persons=[])
        producer.send(ledger.settings.topic, json.dumps(event).encode(), key=key, partition=partition)
    producer.flush()
    producer.close()
    worker.wait_stored(len(sent) + PARTITIONS)
    assert worker.is_alive
    assert "event=bug" not in worker.log
    assert "event=insert_fails" not in worker.log
    touchline(ledger, "reconcile", status=0)
    received = ask(ledger.settings, "SELECT sum(received), min(is_balanced) FROM journey.account")
    assert received == [(len(sent) + PARTITIONS, 1)]


def test_unknown_touchpoint_is_stored_without_a_stage(ledger: Ledger, found: Found) -> None:
    rows = ask(
        ledger.settings,
        "SELECT stage, is_mapped FROM journey.touchpoints WHERE event_id = 'bad-unknown_touchpoint'",
    )
    assert rows == [(None, 0)]
    unmapped = ask(
        ledger.settings, "SELECT toString(source), events FROM journey.unmapped WHERE touchpoint = 'moon_base'"
    )
    assert unmapped == [("retail-pos", 1)]


def properties_of(ledger: Ledger, event_id: str) -> dict[str, Any]:
    ((properties,),) = ask(ledger.settings, PROPERTIES, event_id=event_id)
    return dict(properties)


def test_unknown_fields_are_kept_and_counted_and_no_property_is_taken_for_one(ledger: Ledger, found: Found) -> None:
    kept = properties_of(ledger, "bad-unknown_fields")
    assert kept["+weather"] == '"rain"'
    assert kept["+geo"] == '{"lat":1.5}'
    assert kept["+order/clerk"] == json.dumps("[mail] [phone] Jane Doe [card] sekret-token-0815")
    assert {name for name in kept if name.startswith("+")} == {"+weather", "+geo", "+order/clerk"}
    assert properties_of(ledger, "bad-plus_sign") == {"+weather": '"rain"', "~+weather": "snow", "=": "1"}
    counted = ask(
        ledger.settings, "SELECT sum(fate_counts['unknown_fields']) FROM journey_raw.ledger WHERE kind = 'mark'"
    )
    assert counted == [(UNKNOWN_FIELDS,)]


def test_no_personal_value_and_no_secret_reaches_the_log(
    worker: RealWorker, ledger: Ledger, sent: dict[tuple[int, int], Case]
) -> None:
    assert sum(ALL_OF_THEM.encode() in (one.value or b"") for one in sent.values()) > 30
    log = worker.log
    secrets = [
        file.read_text().strip()
        for file in (ledger.settings.clickhouse_password_file, ledger.settings.payload_key_file)
    ]
    for told in (*PERSONAL, PERSON, *secrets):
        assert told not in log
    assert all("level=" in line and "event=" in line for line in log.splitlines()), log
