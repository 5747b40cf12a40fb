"""The writing end of an outbox: adds blocks to its last segment, one process and thread at a time."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from touchline.errors import WrongUsage
from touchline.producers.errors import OutboxFull
from touchline.producers.outbox import forks
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.folder import APPEND_LOCK, PAGE, prepare, segment_path, sync_folder, unusable, write_all
from touchline.producers.outbox.locks import FileLock
from touchline.producers.outbox.page import ACKNOWLEDGED, END, TAIL, WRITING, open_page
from touchline.producers.outbox.recovery import recover
from touchline.producers.outbox.wire import block_of

_NO_ROOM: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_SECONDS_BETWEEN_LOOKS: Final = 0.01


def now_ms() -> int:
    """Milliseconds since the epoch by this machine's clock."""
    return time.time_ns() // 1_000_000


class OutboxWriter:
    """Threads and forked children may share one; other processes open their own.

    `page` are the numbers that all of them share (page.py).
    """

    def __init__(self, config: OutboxConfig, topic: str | None, clock_ms: Callable[[], int] = now_ms) -> None:
        """Raises OutboxUnusable."""
        self.config = config
        self.topic = prepare(config.folder, topic)
        self._clock_ms = clock_ms
        self._is_durable = config.durability == "disk"
        self._threads = threading.Lock()
        self._syncing = threading.Lock()
        self._synced_to = 0
        self._lock = FileLock(config.folder / APPEND_LOCK)
        self._segment = -1
        self._segment_start = -1
        self._is_closed = False
        try:
            self._lock.take()
            try:
                self.page, is_new = open_page(config.folder / PAGE)
                recover(config.folder, self.page, is_new)
            finally:
                self._lock.give_back()
        except OSError as error:
            self._lock.close()
            raise unusable(config.folder, error) from None
        forks.watch(self)

    @property
    def waiting_bytes(self) -> int:
        """What is neither in Kafka nor aside."""
        waiting: int = self.page[END] - self.page[ACKNOWLEDGED]
        return waiting

    def append(self, records: Sequence[bytes]) -> tuple[int, int]:
        """Keep framed records, all or none; returns the positions of their first and after their last byte.

        Returns once the operating system has them, or the disk, as `durability` says. Waits for room.

        Raises:
            OutboxFull: there is none.
            WrongUsage: the outbox is closed.
        """
        block = block_of(records, self._clock_ms())
        give_up_s = 0.0
        while True:
            with self._threads:
                if self._is_closed:
                    raise WrongUsage("the outbox is closed", "open a new producer")
                end = self._append_if_room(block)
            if end:
                if self._is_durable:
                    self._sync(end)
                return end - len(block), end
            give_up_s = self._wait(give_up_s)

    def _append_if_room(self, block: bytes) -> int:
        """The new end, or 0 where there is no room."""
        page = self.page
        try:
            self._lock.take()
            try:
                if page[WRITING]:  # a writer was killed in mid-write
                    recover(self.config.folder, page, is_new=False)
                end: int = page[END] + len(block)
                if end - page[ACKNOWLEDGED] > self.config.limit_bytes:
                    return 0
                segment = self._segment_to_write()
                page[WRITING] = 1
                self._write(segment, block)
                page[END] = end
                page[WRITING] = 0
                return end
            finally:
                self._lock.give_back()
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise OutboxFull.by_disk(self.config.folder) from None
            raise unusable(self.config.folder, error) from None

    def begin_segment(self) -> None:
        """Whatever is written from now on, by whomever, stands in a new segment: those before go as soon as all in them is acknowledged.
        Raises OutboxUnusable."""
        page, folder = self.page, self.config.folder
        with self._threads:
            try:
                self._lock.take()
                try:
                    if page[WRITING]:
                        recover(folder, page, is_new=False)
                    if page[END] > page[TAIL]:
                        page[TAIL] = page[END]
                        path = segment_path(folder, page[TAIL])
                        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600))
                        sync_folder(folder)
                finally:
                    self._lock.give_back()
            except OSError as error:
                raise unusable(folder, error) from None

    def _segment_to_write(self) -> int:
        tail, end = self.page[TAIL], self.page[END]
        if self._segment_start == tail and end - tail < self.config.segment_bytes:
            return self._segment
        if end - tail >= self.config.segment_bytes:
            self.page[TAIL] = tail = (
                end  # before the file is there: a killed writer leaves no second, empty last segment
            )
        opened = os.open(
            segment_path(self.config.folder, tail), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        if self._is_durable:
            self._finish_segment()
            sync_folder(self.config.folder)
        self._close_segment()
        self._segment, self._segment_start = opened, tail
        return opened

    def _write(self, segment: int, block: bytes) -> None:
        try:
            write_all(segment, block)
        except OSError:
            os.ftruncate(segment, self.page[END] - self.page[TAIL])  # nothing half-written counts
            self.page[WRITING] = 0
            raise

    def _sync(self, end: int) -> None:
        """Threads that wait here are served by one call."""
        with self._syncing:
            if self._synced_to >= end:
                return
            with self._threads:
                if self._segment < 0:
                    return
                target, descriptor = self.page[END], os.dup(self._segment)
            try:
                os.fdatasync(descriptor)
            except OSError as error:
                raise unusable(self.config.folder, error) from None
            finally:
                os.close(descriptor)
            self._synced_to = target

    def _finish_segment(self) -> None:
        """What this process wrote to the segment that it leaves is on disk, too."""
        if self._segment >= 0:
            os.fdatasync(self._segment)

    def _wait(self, give_up_s: float) -> float:
        """Sleeps a moment; returns when to give up, by the monotonic clock. Raises OutboxFull."""
        now_s = time.monotonic()
        give_up_s = give_up_s or now_s + self.config.block_seconds
        if now_s >= give_up_s:
            raise OutboxFull.by_limit(self.config.folder, self.config.limit_bytes, self.config.block_seconds)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        return give_up_s

    def close(self) -> None:
        """Close the files; what waits stays."""
        with self._threads:
            self._is_closed = True
            self._close_segment()
            self._lock.close()

    def _close_segment(self) -> None:
        if self._segment >= 0:
            os.close(self._segment)
        self._segment = self._segment_start = -1

    def forget_parent(self) -> None:
        """In a forked child: files of its own, and locks that no thread of the parent holds."""
        self._threads, self._syncing = threading.Lock(), threading.Lock()
        self._close_segment()
