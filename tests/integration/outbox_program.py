"""A program that sends through an outbox and is killed in its midst: `python -m tests.integration.outbox_program
BOOTSTRAP TOPIC FOLDER FIRST COUNT [fork]`.

It emits events of ten persons, numbered on from FIRST, and writes each number to standard output after `emit` has
returned: what was written so is safe. With `fork` a child emits and lives on, while the parent says "parent" and waits
to be killed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from touchline import OutboxConfig, TouchpointProducer

PERSONS = 10


def event(number: int) -> dict[str, object]:
    person = f"k1:{number % PERSONS:064x}"
    return {
        "type": "touchline.touchpoint.v1",
        "id": f"e{number}",
        "source": "web-shop",
        "time": "2026-03-01T11:00:00Z",
        "touchpoint": "product_page",
        "persons": [{"type": "login", "key": person}],
    }


def emit(producer: TouchpointProducer, first: int, count: int) -> None:
    for number in range(first, first + count):
        producer.emit(event(number))
        os.write(1, b"%d\n" % number)


def main() -> None:
    """Emit, and end without closing: what is not in Kafka yet is in the outbox."""
    bootstrap, topic, folder, first, count, *rest = sys.argv[1:]
    config = OutboxConfig(Path(folder), segment_bytes=64 << 10)
    producer = TouchpointProducer(bootstrap, topic, outbox=config, connect_timeout_seconds=2)
    if not rest:
        emit(producer, int(first), int(count))
        producer.flush(60)
        os.write(1, b"flushed\n")
        return
    producer.emit(event(int(first)))
    producer.flush(30)
    if os.fork() == 0:
        emit(producer, int(first) + 1, int(count) - 1)
        producer.close(30)
        os.write(1, b"child\n")
        return
    os.write(1, b"parent\n")
    time.sleep(60)


if __name__ == "__main__":
    main()
