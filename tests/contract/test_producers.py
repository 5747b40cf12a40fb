"""One suite for the real producer and its twin: what a program that sends events may rely on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.support.engines import fresh_topic
from touchline import EventRejected, InMemoryProducer, PersonKeys, TouchpointEvent, TouchpointProducer, WrongUsage
from touchline.kafka.partitioning import partition_of
from touchline.producers.producer import EventProducer
from touchline.schemas.reasons import Reason
from touchline.schemas.sources import load_sources
from touchline.schemas.times import parse_time

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PARTITIONS = 4
KEYS = PersonKeys("k1", bytes(range(32)))
SOURCES = load_sources(Path(__file__).parents[2] / "sources.yaml")
RAW = "Ada.Lovelace@Example.org"
NOW_US = parse_time("2026-03-01T12:00:00Z")
SETTLE_SECONDS = 30


class Sent(NamedTuple):
    """A record as a consumer meets it; the twin has no partitions."""

    partition: int | None
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class Bench(NamedTuple):
    """Opens producers on one topic, and reads what arrived there."""

    open: Callable[..., EventProducer]
    read: Callable[[], list[Sent]]


@pytest.fixture(params=["in memory", "Kafka", "Kafka through an outbox"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "in memory":
        yield _twin()
    elif request.param == "Kafka":
        yield _kafka(request.getfixturevalue("stack"))
    else:
        yield _kafka(request.getfixturevalue("stack"), outbox=tmp_path / "outbox")


def _twin() -> Bench:
    opened: list[InMemoryProducer] = []

    def open_producer(**options: Any) -> InMemoryProducer:
        opened.append(InMemoryProducer(**{"person_keys": KEYS, "sources": SOURCES, "clock_us": _clock, **options}))
        return opened[-1]

    def read() -> list[Sent]:
        records = [record for producer in opened for record in producer.records]
        return [Sent(None, record.key, record.value, record.headers) for record in records]

    return Bench(open_producer, read)


def _kafka(stack: LocalStack, **ways: Any) -> Bench:
    topic = fresh_topic(stack, PARTITIONS)
    bootstrap = stack.settings.kafka_bootstrap

    def open_producer(**options: Any) -> TouchpointProducer:
        return TouchpointProducer(
            bootstrap, topic, **{"person_keys": KEYS, "sources": SOURCES, "clock_us": _clock, **ways, **options}
        )

    return Bench(open_producer, lambda: _consume(bootstrap, topic))


def _consume(bootstrap: str, topic: str) -> list[Sent]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, consumer_timeout_ms=5_000)
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    try:
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        missing = sum(consumer.end_offsets(partitions).values())
        sent: list[Sent] = []
        while len(sent) < missing:
            record = next(consumer)
            sent.append(Sent(record.partition, record.key, record.value, list(record.headers)))
        return sent
    finally:
        consumer.close()


def _clock() -> int:
    return NOW_US


def _event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "touchline.touchpoint.v1",
        "id": f"e{number}",
        "source": "web-shop",
        "time": "2026-03-01T11:00:00Z",
        "touchpoint": "product_page",
        **fields,
    }


def test_a_flushed_event_is_one_record_with_key_value_and_cloudevents_headers(bench: Bench) -> None:
    with bench.open() as producer:
        returned = producer.emit(_event(1, identifiers=[("mail", RAW), ("login", "4711")], properties={"items": 3}))
        producer.flush(SETTLE_SECONDS)
        (record,) = bench.read()

    login, mail = KEYS.key("login", "4711"), KEYS.key("mail", RAW)
    assert returned == "e1"
    assert record.key == login.encode()
    assert json.loads(record.value) == _event(
        1,
        received_at="2026-03-01T12:00:00.000Z",
        persons=[{"type": "login", "key": login}, {"type": "mail", "key": mail}],
        properties={"items": 3},
    )
    assert record.headers == [
        ("ce_id", b"e1"),
        ("ce_source", b"web-shop"),
        ("ce_type", b"touchline.touchpoint.v1"),
        ("ce_specversion", b"1.0"),
        ("ce_time", b"2026-03-01T11:00:00Z"),
    ]


def test_raw_identifiers_never_leave_the_sender(bench: Bench) -> None:
    with bench.open() as producer:
        producer.emit(_event(1, identifiers=[{"type": "mail", "value": RAW}]))
    (record,) = bench.read()

    for part in (record.key, record.value, *(value for _, value in record.headers)):
        assert b"ada" not in part.lower()


def test_an_event_without_person_is_keyed_by_source_and_id(bench: Bench) -> None:
    with bench.open() as producer:
        producer.emit(_event(7))

    assert bench.read()[0].key == b"web-shop/e7"


def test_a_model_a_mapping_and_keyword_arguments_are_the_same_event(bench: Bench) -> None:
    fields: dict[str, Any] = {
        "id": "e1",
        "source": "web-shop",
        "time": "2026-03-01T11:00:00Z",
        "touchpoint": "product_page",
    }
    with bench.open() as producer:
        producer.emit(TouchpointEvent(**fields))
        producer.emit(_event(1))
        producer.emit(**fields)

    first, *others = [json.loads(record.value) for record in bench.read()]
    assert others == [first, first]


def test_keyword_arguments_are_completed_with_a_new_id_and_the_present(bench: Bench) -> None:
    with bench.open() as producer:
        ids = {producer.emit(source="web-shop", touchpoint="product_page") for _ in range(2)}

    events = [json.loads(record.value) for record in bench.read()]
    assert {event["id"] for event in events} == ids
    assert len(ids) == 2
    assert {event["time"] for event in events} == {"2026-03-01T12:00:00.000000Z"}


def test_received_at_is_set_once(bench: Bench) -> None:
    with bench.open() as producer:
        producer.emit(_event(1, received_at="2026-03-01T11:30:00Z"))

    assert json.loads(bench.read()[0].value)["received_at"] == "2026-03-01T11:30:00Z"


def test_events_of_one_person_arrive_in_order_in_the_partition_of_the_java_client(bench: Bench) -> None:
    with bench.open() as producer:
        taken = producer.emit_many(_event(n, identifiers=[("login", f"u{n % 7}")]) for n in range(500))
        producer.flush(SETTLE_SECONDS)
        assert taken == producer.counts.acknowledged == 500
        records = bench.read()

    order: dict[bytes, list[int]] = {}
    for record in records:
        order.setdefault(record.key, []).append(int(json.loads(record.value)["id"][1:]))
        assert record.partition in (None, partition_of(record.key, PARTITIONS))
    assert len(order) == 7
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_a_bad_event_says_field_shape_and_remedy_and_nothing_of_it_is_sent(bench: Bench) -> None:
    with bench.open() as producer:
        with pytest.raises(EventRejected) as refused:
            producer.emit(_event(1, amount={"amount_minor": 5, "currency": "BTC"}))
        producer.flush(SETTLE_SECONDS)
        assert producer.counts.handed_over == 0

    assert (refused.value.reason, refused.value.field) == (Reason.UNKNOWN_CURRENCY, "amount.currency")
    assert refused.value.what == "field amount.currency: unknown_currency (it is: text of 3 characters)"
    assert "ISO 4217" in refused.value.hint
    assert bench.read() == []


def test_emit_many_stops_at_a_bad_event_unless_somebody_takes_it(bench: Bench) -> None:
    events = [_event(1), _event(2, touchpoint=""), _event(3)]
    positions: list[int] = []
    with bench.open() as producer:
        with pytest.raises(EventRejected):
            producer.emit_many(events)
        assert producer.emit_many(events, on_rejected=lambda position, _: positions.append(position)) == 2

    assert positions == [1]
    assert [json.loads(record.value)["id"] for record in sorted(bench.read())].count("e3") == 1


def test_the_callback_hears_of_each_acknowledged_event_once(bench: Bench) -> None:
    heard: list[tuple[str, Exception | None]] = []
    own: list[str] = []
    with bench.open(on_delivery=lambda event_id, error: heard.append((event_id, error))) as producer:
        producer.emit_many(_event(n) for n in range(20))
        producer.emit(_event(99), on_delivery=lambda event_id, _: own.append(event_id))
        producer.flush(SETTLE_SECONDS)
        assert sorted(heard) == sorted((f"e{n}", None) for n in range(20))
        assert own == ["e99"]


def test_a_fault_in_the_callback_does_not_stop_deliveries(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def broken(event_id: str, error: Exception | None) -> None:
        raise LookupError("broken")

    with bench.open(on_delivery=broken) as producer:
        producer.emit_many(_event(n) for n in range(3))
        producer.flush(SETTLE_SECONDS)
        assert producer.counts == (3, 3, 0)
    assert "the delivery callback failed" in caplog.text


def test_closing_flushes_and_a_closed_producer_refuses(bench: Bench) -> None:
    producer = bench.open()
    producer.emit(_event(1))
    producer.close()
    producer.close()

    assert len(bench.read()) == 1
    with pytest.raises(WrongUsage, match="closed"):
        producer.emit(_event(2))


def test_a_fault_of_the_program_is_not_hidden_and_what_was_emitted_arrives(bench: Bench) -> None:
    def fail(producer: EventProducer) -> None:
        with producer:
            producer.emit(_event(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(bench.open())
    assert len(bench.read()) == 1


def test_threads_may_share_a_producer_that_allows_few_events_on_their_way(bench: Bench) -> None:
    with bench.open(max_unacknowledged=8) as producer:
        shares = [[_event(100 * t + n) for n in range(50)] for t in range(4)]
        threads = [threading.Thread(target=producer.emit_many, args=(share,)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SETTLE_SECONDS)
        producer.flush(SETTLE_SECONDS)
        assert producer.counts == (200, 200, 0)

    assert len({json.loads(record.value)["id"] for record in bench.read()}) == 200


def test_identifiers_without_a_person_key_are_refused_with_the_remedy(bench: Bench) -> None:
    with bench.open(person_keys=None) as producer, pytest.raises(WrongUsage, match="no person key") as wrong:
        producer.emit(_event(1, identifiers=[("login", "4711")]))
    assert "PersonKeys.from_file" in wrong.value.hint
