"""Records that a real Kafka refuses, one by one: the refused one fails by its name, all others are stored, in order per person."""

from __future__ import annotations

import gc
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from tests.support.collectors import collector, event
from tests.support.engines import PARTITIONS, fresh_topic
from tests.unit.quarantine.rig import entry
from touchline import DeliveryFailed, PersonKeys, TouchpointProducer
from touchline.kafka.admin import admin_client
from touchline.kafka.topic import ensure_topic
from touchline.local.java import find_java
from touchline.local.kafka import broker_properties, format_cluster
from touchline.local.stack import LocalStack
from touchline.producers.imports.file import send_file, work_of
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.look import look
from touchline.producers.outbox.retry import Wanted, put_back
from touchline.producers.producer import now_us
from touchline.producers.record import PreparedRecord
from touchline.quarantine.engines import KafkaSender
from touchline.quarantine.entries import Entry
from touchline.quarantine.judge import Mended, Unmendable

if TYPE_CHECKING:
    from touchline.settings import Settings

KEYS = PersonKeys("k1", bytes(32))
SECONDS = 60
AHEAD_US = 2 * 3_600_000_000
MOST_BYTES = 20_000
LARGE = "x" * 27_000


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    """Of a topic that takes small records only."""
    topic = fresh_topic(stack)
    _limit(stack.settings.kafka_bootstrap, topic, MOST_BYTES)
    return stack.settings.with_changes(topic=topic)


def _limit(bootstrap: str, topic: str, most_bytes: int) -> None:
    with admin_client(bootstrap) as admin:
        changes = {"max.message.bytes": str(most_bytes)}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=changes)])


def _open(settings: Settings, **options: object) -> TouchpointProducer:
    return TouchpointProducer(settings.kafka_bootstrap, settings.topic, person_keys=KEYS, **options)  # type: ignore[arg-type]


def _emit(producer: TouchpointProducer, number: int, note: str = "x", person: int = 1) -> None:
    producer.emit(
        id=f"e{number}",
        source="web-shop",
        touchpoint="product_page",
        identifiers=[("login", f"u{person}")],
        properties={"note": note},
    )


