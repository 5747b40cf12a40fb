"""Requests to erase that are not done: how many, since when, and what they wait for.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from clickhouse_driver import Client

from touchline.erasure.values import ASKED, RETRACTED
from touchline.erasure.wait import not_read
from touchline.wording import counted

COMMAND: Final = "`touchline erase --resume`"
"""What goes on where a command was ended; while one runs, it does the rest by itself."""


@dataclass(frozen=True)
class OpenRequests:
    """All of one state together. `since` is when the oldest was asked for. `partitions` have not followed all of them yet."""

    state: str
    requests: int
    identifiers: int
    since: datetime
    partitions: Sequence[str] = ()

    @property
    def waits_for(self) -> str:
        """What brings them on."""
        if not self.partitions:
            return COMMAND
        return f"the worker of partition {', '.join(one.rpartition('/')[2] for one in self.partitions)}"

    @property
    def sentence(self) -> str:
        """For people."""
        is_one = self.requests == 1
        some = f"{counted(self.requests, 'request')} to erase {'is open' if is_one else 'are open, the oldest'}"
        state = f"{self.state}: nothing counts of it any more" if self.state == RETRACTED else self.state
        who = "it waits" if is_one else "they wait"
        return f"{some} since {self.since:%Y-%m-%d %H:%M} UTC ({state}); {who} for {self.waits_for}"

    def as_object(self) -> dict[str, object]:
        """For JSON."""
        return {
            "state": self.state,
            "requests": self.requests,
            "identifiers": self.identifiers,
            "since": self.since.isoformat(),
            "waits_for": self.waits_for,
        }


def read_open_requests(client: Client, partitions: int | None = None) -> list[OpenRequests]:
    """By state: first those that still count. Nothing where all is done. `partitions`: how many the topic has, where Kafka says."""
    found = []
    for state, requests, identifiers, since, number in client.execute(_OPEN):
        # What is retracted was followed by all: whatever is missing then is the command's.
        behind = not_read(client, number, partitions).streams if state == ASKED else ()
        found.append(OpenRequests(state, requests, identifiers, since.replace(tzinfo=UTC), tuple(behind)))
    return found


_OPEN: Final = """
SELECT if(newest = '', 'asked', newest) AS state, toInt64(count()), toInt64(sum(identifiers)), min(asked), max(newest_number) FROM
(
    SELECT request, min(asked_at) AS asked, uniqExact(digest) AS identifiers, max(number) AS newest_number
    FROM journey_raw.erasures WHERE how != 'read' GROUP BY request
) AS requests LEFT JOIN
(
    SELECT request, argMax(toString(state), at) AS newest FROM journey_raw.erasure_states GROUP BY request
) AS states USING request
WHERE state != 'done'
GROUP BY state ORDER BY state"""
