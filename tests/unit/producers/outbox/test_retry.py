"""What stands aside goes back into the outbox: whole, in order, only what is meant, and it survives everything that may come between."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.unit.producers.outbox.rig import NOW_MS, ListKafka, Sender, TooLarge, ids_in, open_writer, record
from touchline.producers.errors import OutboxFull, OutboxUnusable
from touchline.producers.outbox import retry, wire
from touchline.producers.outbox.aside import all_refused, put_aside
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.look import look
from touchline.producers.outbox.retry import Wanted, count_aside, put_back, retry_lines

NOW_US = NOW_MS * 1_000


class InvalidTimestampError(Exception):
    """By the name that Kafka's clients give it."""


def _aside(folder: Path, number: int, error: BaseException, source: str = "shop") -> None:
    put_aside(folder, number, wire.body_of(record(number)._replace(source=source)), error, NOW_US)


def _left(folder: Path) -> list[str]:
    return [refused.event_id for refused in all_refused(folder)]


def test_events_that_a_wrong_clock_set_aside_go_out_in_order_and_the_others_stay(tmp_path: Path) -> None:
    kafka = ListKafka()
    sender = Sender(tmp_path, kafka)
    for number in range(6):
        _aside(tmp_path, number, TooLarge() if number == 3 else InvalidTimestampError())
    done = put_back(OutboxConfig(tmp_path), Wanted(reasons=["InvalidTimestamp"]))
    sender.start()
    sender.emit(9)
    assert sender.settle()
    sender.close()

    assert (done.back, done.left, done.unreadable) == ({"InvalidTimestamp": 5}, {"TooLarge": 1}, 0)
    assert kafka.ids == ["e0", "e1", "e2", "e4", "e5", "e9"]
    assert _left(tmp_path) == ["e3"]
    assert retry_lines(done, is_dry_run=False)[:2] == [
        "5 events go back into the outbox (InvalidTimestamp 5)",
        "1 event stays aside (TooLarge 1)",
    ]


def test_an_event_goes_back_byte_for_byte(tmp_path: Path) -> None:
    given_record = record(7)._replace(value=b'{"b": 1.50, "a":"caf\xe9"}')
    writer = open_writer(tmp_path)
    put_aside(tmp_path, 0, wire.body_of(given_record), TooLarge(), NOW_US)
    put_back(OutboxConfig(tmp_path), Wanted())

    assert ids_in(tmp_path, writer) == ["e7"]
    (segment,) = tmp_path.glob("*.segment")
    assert wire.body_of(given_record) in segment.read_bytes()


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    _aside(tmp_path, 1, TooLarge())
    before = (tmp_path / "aside.ndjson").read_bytes()
    found = count_aside(tmp_path, Wanted())

    assert found.back == {"TooLarge": 1}
    assert (tmp_path / "aside.ndjson").read_bytes() == before
    assert writer.waiting_bytes == 0
    assert retry_lines(found, is_dry_run=True) == ["1 event would go back into the outbox (TooLarge 1)"]


ASIDE = st.lists(st.tuples(st.sampled_from([TooLarge(), InvalidTimestampError()]), st.sampled_from(["shop", "till"])))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ASIDE,
    st.sets(st.sampled_from(["TooLarge", "InvalidTimestamp", "Other"])),
    st.sets(st.sampled_from(["shop", "till", "crm"])),
    st.sets(st.integers(0, 5).map(lambda number: f"e{number}")),
)
def test_each_event_goes_back_or_stays_once_and_both_keep_their_order(
    tmp_path_factory: pytest.TempPathFactory,
    aside: list[tuple[Exception, str]],
    reasons: set[str],
    sources: set[str],
    ids: set[str],
) -> None:
    folder = tmp_path_factory.mktemp("outbox")
    writer = open_writer(folder)
    for number, (error, source) in enumerate(aside):
        _aside(folder, number, error, source)
    wanted = [
        f"e{number}"
        for number, (error, source) in enumerate(aside)
        if (not reasons or type(error).__name__.removesuffix("Error") in reasons)
        and (not sources or source in sources)
        and (not ids or f"e{number}" in ids)
    ]
    found = count_aside(folder, Wanted(reasons, sources, ids))
    done = put_back(OutboxConfig(folder), Wanted(reasons, sources, ids))

    assert found == done
    assert done.back.total() == len(wanted)
    assert ids_in(folder, writer) == wanted
    assert _left(folder) == [f"e{number}" for number in range(len(aside)) if f"e{number}" not in wanted]
    writer.close()


