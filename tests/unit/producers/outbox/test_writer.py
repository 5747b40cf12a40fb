"""The writing end: whole or nothing, bounded, shared by threads and forks, and found again after a kill."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.unit.producers.outbox.rig import framed, ids_in, open_writer
from touchline.errors import WrongUsage
from touchline.producers.errors import OutboxFull, OutboxUnusable
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.folder import segment_path, segment_starts
from touchline.producers.outbox.page import ACKNOWLEDGED, DAMAGED, END, WRITING
from touchline.producers.outbox.reader import OutboxReader
from touchline.producers.outbox.writer import OutboxWriter

SMALLEST = 4 << 20


def test_what_was_written_is_there_for_the_next_process_in_order(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "outbox")
    for number in range(5):
        writer.append([framed(number)])
    writer.append([framed(number) for number in range(5, 9)])
    writer.close()

    again = open_writer(tmp_path / "outbox")
    assert ids_in(tmp_path / "outbox", again) == [f"e{number}" for number in range(9)]
    again.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(cut=st.integers(0, 400), garbage=st.binary(max_size=40))
def test_a_writer_killed_at_any_byte_leaves_no_half_record(tmp_path: Path, cut: int, garbage: bytes) -> None:
    folder = tmp_path / f"outbox-{cut}-{garbage.hex()}"
    writer = open_writer(folder)
    writer.append([framed(1), framed(2)])
    end = writer.page[END]
    # As a kill in mid-write leaves it: some bytes of the block are there, the page does not know them.
    writer.page[WRITING] = 1
    torn = (framed(3) + garbage)[:cut]
    with segment_path(folder, 0).open("ab") as segment:
        segment.write(torn)
    other = open_writer(folder)
    assert other.page[END] == end
    other.append([framed(4)])

    assert ids_in(folder, other) == ["e1", "e2", "e4"]
    assert other.page[DAMAGED] == 0
    writer.close()
    other.close()


def test_a_running_writer_repairs_what_a_killed_one_left(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    writer.append([framed(1)])
    with segment_path(tmp_path, 0).open("ab") as segment:
        segment.write(b"torn")
    writer.page[WRITING] = 1
    writer.append([framed(2)])

    assert ids_in(tmp_path, writer) == ["e1", "e2"]
    writer.close()


def test_a_block_that_is_whole_counts_although_its_writer_was_killed_before_it_said_so(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    writer.append([framed(1)])
    end = writer.page[END]
    writer.append([framed(2)])
    writer.page[END], writer.page[WRITING] = end, 1
    writer.append([framed(3)])

    assert ids_in(tmp_path, writer) == ["e1", "e2", "e3"]
    writer.close()


def test_without_its_page_all_that_the_segments_hold_is_sent_again(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    writer.append([framed(1)])
    writer.page[ACKNOWLEDGED] = writer.page[END]
    writer.append([framed(2)])
    writer.close()
    (tmp_path / "page").unlink()

    again = open_writer(tmp_path)
    assert ids_in(tmp_path, again) == ["e1", "e2"]
    again.close()


def test_acknowledged_bytes_that_a_loss_of_power_took_are_counted_and_kept_aside(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    writer.append([framed(1)])
    kept = writer.page[END]
    writer.append([framed(2)])
    missing = writer.page[END] - kept - 10
    writer.close()
    os.truncate(segment_path(tmp_path, 0), kept + 10)

    again = open_writer(tmp_path)
    assert ids_in(tmp_path, again) == ["e1"]
    assert again.page[DAMAGED] == missing + 10
    assert (tmp_path / f"{kept:020}.damaged").stat().st_size == 10
    again.close()


def test_damage_in_the_middle_costs_the_rest_of_its_segment_and_nothing_else(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, segment_bytes=1_000)
    for number in range(20):
        writer.append([framed(number)])
    second = segment_starts(tmp_path)[1]
    content = bytearray(segment_path(tmp_path, 0).read_bytes())
    content[len(content) // 2] ^= 0xFF
    segment_path(tmp_path, 0).write_bytes(content)
    sizes = [writer.page[END] // 20] * 20
    ids = ids_in(tmp_path, writer)

    lost = {f"e{number}" for number in range(20)} - set(ids)
    assert ids == sorted(ids, key=lambda event_id: int(event_id[1:]))
    assert "e0" in ids
    assert 0 < len(lost) <= second // min(sizes) + 1
    assert writer.page[DAMAGED] == next(iter(tmp_path.glob("*.damaged"))).stat().st_size
    writer.close()


def test_a_full_outbox_waits_then_says_how_to_mend_it_and_keeps_nothing_of_the_event(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, limit_bytes=SMALLEST, block_seconds=0.05)
    big = [framed(number, size=100_000) for number in range(50)]
    taken: list[int] = []

    def write_all() -> None:
        taken.extend(writer.append([one])[0] for one in big)

    with pytest.raises(OutboxFull) as full:
        write_all()

    assert SMALLEST - 110_000 < writer.waiting_bytes <= SMALLEST
    assert "is full" in full.value.what
    assert "0.05 s" in full.value.what
    assert "touchline outbox show" in full.value.hint
    assert len(ids_in(tmp_path, writer)) == len(taken)
    writer.page[ACKNOWLEDGED] = writer.page[END]
    writer.append([big[0]])
    writer.close()


def test_emit_goes_on_as_soon_as_there_is_room(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, limit_bytes=SMALLEST, block_seconds=20)
    while writer.waiting_bytes < SMALLEST - 110_000:
        writer.append([framed(1, size=100_000)])

    def make_room() -> None:
        writer.page[ACKNOWLEDGED] = writer.page[END]

    timer = threading.Timer(0.1, make_room)
    timer.start()
    writer.append([framed(2, size=200_000)])
    timer.join()
    assert writer.waiting_bytes < 300_000
    writer.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_and_the_half_written_block_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    writer = open_writer(tmp_path)
    writer.append([framed(1)])
    real = os.write
    writes = [0]

    def full(descriptor: int, content: bytes) -> int:
        writes[0] += 1
        if writes[0] > 1:
            raise OSError(code, os.strerror(code))
        return real(descriptor, content[:25])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutboxFull, match="disk"):
        writer.append([framed(2)])
    monkeypatch.setattr(os, "write", real)
    writer.append([framed(3)])

    assert ids_in(tmp_path, writer) == ["e1", "e3"]
    writer.close()


def test_segments_are_deleted_when_all_in_them_is_acknowledged_but_never_the_last(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, segment_bytes=1_000)
    for number in range(20):
        writer.append([framed(number)])
    reader = OutboxReader(tmp_path, writer.page)
    starts = segment_starts(tmp_path)
    assert len(starts) == 3
    writer.page[ACKNOWLEDGED] = starts[2] + 1
    reader.forget_read_segments()
    assert segment_starts(tmp_path) == starts[2:]
    writer.page[ACKNOWLEDGED] = writer.page[END]
    reader.forget_read_segments()
    assert segment_starts(tmp_path) == starts[-1:]
    writer.append([framed(99)])
    assert ids_in(tmp_path, writer) == ["e99"]
    writer.close()


def test_threads_share_a_writer_and_each_ones_order_is_kept(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, segment_bytes=10_000)

    def write(thread: int) -> None:
        for number in range(100):
            writer.append([framed(1_000 * thread + number)])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [int(event_id[1:]) for event_id in ids_in(tmp_path, writer)]

    assert len(set(numbers)) == len(numbers) == 400
    for thread_number in range(4):
        own = [number for number in numbers if number // 1_000 == thread_number]
        assert own == sorted(own)
    writer.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_children_and_their_parent_write_beside_each_other(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, segment_bytes=10_000)
    writer.append([framed(0)])
    children = []
    for child in range(1, 4):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                for number in range(100):
                    writer.append([framed(1_000 * child + number)])
                status = 0
            finally:
                os._exit(status)
        children.append(pid)
    for number in range(1, 100):
        writer.append([framed(number)])
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0, 0, 0]
    numbers = [int(event_id[1:]) for event_id in ids_in(tmp_path, writer)]

    assert sorted(numbers) == [1_000 * child + number for child in range(4) for number in range(100)]
    for child in range(4):
        own = [number for number in numbers if number // 1_000 == child]
        assert own == sorted(own)
    writer.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_does_not_keep_the_lock_of_its_parent(tmp_path: Path) -> None:
    from touchline.producers.outbox.locks import FileLock

    lock = FileLock(tmp_path / "lock")
    lock.take()
    wait, go_on = os.pipe()
    says, lives = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_on)
        os.write(lives, b"!")
        os.read(wait, 1)
        os._exit(0)
    os.read(says, 1)
    lock.close()
    other = FileLock(tmp_path / "lock")
    assert other.try_to_take()
    os.close(go_on)
    os.waitpid(pid, 0)
    for descriptor in (wait, says, lives):
        os.close(descriptor)
    other.close()


def test_only_its_owner_can_read_an_outbox(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    folder.mkdir(mode=0o755)
    writer = open_writer(folder)
    writer.append([framed(1)])

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    writer.close()


def test_durability_disk_syncs_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fdatasync

    def noting(descriptor: int) -> None:
        synced.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", noting)
    writer = open_writer(tmp_path, durability="disk", segment_bytes=500)
    for number in range(4):
        writer.append([framed(number)])
        assert len(synced) > number
    writer.close()


def test_an_outbox_is_for_one_topic(tmp_path: Path) -> None:
    open_writer(tmp_path).close()

    with pytest.raises(OutboxUnusable, match="topic events, not other"):
        OutboxWriter(OutboxConfig(tmp_path), "other")


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format.json").write_text('{"format": 9, "topic": "events"}')

    with pytest.raises(OutboxUnusable, match="format 9"):
        open_writer(tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OutboxUnusable, match="cannot be used"):
        open_writer(tmp_path / "file" / "outbox")


@pytest.mark.parametrize("wrong", [{"limit_bytes": 1}, {"block_seconds": -1}, {"durability": "paper"}])
def test_wrong_bounds_are_wrong_usage(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(WrongUsage):
        OutboxConfig(tmp_path, **wrong)  # type: ignore[arg-type]


def test_a_closed_outbox_takes_nothing(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    writer.close()

    with pytest.raises(WrongUsage, match="closed"):
        writer.append([framed(1)])
