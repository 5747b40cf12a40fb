"""Draining: in order, at least once, one drainer at a time; what Kafka refuses goes aside and holds up nobody."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.unit.producers.outbox.rig import NOW_MS, ListKafka, Sender, TooLarge, framed, open_writer, record
from touchline.producers.outbox import wire
from touchline.producers.outbox.aside import all_refused, put_aside
from touchline.producers.outbox.look import look, state_lines
from touchline.producers.outbox.page import ACKNOWLEDGED, END
from touchline.producers.sender_clock import NO_TIME_MS

NOW_US = 1_767_225_600_000_000
PATIENCE_SECONDS = 10.0


def _wait_for(fact: Callable[[], object]) -> None:
    give_up_s = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        assert time.monotonic() < give_up_s, "it did not come true"
        time.sleep(0.005)


def _firsts(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def test_records_arrive_in_order_by_person_and_are_acknowledged(tmp_path: Path) -> None:
    kafka = ListKafka()
    sender = Sender(tmp_path, kafka).start()
    for number in range(300):
        sender.emit(number, person=f"p{number % 5}")
    assert sender.settle()
    assert sender.deliveries.counts == (300, 300, 0)
    sender.close()

    assert sorted(kafka.ids) == sorted(f"e{number}" for number in range(300))
    for log in kafka.logs.values():
        for person in range(5):
            own = [int(event_id[1:]) for event_id in log if int(event_id[1:]) % 5 == person]
            assert own == sorted(own)


def test_while_kafka_is_away_all_waits_and_the_reason_is_shown(tmp_path: Path) -> None:
    kafka = ListKafka()
    kafka.is_away = True
    sender = Sender(tmp_path, kafka).start()
    for number in range(10):
        sender.emit(number)
    _wait_for(lambda: look(tmp_path, NOW_US).last_error)
    state = look(tmp_path, NOW_US + 60_000_000)
    assert (state.records, state.bytes) == (10, sender.writer.page[END])
    assert (state.oldest_seconds, state.last_error) == (60.0, "Kafka does not answer")
    assert state.draining_pid is not None
    kafka.is_away = False
    assert sender.settle()
    _wait_for(lambda: look(tmp_path, NOW_US).last_error is None)
    sender.close()

    assert kafka.ids == [f"e{number}" for number in range(10)]
    assert look(tmp_path, NOW_US)._replace(folder="", last_error_at=None)[2:6] == (0, 0, None, None)


def test_what_a_process_leaves_the_next_one_sends(tmp_path: Path) -> None:
    kafka = ListKafka()
    kafka.is_away = True
    first = Sender(tmp_path, kafka).start()
    first.emit(1)
    first.close()
    kafka.is_away = False
    second = Sender(tmp_path, kafka).start()
    second.emit(2)
    assert second.settle()
    second.close()

    assert kafka.ids == ["e1", "e2"]
    assert second.deliveries.counts == (1, 1, 0)


def test_one_drains_the_others_stand_by_and_take_over(tmp_path: Path) -> None:
    kafka = ListKafka()
    first = Sender(tmp_path, kafka).start()
    _wait_for(lambda: look(tmp_path, NOW_US).draining_pid)
    second = Sender(tmp_path, kafka).start()
    second.emit(1)
    assert second.settle()
    assert kafka.links == 1
    first.close()
    second.emit(2)
    assert second.settle()
    second.close()

    assert kafka.ids == ["e1", "e2"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(breaks_in=st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_a_link_that_breaks_with_unknown_outcome_loses_nothing_and_keeps_the_order(
    tmp_path_factory: pytest.TempPathFactory, breaks_in: list[int]
) -> None:
    kafka = ListKafka()
    sender = Sender(tmp_path_factory.mktemp("outbox"), kafka)
    for number in range(400):
        sender.emit(number, person=f"p{number % 3}")
    sender.start()
    for batches in breaks_in:
        kafka.breaks_in = batches
        sender.emit(400 + batches)
    assert sender.settle()
    sender.close()

    assert {int(event_id[1:]) for event_id in kafka.ids} >= set(range(400))
    for log in kafka.logs.values():
        own = [int(event_id[1:]) for event_id in _firsts(log) if int(event_id[1:]) < 400]
        for person in range(3):
            of_person = [number for number in own if number % 3 == person]
            assert of_person == sorted(of_person)


def test_a_record_that_kafka_refuses_goes_aside_and_the_others_arrive(tmp_path: Path) -> None:
    kafka = ListKafka()
    kafka.most_bytes = 20_000
    sender = Sender(tmp_path, kafka)
    for number in range(40):
        sender.emit(number, size=50_000 if number in (7, 23) else 100)
    sender.start()
    assert sender.settle()
    assert sender.deliveries.counts == (40, 38, 2)
    failures = sender.deliveries.take_failures()
    sender.close()

    assert (failures.number, str(failures.first_error)) == (2, "Kafka refuses the event: TooLarge")
    assert failures.event_ids == ("e7", "e23")
    assert kafka.ids == [f"e{number}" for number in range(40) if number not in (7, 23)]
    lines = [json.loads(line) for line in (tmp_path / "aside.ndjson").read_text().splitlines()]
    assert [(line["id"], line["source"], line["reason"], line["event"]["n"]) for line in lines] == [
        ("e7", "shop", "TooLarge", 7),
        ("e23", "shop", "TooLarge", 23),
    ]
    state = look(tmp_path, NOW_US)
    assert (state.records, state.aside, state.last_aside_reason) == (0, 2, "TooLarge")


def test_events_of_a_clock_that_runs_ahead_arrive_without_a_time_stamp_and_the_error_is_told(tmp_path: Path) -> None:
    kafka = ListKafka()
    sender = Sender(tmp_path, kafka)
    sender.clock_ms += 2 * 3_600_000
    for number in range(5):
        sender.emit(number)
    sender.start()
    assert sender.settle()
    assert sender.deliveries.counts == (5, 5, 0)
    _wait_for(lambda: look(tmp_path, NOW_US).clock_ahead_seconds)
    sender.close()

    assert kafka.ids == [f"e{number}" for number in range(5)]
    assert set(kafka.stamps) == {NO_TIME_MS}
    state = look(tmp_path, NOW_US)
    assert (state.clock_ahead_seconds, state.aside, state.last_error) == (7_200.0, 0, None)
    assert "clock     7,200 s ahead of Kafka's: events go without a time stamp of their own" in state_lines(state, 1)
    behind = state._replace(clock_ahead_seconds=-86_400.0)
    assert "clock     86,400 s behind Kafka's: events go without a time stamp of their own" in state_lines(behind, 1)


@pytest.mark.parametrize("ahead_seconds", [-86_400, 0, 3_599])
def test_a_clock_within_kafkas_tolerance_stamps_its_records(tmp_path: Path, ahead_seconds: int) -> None:
    kafka = ListKafka()
    sender = Sender(tmp_path, kafka)
    sender.clock_ms += ahead_seconds * 1_000
    sender.emit(1)
    sender.start()
    assert sender.settle()
    sender.close()

    assert kafka.stamps == [NOW_MS + ahead_seconds * 1_000]
    assert look(tmp_path, NOW_US).clock_ahead_seconds is None


def test_what_is_no_json_stands_aside_with_its_bytes(tmp_path: Path) -> None:
    body = wire.body_of(record(7)._replace(value=b'{"text":"caf\xe9"}'))

    put_aside(tmp_path, 0, body, TooLarge(), NOW_US)

    (line,) = [json.loads(line) for line in (tmp_path / "aside.ndjson").read_text().splitlines()]
    assert line["event"] is None
    assert [refused.body for refused in all_refused(tmp_path)] == [body]


def test_a_refused_event_is_aside_as_a_whole_although_the_disk_takes_it_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, bytes(content[:25])))
    body = wire.body_of(record(7))

    put_aside(tmp_path, 0, body, TooLarge(), NOW_US)

    assert [refused.event_id for refused in all_refused(tmp_path)] == ["e7"]


def test_after_a_kill_only_what_was_not_yet_acknowledged_is_sent_again(tmp_path: Path) -> None:
    kafka = ListKafka()
    sender = Sender(tmp_path, kafka).start()
    for number in range(100):
        sender.emit(number)
    assert sender.settle()
    sender.close()
    killed = open_writer(tmp_path)
    assert killed.page[ACKNOWLEDGED] == killed.page[END]
    killed.append([framed(100)])  # and the process is gone
    killed.close()

    again = Sender(tmp_path, kafka).start()
    _wait_for(lambda: again.writer.waiting_bytes == 0)
    again.close()
    assert kafka.ids == [f"e{number}" for number in range(101)]


def test_a_slow_kafka_bounds_what_is_read_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("touchline.producers.outbox.drain.WINDOW_BYTES", 1 << 20)
    kafka = ListKafka()
    kafka.holds.clear()
    sender = Sender(tmp_path, kafka)
    for number in range(40):
        sender.emit(number, size=100_000)
    sender.start()
    _wait_for(lambda: kafka.links == 1)
    time.sleep(0.1)
    assert kafka.ids == []
    kafka.holds.set()
    assert sender.settle()
    sender.close()
    assert max(kafka.batches) * 100_000 < 1 << 20
    assert kafka.ids == [f"e{number}" for number in range(40)]


def test_stopping_does_not_wait_for_what_has_not_been_sent(tmp_path: Path) -> None:
    kafka = ListKafka()
    kafka.is_away = True
    sender = Sender(tmp_path, kafka).start()
    sender.emit(1)
    began_s = time.monotonic()
    sender.close()

    assert time.monotonic() - began_s < 3
    assert look(tmp_path, NOW_US).records == 1
