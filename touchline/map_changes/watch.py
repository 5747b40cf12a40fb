"""Waits until the workers have applied a version, and tells how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from clickhouse_driver import Client

from touchline.errors import NotClean
from touchline.map_changes.progress import APPLYING, MapVersion, read_versions, read_walked
from touchline.map_changes.tables import newest_change
from touchline.map_changes.values import Key
from touchline.wording import counted

POLL_SECONDS: Final = 1.0
STILL_SECONDS: Final = 30.0


def watch(
    client: Client,
    key: Key,
    tell: Callable[[str], None],
    *,
    still_seconds: float = STILL_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> MapVersion:
    """Return the version as soon as it is no longer being applied. `tell` gets a sentence whenever something has changed.

    Raises NotClean when no worker has come further for `still_seconds`: nothing is lost, whichever worker runs next goes on.
    """
    said, moved = "", clock()
    while True:
        found = next(one for one in read_versions(client) if one.key == key)
        if found.state != APPLYING:
            return found
        sentence = _sentence(client, found)
        if sentence != said:
            tell(sentence)
            said, moved = sentence, clock()
        elif clock() - moved >= still_seconds:
            raise NotClean(
                f"no worker has come further for {still_seconds:.0f} s; {sentence}",
                "start one (`touchline up`, or `touchline worker`): it goes on by itself, and this command, run again, shows how far",
            )
        sleep(POLL_SECONDS)


def _sentence(client: Client, found: MapVersion) -> str:
    change = newest_change(client)
    walked = read_walked(client)
    done = sum(one.has_walked(change) for one in walked)
    return (
        f"{found.events:,} of {counted(found.of_events, 'event')} attached ({found.percent} %), "
        f"{done} of {counted(len(walked), 'partition')} done"
    )
