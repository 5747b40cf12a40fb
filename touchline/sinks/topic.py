"""Hands over as records of a Kafka topic, which must exist, acknowledged by all replicas."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Final

from touchline.errors import EngineUnreachable
from touchline.producers.session import connect, disconnect
from touchline.sinks.again import NotTaken
from touchline.sinks.signing import KEY_HEADER

CONNECT_SECONDS: Final = 5.0
DELIVERY_SECONDS: Final = 10.0
THREADS: Final = 8
"""Of each topic: kafka-python blocks, and a topic that is not there would hold up whatever shares its threads."""


def producer_for(bootstrap: str) -> Callable[[], Any]:
    """Opens a producer that sends each record at once."""
    return lambda: connect(bootstrap, CONNECT_SECONDS, DELIVERY_SECONDS, {"linger_ms": 0})


class TopicSender:
    """For one topic and one event loop. `record_key` makes the key of a record of key and body; where it is left out, it is the key."""

    def __init__(
        self,
        topic: str,
        open_producer: Callable[[], Any],
        record_key: Callable[[str, Mapping[str, Any]], str] = lambda key, _: key,
    ) -> None:
        self._topic = topic
        self._open = open_producer
        self._record_key = record_key
        self._threads = ThreadPoolExecutor(THREADS, f"sink {topic}")
        self._lock = Lock()
        self._producer: Any = None

    async def __call__(self, key: str, body: Mapping[str, Any]) -> None:
        """See Sender."""
        from kafka.errors import KafkaError

        data = json.dumps(body).encode()
        record = (data, self._record_key(key, body).encode(), [(KEY_HEADER.lower(), key.encode())])
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._send, *record)
        except (KafkaError, EngineUnreachable) as error:
            raise NotTaken(type(error).__name__) from None

    def _send(self, data: bytes, record_key: bytes, headers: list[tuple[str, bytes]]) -> None:
        with self._lock:
            if self._producer is None:
                self._producer = self._open()
        self._producer.send(self._topic, data, record_key, headers=headers).get(timeout=DELIVERY_SECONDS)

    async def close(self) -> None:
        """See Sender."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._producer is not None:
            await asyncio.to_thread(disconnect, self._producer)