def test_where_the_outbox_has_no_room_for_all_the_rest_stays_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_EVENTS_AT_ONCE", 2)
    writer = open_writer(tmp_path)
    for number in range(6):
        put_aside(tmp_path, number, wire.body_of(record(number, size=900_000)), TooLarge(), NOW_US)
    with pytest.raises(OutboxFull) as full:
        put_back(OutboxConfig(tmp_path, limit_bytes=4 << 20, block_seconds=0), Wanted())

    assert full.value.taken == 4
    assert ids_in(tmp_path, writer) == ["e0", "e1", "e2", "e3"]
    assert _left(tmp_path) == ["e4", "e5"]


def test_killed_between_outbox_and_file_an_event_goes_twice_and_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = open_writer(tmp_path)
    _aside(tmp_path, 1, TooLarge())
    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", _killed)
        with pytest.raises(KeyboardInterrupt):
            put_back(OutboxConfig(tmp_path), Wanted())
    put_back(OutboxConfig(tmp_path), Wanted())

    assert ids_in(tmp_path, writer) == ["e1", "e1"]
    assert _left(tmp_path) == []


def _killed(self: Path, target: Path) -> Path:
    raise KeyboardInterrupt


def test_lines_that_hold_no_whole_event_stay_and_are_told(tmp_path: Path) -> None:
    open_writer(tmp_path).close()
    _aside(tmp_path, 1, TooLarge())
    with (tmp_path / "aside.ndjson").open("ab") as lines:
        lines.write(b'{"position":2,"id":"e2"}\n{"posi')
    done = put_back(OutboxConfig(tmp_path), Wanted())

    assert (done.back.total(), done.unreadable) == (1, 2)
    assert (tmp_path / "aside.ndjson").read_bytes() == b'{"position":2,"id":"e2"}\n{"posi\n'
    assert "2 lines of aside.ndjson cannot be read and stay there" in retry_lines(done, is_dry_run=False)
    assert oct((tmp_path / "aside.ndjson").stat().st_mode)[-3:] == "600"


def test_a_sender_that_goes_on_hears_of_what_is_refused_after_the_file_was_taken_back(tmp_path: Path) -> None:
    kafka = ListKafka()
    kafka.most_bytes = 20_000
    sender = Sender(tmp_path, kafka).start()
    for number in range(3):
        sender.emit(number, size=50_000)
    assert sender.settle()
    kafka.most_bytes = 1 << 30
    put_back(OutboxConfig(tmp_path), Wanted())
    kafka.most_bytes = 20_000
    for number in range(3, 9):  # the file grows beyond what it was
        sender.emit(number, size=60_000)
    assert sender.settle()
    failures = sender.deliveries.take_failures()
    sender.close()

    assert set(failures.event_ids) >= {f"e{number}" for number in range(3, 9)}
    assert sender.deliveries.counts == (9, 0, 9)


def test_without_an_outbox_there_is_nothing_to_put_back(tmp_path: Path) -> None:
    with pytest.raises(OutboxUnusable, match="there is no outbox"):
        count_aside(tmp_path, Wanted())
    with pytest.raises(OutboxUnusable, match="there is no outbox"):
        put_back(OutboxConfig(tmp_path), Wanted())
    open_writer(tmp_path).close()
    assert put_back(OutboxConfig(tmp_path), Wanted()).back.total() == 0
    assert look(tmp_path, NOW_US).aside == 0