def _stored(settings: Settings) -> tuple[list[list[str]], list[int]]:
    """Ids by partition, each at its first arrival, and the time stamps."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    tps = [TopicPartition(settings.topic, number) for number in range(PARTITIONS)]
    ids: list[list[str]] = [[] for _ in tps]
    stamps = []
    try:
        consumer.assign(tps)
        consumer.seek_to_beginning(*tps)
        missing = sum(consumer.end_offsets(tps).values())
        while missing > 0:
            for tp, records in consumer.poll(timeout_ms=5_000).items():
                missing -= len(records)
                ids[tp.partition] += [dict(one.headers)["ce_id"].decode() for one in records]
                stamps += [one.timestamp for one in records]
    finally:
        consumer.close()
    return [list(dict.fromkeys(partition)) for partition in ids], stamps


def _all_stored(settings: Settings) -> list[str]:
    return sorted((one for partition in _stored(settings)[0] for one in partition), key=lambda one: int(one[1:]))


def test_of_five_events_the_one_that_is_too_large_fails_by_its_name_and_four_are_stored(settings: Settings) -> None:
    with _open(settings) as producer:
        for number in range(5):
            _emit(producer, number, LARGE if number == 1 else "x")
        with pytest.raises(DeliveryFailed) as failed:
            producer.flush(SECONDS)
        assert producer.counts == (5, 4, 1)
        _emit(producer, 5)
        producer.flush(SECONDS)

    assert failed.value.what == "Kafka did not acknowledge 1 event (MessageSizeTooLargeError): e1"
    assert "max.message.bytes" in failed.value.hint
    assert _stored(settings)[0].count([]) == PARTITIONS - 1
    assert _all_stored(settings) == ["e0", "e2", "e3", "e4", "e5"]


def test_a_flush_waits_for_a_batch_that_was_too_large_as_a_whole(settings: Settings) -> None:
    with _open(settings) as producer:
        for number in range(100):
            _emit(producer, number, "x" * 1_000)
        producer.flush(SECONDS)
        assert producer.counts == (100, 100, 0)


def test_a_row_that_the_topic_does_not_take_is_refused_and_the_import_goes_on(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "visits.csv"
    rows = [f"e{number},2026-03-01T10:00:00Z,{LARGE if number in (1, 4) else 'x'}" for number in range(6)]
    file.write_text("\n".join(["number,at,note", *rows]), encoding="utf-8")
    mapping = parse_mapping(
        "mapping: visits\nsource: web-shop\nid: number\ntime: {column: at}\nproperties: {note: note}\n"
        "fields: {touchpoint: {constant: product_page}}"
    )
    said: list[str] = []
    with _open(settings) as producer, ImportJournal(tmp_path / "imports.sqlite3", settings.topic) as journal:
        rows_of_file, work = open_rows(file, mapping), work_of(journal, file, mapping)
        verdicts = send_file(
            file, rows_of_file, mapping, producer, journal, work, advance=lambda units: None, say=said.append
        )

    assert (verdicts.accepted, verdicts.rejected, [one.line for one in verdicts.rejections]) == (4, 2, [3, 6])
    assert all("too_large" in line for line in said)
    assert _all_stored(settings) == ["e0", "e2", "e3", "e5"]


def test_many_events_with_a_large_one_now_and_then_arrive_in_order_per_person(settings: Settings) -> None:
    large = range(300, 6_000, 1_000)
    with _open(settings) as producer:
        for number in range(6_000):
            _emit(producer, number, LARGE if number in large else "x" * 200, number % 11)
        with pytest.raises(DeliveryFailed) as failed:
            producer.flush(SECONDS)

    assert sorted(failed.value.event_ids) == sorted(f"e{number}" for number in large)
    partitions = _stored(settings)[0]
    assert sum(map(len, partitions)) == 6_000 - len(large)
    for partition in partitions:
        for person in range(11):
            own = [int(one[1:]) for one in partition if int(one[1:]) % 11 == person]
            assert own == sorted(own)


@pytest.mark.parametrize("has_outbox", [False, True])
def test_events_of_a_clock_two_hours_ahead_are_stored_and_the_error_is_said(
    settings: Settings, tmp_path: Path, has_outbox: bool
) -> None:
    error_us = AHEAD_US
    outbox = tmp_path / "outbox" if has_outbox else None
    with _open(settings, outbox=outbox, clock_us=lambda: now_us() + error_us) as producer:
        for number in range(5):
            _emit(producer, number)
        producer.flush(SECONDS)
        assert producer.counts == (5, 5, 0)
        assert producer.clock_ahead_seconds == pytest.approx(7_200, abs=5)
        error_us = 0
        _emit(producer, 5)
        producer.flush(SECONDS)

    ids, stamps = _stored(settings)
    assert [partition for partition in ids if partition] == [[f"e{number}" for number in range(6)]]
    assert set(stamps) == {-1}
    if outbox is not None:
        state = look(outbox, now_us())
        assert (state.records, state.aside, state.last_error) == (0, 0, None)
        assert state.clock_ahead_seconds == pytest.approx(7_200, abs=5)


def test_what_stood_aside_goes_out_when_the_cause_is_gone(settings: Settings, tmp_path: Path) -> None:
    with _open(settings, outbox=tmp_path) as producer:
        for number in range(4):
            _emit(producer, number, LARGE if number in (1, 2) else "x")
        with pytest.raises(DeliveryFailed, match=r"2 events .*: e1, e2") as failed:
            producer.flush(SECONDS)
        assert "touchline outbox retry" in failed.value.hint
        _limit(settings.kafka_bootstrap, settings.topic, 1_000_000)
        assert put_back(OutboxConfig(tmp_path), Wanted(reasons=["MessageSizeTooLarge"])).back.total() == 2
        _emit(producer, 4)
        producer.flush(SECONDS)
        give_up_s = time.monotonic() + SECONDS
        while producer.waiting_bytes and time.monotonic() < give_up_s:
            time.sleep(0.05)

    assert [one for one in _stored(settings)[0] if one] == [["e0", "e3", "e1", "e2", "e4"]]
    assert look(tmp_path, now_us()).aside == 0


def test_a_collector_without_outbox_goes_on_after_an_event_that_its_topic_refuses(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "write_keys").write_text(f"all.{'a' * 64} *\n")
    with collector(settings.with_changes(write_keys_file=tmp_path / "write_keys"), tmp_path) as process:
        answers = [
            process.post_json([event(1), event(2, properties={"note": LARGE}), event(3)]),
            process.post_json(event(4, properties={"note": LARGE})),
            process.post_json(event(5)),
        ]

    verdict = answers[0].json()
    assert (answers[0].status, verdict["accepted"], verdict["rejected"]) == (202, 2, 1)
    assert [(one["item"], one["faults"][0]["reason"]) for one in verdict["rejections"]] == [(1, "too_large")]
    assert (answers[1].status, answers[2].status) == (422, 202)
    assert _all_stored(settings) == ["e1", "e3", "e5"]


def test_a_forked_child_sends_by_a_producer_of_its_own(settings: Settings) -> None:
    with _open(settings) as producer:
        _emit(producer, 1)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                _emit(producer, 2)
                producer.close(SECONDS)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        _emit(producer, 3)
        producer.flush(SECONDS)
        assert producer.counts == (2, 2, 0)

    assert _all_stored(settings) == ["e1", "e2", "e3"]


def test_a_replayed_record_that_kafka_refuses_keeps_no_other_in_quarantine(settings: Settings) -> None:
    def mended(number: int, size: int) -> tuple[Mended, Entry]:
        record = PreparedRecord(f"e{number}", b"k1:ada", b"v" * size, "shop", "t.v1", "2026-03-01T11:00:00Z")
        return Mended(record, now_us() // 1_000, ("shop", f"e{number}", number)), entry(number)

    sender = KafkaSender(settings, "topic-id")
    try:
        sent = sender.send([mended(number, len(LARGE) if number in (1, 2) else 100) for number in range(6)])
    finally:
        sender.close()

    assert [isinstance(one, Unmendable) for one in sent] == [False, True, True, False, False, False]
    assert [one for one in _stored(settings)[0] if one] == [["e0", "e3", "e4", "e5"]]


@pytest.fixture
def own_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    """A Kafka of the test's own that knows rights; who has none denied may do all."""
    authorizer = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
    }
    monkeypatch.setattr("touchline.local.kafka.broker_properties", lambda *one: broker_properties(*one) | authorizer)
    own = LocalStack(tmp_path / "stack", partitions=PARTITIONS, migrate=False)
    format_cluster(own.cluster, find_java(), own.jars)
    own.kafka.start()
    try:
        ensure_topic(own.settings, own.cluster.replication)
        yield own
    finally:
        own.stop()


