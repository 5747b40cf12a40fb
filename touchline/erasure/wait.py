"""Waits until the workers have retracted all that requests name, and tells which partition is waited for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.erasure.count import count_left
from touchline.erasure.values import Request
from touchline.wording import counted

POLL_SECONDS: Final = 0.5
STILL_SECONDS: Final = 15.0
"""A worker follows a request within two rounds of ticks."""


class Followed(NamedTuple):
    """The newest mark of a partition, whatever topic or incarnation of it: up to which request its worker has followed."""

    stream: str
    erasure: int


class Behind(NamedTuple):
    """What is waited for: partitions that have not followed all, and rows by kind that still count."""

    streams: Sequence[str]
    rows: dict[str, int]

    @property
    def is_over(self) -> bool:
        """Whether nothing counts any more."""
        return not self.streams and not self.rows

    def sentence(self) -> str:
        """For people."""
        if self.streams:
            partitions = ", ".join(one.rpartition("/")[2] for one in self.streams)
            return f"waiting for the worker of partition {partitions}"
        rows = ", ".join(f"{kind} {number:,}" for kind, number in sorted(self.rows.items()))
        return f"waiting until nothing counts any more: {rows}"


def read_followed(client: Client, partitions: int | None = None) -> list[Followed]:
    """Every partition. What lay in an earlier topic, or incarnation of it, is followed by whoever has the partition now.

    `partitions` is how many the topic has now, by Kafka's word: those of a larger one of before have no worker any more, so nobody waits
    for them. None where Kafka does not say. Marks cannot tell: a partition of the new topic without a mark may be one whose worker is
    still to come.
    """
    rows = client.execute(
        "SELECT argMax(name, at), argMax(erasure, at) FROM (SELECT toString(stream) AS name, argMax(erasure, insert_number) AS erasure, "
        "max(stored_time) AS at FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream) "
        "GROUP BY toUInt32(splitByChar('/', name)[-1]) AS number HAVING %(all)s OR number < %(partitions)s ORDER BY number",
        {"all": int(partitions is None), "partitions": partitions or 0},
    )
    return [Followed(*row) for row in rows]


def not_retracted(client: Client, requests: Sequence[Request], partitions: int | None = None) -> Behind:
    """What is waited for until nothing of the requests counts. The marks are read first: what they have followed is seen then. Rows of
    partitions that are no more are waited for like others: nobody retracts them."""
    newest = max((number for one in requests for number in one.numbers), default=0)
    found = not_read(client, newest, partitions)
    if found.streams:
        return found
    sums: Counter[str] = Counter()
    for left in standing_of(client, requests):
        sums.update(left)
    return Behind((), {kind: rows for kind, rows in sums.items() if rows})


def standing_of(client: Client, requests: Sequence[Request]) -> list[dict[str, int]]:
    """Of each request by kind the rows that still count."""
    return count_left(client, [[target for target in one.targets if target.identifier] for one in requests])


def not_read(client: Client, number: int, partitions: int | None = None) -> Behind:
    """The partitions whose newest mark does not say that this row of journey_raw.erasures was followed; of so many as the topic has now."""
    return Behind([one.stream for one in read_followed(client, partitions) if one.erasure < number], {})


def wait_for(
    look: Callable[[], Behind],
    tell: Callable[[str], None],
    timeout_seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Behind:
    """Look until nothing is waited for, or the time is over. `tell` gets a sentence whenever something has changed, and a hint when nothing
    has for long."""
    deadline, said, moved = clock() + timeout_seconds, "", clock()
    while True:
        found = look()
        if found.is_over or clock() >= deadline:
            return found
        sentence = found.sentence()
        if sentence != said:
            tell(sentence)
            said, moved = sentence, clock()
        elif clock() - moved >= STILL_SECONDS:
            hint = "is one running? `touchline up` or `touchline worker`" if found.streams else "the workers are busy"
            tell(f"{sentence}, for {counted(int(clock() - moved), 'second')}: {hint}")
            moved = clock()
        sleep(POLL_SECONDS)
