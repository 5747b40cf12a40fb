"""A producer that goes on: what the broker refuses fails by itself, everything else is stored, in order, and each event ends once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, settings, strategies as st
from kafka.errors import (
    InvalidRecordError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumberError,
    TopicAuthorizationFailedError,
)

from tests.unit.producers.outbox.rig import TOLERANCE_MS, out_of_range, record
from tests.unit.producers.scripted_kafka import Refuses, ScriptedKafka, ScriptedProducer
from touchline.errors import EngineUnreachable, WrongUsage
from touchline.producers.deliveries import Deliveries
from touchline.producers.lasting import LastingKafka
from touchline.producers.sender_clock import NO_TIME_MS, SenderClock

NOW_MS = 1_767_225_600_000
SECONDS = 10.0


class Rig:
    """A lasting producer on a scripted Kafka, and what became of each event."""

    def __init__(self, kafka: ScriptedKafka, ahead_ms: int = 0) -> None:
        self.kafka = kafka
        self.deliveries = Deliveries(100_000)
        self.clock = SenderClock(lambda: (NOW_MS + ahead_ms) * 1_000)
        self.ends: Counter[str] = Counter()
        self.errors: dict[str, Exception] = {}
        self.lasting = LastingKafka(
            kafka.open,
            "events",
            self.deliveries,
            self.clock,
            SECONDS,
            pause_seconds=0.001,
            put=ScriptedProducer.put_batches,
        )

    def emit(self, number: int, person: str = "k1:ada") -> None:
        self.deliveries.start()
        self.lasting.send(record(number, person), self._ended)

    def emit_together(self, numbers: Sequence[int], persons: Sequence[str]) -> None:
        """As the direct way does it."""
        records = [record(number, person) for number, person in zip(numbers, persons, strict=True)]
        if not self.lasting.takes_together(records):
            for number, person in zip(numbers, persons, strict=True):
                self.emit(number, person)
            return
        assert self.deliveries.start_some(len(records)) == len(records)
        self.lasting.send_together(records, self._ended)

    def _ended(self, event_id: str, error: Exception | None) -> None:
        self.ends[event_id] += 1
        if error is not None:
            self.errors[event_id] = error

    def settle(self) -> bool:
        self.lasting.flush(SECONDS)
        return self.deliveries.wait_until_settled(SECONDS)

    def stored(self, partition: int) -> list[str]:
        """First arrivals, in order: what comes again counts once."""
        return list(dict.fromkeys(self.kafka.logs[partition]))

    def all_stored(self) -> set[str]:
        return {event_id for log in self.kafka.logs.values() for event_id in log}


def refusing(error: Callable[[], KafkaError], *event_ids: str) -> Refuses:
    return lambda event_id, _: error() if event_id in event_ids else None


def test_one_event_that_is_too_large_fails_and_the_next_ones_are_stored() -> None:
    rig = Rig(ScriptedKafka(refusing(MessageSizeTooLargeError, "e1")))
    for number in range(5):
        rig.emit(number)
        assert rig.settle()

    assert list(rig.errors) == ["e1"]
    assert isinstance(rig.errors["e1"], MessageSizeTooLargeError)
    assert rig.all_stored() == {"e0", "e2", "e3", "e4"}
    failures = rig.deliveries.take_failures()
    assert (failures.number, failures.event_ids) == (1, ("e1",))


def test_a_batch_that_is_too_large_goes_again_as_records_and_so_does_what_follows() -> None:
    rig = Rig(ScriptedKafka(refusing(MessageSizeTooLargeError, "e7")))
    rig.emit_together(range(10), ["k1:ada"] * 10)
    assert rig.settle()
    rig.emit_together(range(10, 20), ["k1:ada"] * 10)
    assert rig.settle()

    assert list(rig.errors) == ["e7"]
    assert rig.stored(next(iter(rig.kafka.logs))) == [f"e{number}" for number in range(20) if number != 7]
    assert not rig.lasting.takes_together([record(20)])


def test_what_is_larger_than_a_batch_goes_by_itself() -> None:
    rig = Rig(ScriptedKafka())
    assert rig.lasting.takes_together([record(1), record(2, size=200_000)])
    assert not rig.lasting.takes_together([record(1), record(2, size=300_000)])


ERRORS: list[Callable[[], KafkaError]] = [MessageSizeTooLargeError, InvalidRecordError, lambda: KafkaError("odd")]


@settings(max_examples=150, deadline=None)
@given(
    persons=st.lists(st.integers(0, 5), min_size=1, max_size=60),
    refused=st.dictionaries(st.integers(0, 59), st.sampled_from(ERRORS), max_size=6),
    settled_after=st.sets(st.integers(0, 59), max_size=5),
    batch_records=st.integers(1, 12),
    away=st.integers(0, 2),
    together=st.integers(1, 20),
)
@example([0, 0, 0], {0: MessageSizeTooLargeError}, set(), 1, 0, 2)
def test_whatever_is_refused_when_only_that_fails_and_the_order_per_person_stays(
    persons: list[int],
    refused: dict[int, Callable[[], KafkaError]],
    settled_after: set[int],
    batch_records: int,
    away: int,
    together: int,
) -> None:
    errors = {f"e{number}": error for number, error in refused.items() if number < len(persons)}
    kafka = ScriptedKafka(lambda event_id, _: errors[event_id]() if event_id in errors else None, batch_records)
    rig = Rig(kafka)
    kafka.open_fails = [EngineUnreachable("away", "wait")] * away
    for begin in range(0, len(persons), together):
        numbers = range(begin, min(begin + together, len(persons)))
        names = [f"k1:p{persons[number]}" for number in numbers]
        if together == 1:
            rig.emit(begin, names[0])
        else:
            rig.emit_together(numbers, names)
        if not settled_after.isdisjoint(numbers):
            assert rig.settle()
    assert rig.settle()
    rig.lasting.close()

    assert rig.ends == Counter(f"e{number}" for number in range(len(persons)))
    assert rig.errors.keys() == errors.keys()
    assert rig.all_stored() == rig.ends.keys() - errors.keys()
    for partition in kafka.logs:
        for person in range(6):
            own = [int(one[1:]) for one in rig.stored(partition) if persons[int(one[1:])] == person]
            assert own == sorted(own)
    assert all(producer.is_closed for producer in kafka.opened)


def test_threads_may_send_while_the_producer_is_renewed() -> None:
    refused = {f"e{number}" for number in range(0, 4_000, 97)}
    rig = Rig(ScriptedKafka(refusing(InvalidRecordError, *refused), batch_records=50))

    def send(person: int) -> None:
        for number in range(person * 1_000, person * 1_000 + 1_000):
            rig.emit(number, f"k1:p{person}")

    threads = [threading.Thread(target=send, args=(person,)) for person in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert rig.settle()
    rig.lasting.close()

    assert rig.errors.keys() == refused
    assert max(rig.ends.values()) == 1
    for partition in rig.kafka.logs:
        for person in range(4):
            own = [int(one[1:]) for one in rig.stored(partition) if int(one[1:]) // 1_000 == person]
            assert own == sorted(own)


def test_a_clock_that_runs_ahead_costs_no_event_and_no_time_stamp_of_it_is_sent_again() -> None:
    def refuses(event_id: str, stamp_ms: int) -> KafkaError | None:
        return out_of_range(stamp_ms, NOW_MS) if stamp_ms > NOW_MS + TOLERANCE_MS else None

    rig = Rig(ScriptedKafka(refuses), ahead_ms=2 * TOLERANCE_MS)
    for number in range(30):
        rig.emit(number, f"k1:p{number % 5}")
    assert rig.settle()

    assert (rig.errors, rig.clock.ahead_seconds) == ({}, 7_200.0)
    assert set(rig.kafka.stamps.values()) == {NO_TIME_MS}
    assert len(rig.kafka.opened) == 2, "one renewal is enough"


def test_rights_that_are_away_for_a_while_fail_what_was_sent_meanwhile_at_once_and_nothing_later() -> None:
    has_right = threading.Event()
    rig = Rig(ScriptedKafka(lambda *_: None if has_right.is_set() else TopicAuthorizationFailedError("events")))
    for number in range(3):
        rig.emit(number)
    assert rig.settle()
    has_right.set()
    for number in range(3, 6):
        rig.emit(number)
    assert rig.settle()

    assert rig.errors.keys() == {"e0", "e1", "e2"}
    assert rig.stored(next(iter(rig.kafka.logs))) == ["e3", "e4", "e5"]


def test_where_the_new_producer_is_refused_too_what_waits_fails_and_the_next_event_tries_again() -> None:
    kafka = ScriptedKafka(refusing(InvalidRecordError, "e1"))
    rig = Rig(kafka)
    kafka.open_fails = [WrongUsage("Kafka does not let this sender use topic events", "ask for the grant Write")]
    rig.emit(1)
    assert rig.settle()
    assert isinstance(rig.errors["e1"], WrongUsage)
    rig.emit(2)
    assert rig.settle()

    assert rig.all_stored() == {"e2"}


@pytest.mark.parametrize("error", [OutOfOrderSequenceNumberError(), KafkaError("one of the batch was refused")])
def test_what_failed_by_another_records_fault_is_sent_again(error: KafkaError) -> None:
    errors = [error]
    rig = Rig(ScriptedKafka(lambda *_: errors.pop() if errors else None))
    rig.emit(1)
    assert rig.settle()

    assert (rig.errors, rig.all_stored()) == ({}, {"e1"})


def test_a_batch_whose_time_is_over_fails_and_all_that_stands_behind_it_is_stored_by_a_new_producer() -> None:
    kafka = ScriptedKafka(refusing(KafkaTimeoutError, "e1"))
    rig = Rig(kafka)
    for number in range(1, 9):
        rig.emit(number)
    assert rig.settle()
    rig.emit(9)
    assert rig.settle()

    assert rig.errors.keys() == {"e1", "e2", "e3", "e4"}
    assert all(isinstance(error, KafkaTimeoutError) for error in rig.errors.values())
    assert rig.all_stored() == {f"e{number}" for number in range(5, 10)}
    assert [*rig.ends.values()] == [1] * 9
    assert [producer.is_closed for producer in kafka.opened] == [True, False]


def test_events_that_wait_for_a_new_producer_fail_when_it_is_closed() -> None:
    kafka = ScriptedKafka(refusing(InvalidRecordError, "e1"))
    rig = Rig(kafka)
    kafka.open_fails = [EngineUnreachable("away", "wait")] * 1_000_000
    rig.emit(1)
    rig.lasting.flush(SECONDS)
    rig.emit(2)
    rig.lasting.close()

    assert rig.errors.keys() == {"e1", "e2"}
    assert rig.deliveries.counts.on_their_way == 0
    assert "touchline-renewal" not in {thread.name for thread in threading.enumerate()}