@pytest.fixture
def guarded(own_stack: LocalStack) -> Settings:
    return own_stack.settings


def _deny_writing(settings: Settings, *, is_denied: bool) -> None:
    with admin_client(settings.kafka_bootstrap) as admin:
        if is_denied:
            topic = ResourcePattern(ResourceType.TOPIC, settings.topic)
            admin.create_acls([ACL("User:ANONYMOUS", "*", ACLOperation.WRITE, ACLPermissionType.DENY, topic)])
        else:
            pattern = ResourcePatternFilter(ResourceType.TOPIC, settings.topic, ACLResourcePatternType.LITERAL)
            admin.delete_acls([ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, pattern)])


def test_a_topic_whose_rights_are_taken_away_for_a_while_fails_what_was_sent_meanwhile_only(guarded: Settings) -> None:
    with _open(guarded) as producer:
        _emit(producer, 1)
        producer.flush(SECONDS)
        _deny_writing(guarded, is_denied=True)
        _emit(producer, 2)
        with pytest.raises(DeliveryFailed, match=r"1 event \(TopicAuthorizationFailedError\): e2") as failed:
            producer.flush(SECONDS)
        assert "grant Write" in failed.value.hint
        _deny_writing(guarded, is_denied=False)
        _emit(producer, 3)
        producer.flush(SECONDS)

    assert _all_stored(guarded) == ["e1", "e3"]


def test_a_topic_that_is_deleted_and_made_again_takes_what_is_sent_from_then_on(settings: Settings) -> None:
    with _open(settings, delivery_timeout_seconds=4.0, connect_timeout_seconds=2.0) as producer:
        _emit(producer, 0)
        producer.flush(SECONDS)
        with admin_client(settings.kafka_bootstrap) as admin:
            admin.delete_topics([settings.topic])
        _emit(producer, 1)
        with pytest.raises(DeliveryFailed, match=r"1 event .*: e1"):
            producer.flush(SECONDS)
        _emit(producer, 2)
        with pytest.raises(DeliveryFailed, match=r"1 event .*: e2") as failed:
            producer.flush(SECONDS)
        assert "create it" in failed.value.hint
        ensure_topic(settings, 1)
        for number in range(3, 6):
            _emit(producer, number)
        producer.flush(SECONDS)
        assert producer.counts == (6, 4, 2)

    assert _all_stored(settings) == ["e3", "e4", "e5"]


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_broker_that_is_away_for_longer_than_the_time_out_takes_what_is_sent_when_it_is_back(
    own_stack: LocalStack, is_killed: bool
) -> None:
    kafka = own_stack.kafka
    with _open(own_stack.settings, delivery_timeout_seconds=4.0) as producer:
        _emit(producer, 0)
        producer.flush(SECONDS)
        (kafka.kill if is_killed else kafka.pause)()
        for number in range(1, 4):
            _emit(producer, number, person=number)
        with pytest.raises(DeliveryFailed) as failed:
            producer.flush(SECONDS)
        assert {*failed.value.event_ids} == {"e1", "e2", "e3"}
        _emit(producer, 4)
        (kafka.start if is_killed else kafka.resume)()
        for number in range(5, 9):
            _emit(producer, number)
        producer.flush(SECONDS)
        assert producer.counts == (9, 6, 3)
    with warnings.catch_warnings():
        # kafka-python leaves the socket of each refused attempt to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()

    assert {"e0", *(f"e{number}" for number in range(4, 9))} <= {*_all_stored(own_stack.settings)}
