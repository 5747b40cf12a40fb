"""The versions of events that the ledger holds, for senders who compare with it what they send.

What Kafka held when the look began is waited for, a little: a file that corrects the one just sent must meet its events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, ServerException

from touchline.account.accounts import read_accounts, records_not_stored
from touchline.kafka.offsets import TopicOffsets
from touchline.schemas.versions import Version
from touchline.sql.language.views import quoted
from touchline.wording import counted

WAIT_SECONDS: Final = 15.0
STILL_SECONDS: Final = 4.0
_POLL_SECONDS: Final = 0.1

# Moved versions are retracted and asserted anew, alike in all that is read here; those of erased records are only retracted.
_VERSIONS = """
SELECT event_id, revision, completeness, payload_hash FROM journey_raw.ledger
WHERE kind = 'received' AND (fate IN ('stored', 'superseded') OR reason = 'conflict') AND source = {source} AND event_id IN ({ids})
GROUP BY event_id, revision, completeness, payload_hash HAVING sum(sign) > 0
"""


class StoredVersions:
    """Reads them, and never stops the sender: where it cannot, `fault` says why. `kafka`: what Kafka holds now; None where it cannot be
    asked."""

    def __init__(
        self,
        client: Client,
        kafka: TopicOffsets | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client: Client | None = client
        self._awaited = kafka
        self._clock = clock
        self._sleep = sleep
        self.fault = ""

    def ask(self, source: str, event_ids: Sequence[str]) -> list[tuple[str, Version]]:
        """The versions that stand of the events of a source, each with its id; nothing more after ClickHouse failed once."""
        client = self._client
        if client is None or not event_ids:
            return []
        try:
            if self._awaited is not None:
                self._wait(client, self._awaited)
                self._awaited = None
            ids = ", ".join(map(quoted, event_ids)).replace("\0", "\\0")  # the one character that ends a query
            rows = client.execute(_VERSIONS.format(source=quoted(source), ids=ids))
        except ServerException as error:
            self.fault = f"ClickHouse refused to be asked, code {error.code}"
        except (Error, EOFError, OSError):
            self.fault = "ClickHouse does not answer"
        else:
            return [(event_id, Version(*version)) for event_id, *version in rows]
        self.close()
        return []

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()

    def _wait(self, client: Client, kafka: TopicOffsets) -> None:
        began = moved = self._clock()
        missing = before = records_not_stored(read_accounts(client), kafka)
        while missing and self._clock() - began < WAIT_SECONDS and self._clock() - moved < STILL_SECONDS:
            if self._client is None:  # closed from another thread
                return
            self._sleep(_POLL_SECONDS)
            missing = records_not_stored(read_accounts(client), kafka)
            if missing < before:
                before, moved = missing, self._clock()
        if missing:
            self.fault = (
                f"{counted(missing, 'record')} that Kafka holds {'is' if missing == 1 else 'are'} not stored yet"
            )
