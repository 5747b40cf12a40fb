"""Who is erased leaves the files of an outbox: what was sent, what stands aside, what was damaged; what waits still goes to Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.producers.outbox.rig import NOW_MS, ListKafka, Sender, TooLarge, framed, ids_in, open_writer, record
from touchline.producers.errors import OutboxUnusable
from touchline.producers.outbox import wire
from touchline.producers.outbox.aside import all_refused, put_aside
from touchline.producers.outbox.folder import damaged_path
from touchline.producers.outbox.forget import OutboxTraces, forget, keys_in, traces_of

JANE, JOHN = "k1:" + "a" * 64, "k1:" + "b" * 64


def content(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_what_was_sent_leaves_the_segment_at_once_where_nobody_drains(tmp_path: Path) -> None:
    kafka = ListKafka()
    sender = Sender(tmp_path, kafka)
    sender.start()
    for number, person in enumerate((JANE, JOHN, JANE)):
        sender.emit(number, person)
    assert sender.settle()
    sender.close()
    assert traces_of(tmp_path, [[JANE]]) == [OutboxTraces(sent=2)]
    assert forget(tmp_path, [JANE]) == OutboxTraces()
    assert JANE.encode() not in content(tmp_path)
    writer = open_writer(tmp_path)
    writer.append([framed(7, JOHN)])
    assert ids_in(tmp_path, writer) == ["e7"]
    writer.close()


def test_a_sender_that_drains_lets_them_go_with_its_next_event_and_loses_none(tmp_path: Path) -> None:
    kafka = ListKafka()
    sender = Sender(tmp_path, kafka)
    sender.start()
    sender.emit(1, JANE)
    assert sender.settle()
    assert forget(tmp_path, [JANE]) == OutboxTraces(sent=1)
    for number in (2, 3):
        sender.emit(number, JOHN)
        assert sender.settle()
    sender.close()
    assert kafka.ids == ["e1", "e2", "e3"]
    assert traces_of(tmp_path, [[JANE]]) == [OutboxTraces()]
    assert JANE.encode() not in content(tmp_path)


def test_what_waits_is_counted_stays_and_goes_to_kafka(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    for number, person in enumerate((JANE, JOHN)):
        writer.append([framed(number, person)])
    assert forget(tmp_path, [JANE]) == OutboxTraces(waiting=1)
    assert ids_in(tmp_path, writer) == ["e0", "e1"]
    writer.close()


def test_what_stands_aside_goes_and_the_others_stay_byte_for_byte(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    for number, person in enumerate((JOHN, JANE, JOHN)):
        put_aside(tmp_path, number, wire.body_of(record(number, person)), TooLarge(), NOW_MS * 1_000)
    kept = [one for one in all_refused(tmp_path) if one.event_id != "e1"]
    assert traces_of(tmp_path, [[JANE]]) == [OutboxTraces(aside=1)]
    assert forget(tmp_path, [JANE]) == OutboxTraces()
    assert list(all_refused(tmp_path)) == kept
    writer.close()


def test_damaged_bytes_that_name_a_person_go(tmp_path: Path) -> None:
    open_writer(tmp_path).close()
    damaged_path(tmp_path, 5).write_bytes(b"\xff" + JANE.encode())
    damaged_path(tmp_path, 6).write_bytes(b"\xff" + JOHN.encode())
    assert traces_of(tmp_path, [[JANE]]) == [OutboxTraces(damaged=1)]
    assert forget(tmp_path, [JANE]) == OutboxTraces()
    assert [path.name for path in tmp_path.glob("*.damaged")] == [damaged_path(tmp_path, 6).name]


def test_many_persons_are_looked_for_at_once_each_with_what_it_alone_would_give(tmp_path: Path) -> None:
    kafka = ListKafka()
    sender = Sender(tmp_path, kafka)
    sender.start()
    for number, person in enumerate((JANE, JOHN, JANE)):
        sender.emit(number, person)
    assert sender.settle()
    sender.close()
    writer = open_writer(tmp_path)
    writer.append([framed(7, JOHN)])
    put_aside(tmp_path, 8, wire.body_of(record(8, JANE)), TooLarge(), NOW_MS * 1_000)
    damaged_path(tmp_path, 5).write_bytes(b"\xff" + JANE.encode() + JOHN.encode())
    writer.close()
    persons = [[JANE], [JOHN], [JANE, JOHN], ["k1:" + "c" * 64], []]
    found = traces_of(tmp_path, persons)
    assert found == [one for person in persons for one in traces_of(tmp_path, [person])]
    assert found[:3] == [OutboxTraces(0, 2, 1, 1), OutboxTraces(1, 1, 0, 1), OutboxTraces(1, 3, 1, 1)]
    assert found[3:] == [OutboxTraces()] * 2


def test_all_keys_are_found_that_were_sent_wait_stand_aside_or_are_damaged(tmp_path: Path) -> None:
    others = ["k2_old:" + digit * 64 for digit in "cd"]
    writer = open_writer(tmp_path)
    assert keys_in(tmp_path) == set()
    writer.append([framed(1, JANE)])
    put_aside(tmp_path, 2, wire.body_of(record(2, JOHN)), TooLarge(), NOW_MS * 1_000)
    damaged_path(tmp_path, 3).write_bytes(b"\x00" + others[0].encode() + b" no key: " + others[1].encode()[:-1])
    assert keys_in(tmp_path) == {JANE, JOHN, others[0]}
    writer.close()


def test_a_folder_without_an_outbox_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutboxUnusable):
        traces_of(tmp_path, [[JANE]])
