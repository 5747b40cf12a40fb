"""The real ledger and the real Kafka of a replay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from clickhouse_driver import Client
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from touchline.account.accounts import following, read_accounts
from touchline.errors import TouchlineError
from touchline.kafka.offsets import TopicOffsets, read_offsets, without_marks
from touchline.producers.deliveries import TOO_LARGE
from touchline.producers.session import CLOSE_SECONDS, ONE_BY_ONE, connect_for, disconnect, unreachable
from touchline.quarantine.entries import Entry
from touchline.quarantine.judge import Mended, Unmendable
from touchline.quarantine.replay import Place, ReplayFate, Version
from touchline.quarantine.settle import Settlement, settle
from touchline.schemas.reasons import Reason
from touchline.settings import Settings
from touchline.settings.engines import KafkaSettings
from touchline.sql.ledger.rows import NET_ROWS
from touchline.wording import counted

REPLAY_HEADER: Final = "touchline_replay_of"
"""Names the record that is sent again, for whoever reads the topic; workers take the record like any other."""
CONNECT_SECONDS: Final = 5.0
DELIVERY_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.25
_VERSIONS_AT_ONCE: Final = 1_000


class ClickHouseReplays:
    """The ledger as a replay sees it. Rows of inserts before this run are not read for its fates."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._newest: dict[str, int] = dict(
            client.execute(
                "SELECT toString(stream), max(insert_number) FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream"
            )
        )

    def standing(self, versions: Sequence[Version]) -> set[Version]:
        found: set[Version] = set()
        for start in range(0, len(versions), _VERSIONS_AT_ONCE):
            chunk = tuple(versions[start : start + _VERSIONS_AT_ONCE])
            values = {"versions": chunk, "event_ids": tuple({event_id for _, event_id, _ in chunk})}
            found.update(self._client.execute(_STANDING, values))
        return found

    def fates(self, places: Sequence[Place]) -> Mapping[Place, ReplayFate]:
        streams = {stream for stream, _ in places}
        floor = min(self._newest.get(stream, 0) for stream in streams)
        values = {"places": tuple(places), "streams": tuple(streams), "floor": floor}
        return {(row[0], row[1]): ReplayFate._make(row[2:]) for row in self._client.execute(_FATES, values)}

    def settle(self, settlements: Sequence[Settlement]) -> None:
        settle(self._client, settlements)


class KafkaSender:
    """Sends records with their own bytes and time, through the partitioner of every sender. To be closed.

    Each record is a batch: one that Kafka refuses must not fail those after it, as an idempotent producer's does. What Kafka then has
    twice counts once.
    """

    def __init__(self, settings: KafkaSettings, incarnation: str) -> None:
        """Connects. Raises EngineUnreachable, WrongUsage."""
        self._bootstrap = settings.kafka_bootstrap
        self._topic = settings.topic
        self._incarnation = incarnation
        self._kafka, _ = connect_for(self._topic, self._bootstrap, CONNECT_SECONDS, DELIVERY_SECONDS, ONE_BY_ONE)

    def send(self, records: Sequence[tuple[Mended, Entry]]) -> list[Place | Unmendable | None]:
        """Raises EngineUnreachable while Kafka takes nothing at all."""
        futures = [self._start(mended, entry) for mended, entry in records]
        try:
            self._kafka.flush(DELIVERY_SECONDS + CLOSE_SECONDS)
        except KafkaTimeoutError as error:
            raise unreachable(self._bootstrap, error) from None
        return [self._answer(future) for future in futures]

    def close(self) -> None:
        """Let go of the connection."""
        disconnect(self._kafka)

    def _start(self, mended: Mended, entry: Entry) -> Any:
        record = mended.record
        origin = (REPLAY_HEADER, f"{entry.stream}/{entry.offset}".encode())
        try:
            return self._kafka.send(
                self._topic,
                key=record.key,
                value=record.value,
                headers=[*record.headers, origin],
                timestamp_ms=mended.timestamp_ms,
            )
        except MessageSizeTooLargeError:
            return _TOO_LARGE
        except KafkaError as error:
            raise unreachable(self._bootstrap, error) from None

    def _answer(self, future: Any) -> Place | Unmendable | None:
        if isinstance(future, Unmendable):
            return future
        try:
            sent = future.get(timeout=CLOSE_SECONDS)
        except TOO_LARGE:
            return _TOO_LARGE
        except KafkaError:
            return None
        return (f"{self._topic}/{self._incarnation}/{sent.partition}", int(sent.offset))


_TOO_LARGE = Unmendable(Reason.TOO_LARGE, "", "raise the topic's max.message.bytes, or discard it")


def wait_until_caught_up(client: Client, settings: Settings, seconds: float) -> TopicOffsets:
    """Until the ledger has all that Kafka has now. Raises TouchlineError when that takes too long, EngineUnreachable, WrongUsage."""
    kafka = read_offsets(settings)
    deadline = time.monotonic() + seconds
    while True:
        stored = following(read_accounts(client), kafka)
        ends = without_marks(settings, kafka, stored).end
        behind = sum(max(0, end - stored[partition]) for partition, end in ends.items())
        if not behind:
            return kafka
        if time.monotonic() > deadline:
            raise TouchlineError(
                f"{counted(behind, 'record')} of topic {settings.topic} {'is' if behind == 1 else 'are'} not stored yet: "
                "what was replayed before may be among them",
                "start a worker (`touchline up`, `touchline worker`), or give --wait more seconds",
            )
        time.sleep(POLL_SECONDS)


def pauses(seconds: float, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Waits between looks, until the seconds are over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        sleep(POLL_SECONDS)
        yield


_STANDING = """
SELECT toString(source), event_id, payload_hash FROM journey_raw.ledger
WHERE kind = 'received' AND sign = 1 AND (fate IN ('stored', 'superseded') OR reason = 'conflict') AND event_id IN %(event_ids)s
  AND (toString(source), event_id, payload_hash) IN %(versions)s
  AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE kind = 'received' AND sign = -1 AND event_id IN %(event_ids)s)
"""
_FATES = f"""
SELECT toString(stream), offset, toString(fate), toString(reason), toString(field) FROM journey_raw.ledger
WHERE kind = 'received' AND stream IN %(streams)s AND insert_number >= %(floor)s AND (toString(stream), offset) IN %(places)s AND {NET_ROWS}
"""
