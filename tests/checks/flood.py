"""Events as fast as one sender can make them, until it is told to stop: known persons in order of time, some repeated, some late, some
linked to another identifier."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import NamedTuple

from kafka import KafkaProducer

from touchline.kafka.partitioning import partition_of
from touchline.settings import Settings

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
EVENTS_PER_SECOND_OF_TIME = 500
REPEATED_SHARE = 0.002
LATE_SHARE = 0.001
LATE_SECONDS = 3_600
BACKLOG_MAX = 100_000
CHUNK = 2_000
_EVENT = (
    '{"id":"f%d","source":"retail-pos","type":"touchline.touchpoint.v1","time":"%s","received_at":"%s",'
    '"persons":[{"type":"loyalty","key":"%s"}],"touchpoint":"%s","place":"store-%d","simulated":true,'
    '"amount":{"amount_minor":%d,"currency":"USD"}}'
)
_IDENTIFY = (
    '{"id":"f%d","source":"retail-pos","type":"touchline.identify.v1","time":"%s","received_at":"%s",'
    '"persons":[{"type":"loyalty","key":"%s"},{"type":"loyalty","key":"%s"}],"simulated":true}'
)
_TOUCHPOINTS = ("store_purchase", "coupon", "campaign_mailing", "store_visit")


class Mix(NamedTuple):
    """Of the events, the share that comes late; of the persons, the share that is linked in pairs, by the first event of either."""

    late: float = LATE_SHARE
    linked: float = 0.0


USUAL = Mix()


class Flood:
    """Sends from a thread of its own while fewer than `backlog_max` records wait, by `stored_count`."""

    def __init__(
        self,
        settings: Settings,
        seed: int,
        persons: int,
        stored_count: Callable[[], int],
        backlog_max: int = BACKLOG_MAX,
        mix: Mix = USUAL,
    ) -> None:
        self._settings = settings
        self._random = Random(seed)
        keys = [f"flood:{sha256(f'{seed}/{number}'.encode()).hexdigest()}" for number in range(persons)]
        self._persons = [(key, partition_of(key.encode(), settings.partitions)) for key in keys]
        paired = round(persons * mix.linked / 2) * 2
        self._unlinked = {number: number ^ 1 for number in range(paired)}
        self._mix = mix
        self._stored_count = stored_count
        self._backlog_max = backlog_max
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flood")
        self._number = 0
        self.sent = 0
        self.error: BaseException | None = None

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> int:
        """End, with everything sent; returns how many."""
        self._stop.set()
        self._thread.join()
        if self.error is not None:
            raise self.error
        return self.sent

    def _run(self) -> None:
        producer = KafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap,
            linger_ms=20,
            batch_size=256 << 10,
            enable_idempotence=True,
        )
        try:
            while not self._stop.is_set():
                if self.sent - self._stored_count() > self._backlog_max:
                    time.sleep(0.05)
                    continue
                self._send_chunk(producer)
            producer.flush()
        except BaseException as error:
            self.error = error
        finally:
            producer.close()

    def _send_chunk(self, producer: KafkaProducer) -> None:
        random, second = self._random, self._number // EVENTS_PER_SECOND_OF_TIME
        now, late = (
            (BEGIN + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%S")
            for at in (second, max(0, second - LATE_SECONDS))
        )
        for number in range(self._number, self._number + CHUNK):
            who = random.randrange(len(self._persons))
            key, partition = self._persons[who]
            at = late if random.random() < self._mix.late else now
            time_of = f"{at}.{number % 1_000_000:06d}Z"
            touchpoint = _TOUCHPOINTS[number % 4]
            value = _EVENT % (number, time_of, time_of, key, touchpoint, number % 400, number % 20_000)
            if (other := self._unlinked.pop(who, None)) is not None and self._unlinked.pop(other, None) is not None:
                value = _IDENTIFY % (number, time_of, time_of, key, self._persons[other][0])
            for _ in range(2 if random.random() < REPEATED_SHARE else 1):
                producer.send(self._settings.topic, value.encode(), key=key.encode(), partition=partition)
                self.sent += 1
        self._number += CHUNK
