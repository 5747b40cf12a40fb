"""When nothing waits any more: every record is stored, and ticks have followed all that came of it."""

from __future__ import annotations

import time

from touchline.account.maps import check_maps
from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import lag
from touchline.settings import Settings

STILL_SECONDS = 5.0
"""Several ticks of every partition."""


def wait_until_at_rest(settings: Settings, seconds: float = 120.0) -> None:
    """Return when no record waits in Kafka, no claim waits for another partition, no worker has inserted anything for a while, and every
    stored event is attached: on a busy machine a tick may take longer than that while."""
    deadline = time.monotonic() + seconds
    said: object = None
    since = time.monotonic()
    client = connect(settings)
    try:
        while True:
            # Kafka is asked last: a connection of its own for each look costs more than all else here.
            if time.monotonic() - since >= STILL_SECONDS:
                if lag(settings) == 0 and not list(check_maps(client)):
                    return
                since = time.monotonic()
            assert time.monotonic() < deadline, f"not at rest after {seconds:g} s"
            time.sleep(0.25)
            now = client.execute("SELECT sumIf(sign, kind = 'claim'), countIf(kind = 'mark') FROM journey_raw.ledger")
            if now != said or now[0][0] != 0:
                said, since = now, time.monotonic()
    finally:
        client.disconnect()
