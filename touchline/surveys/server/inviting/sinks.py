"""Hands one invitation to the company's own sender: a Kafka topic, or a webhook. What is raised says whether trying again may help.

Headers and signature are those of the alerts of cases: one receiver's code checks both.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, Final, Protocol

import aiohttp

from touchline.errors import EngineUnreachable, WrongUsage
from touchline.producers.session import connect, disconnect
from touchline.settings import Settings

SIGNATURE_HEADER: Final = "Touchline-Signature"
KEY_HEADER: Final = "Idempotency-Key"
WEBHOOK_SECONDS: Final = 10.0
KAFKA_SECONDS: Final = 5.0
_NEVER: Final = frozenset((400, 410, 413, 422))
"""Statuses that are about this invitation, so that the same request would be refused again. Others are about the receiver, or who asks."""


class NotTaken(Exception):
    """The other side did not take an invitation. `is_final`: no repetition will change that."""

    def __init__(self, words: str, is_final: bool = False, after_seconds: float | None = None) -> None:
        super().__init__(words)
        self.is_final = is_final
        self.after_seconds = after_seconds


class Sink(Protocol):
    """Where invitations go."""

    @property
    def name(self) -> str:
        """In logs and metrics."""

    async def take(self, key: str, body: dict[str, Any]) -> None:
        """Returns when the other side has it, else raises NotTaken."""

    async def close(self) -> None:
        """Lets go of connections."""


class TopicSink:
    """A record with the ask id as key, acknowledged by all replicas."""

    name = "topic"

    def __init__(self, topic: str, open_producer: Callable[[], Any]) -> None:
        self._topic = topic
        self._open = open_producer
        self._lock = asyncio.Lock()
        self._producer: Any = None

    async def take(self, key: str, body: dict[str, Any]) -> None:
        """See Sink."""
        from kafka.errors import KafkaError

        data, headers = json.dumps(body, ensure_ascii=False).encode(), [(KEY_HEADER.lower(), key.encode())]
        try:
            async with self._lock:
                if self._producer is None:
                    self._producer = await asyncio.to_thread(self._open)
            await asyncio.to_thread(self._send, key.encode(), data, headers)
        except (KafkaError, EngineUnreachable) as error:
            raise NotTaken(type(error).__name__) from None

    def _send(self, key: bytes, data: bytes, headers: list[tuple[str, bytes]]) -> None:
        self._producer.send(self._topic, data, key, headers=headers).get(timeout=KAFKA_SECONDS * 2)

    async def close(self) -> None:
        """See Sink."""
        if self._producer is not None:
            await asyncio.to_thread(disconnect, self._producer)


class WebhookSink:
    """POST of JSON, signed over the bytes that are sent. Redirects are not followed: the signature is for one address."""

    name = "webhook"

    def __init__(self, url: str, secret: bytes | None, clock_s: Callable[[], float]) -> None:
        self._url = url
        self._secret = secret
        self._clock_s = clock_s
        self._session: aiohttp.ClientSession | None = None

    async def take(self, key: str, body: dict[str, Any]) -> None:
        """See Sink."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WEBHOOK_SECONDS))
        data = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", KEY_HEADER: key}
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = signature(self._secret, int(self._clock_s()), data)
        try:
            async with self._session.post(self._url, data=data, headers=headers, allow_redirects=False) as answer:
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotTaken(type(error).__name__) from None  # its text has the address
        if not 200 <= status < 300:
            raise NotTaken(f"it answered {status}", status in _NEVER, float(wait) if wait.isdecimal() else None)

    async def close(self) -> None:
        """See Sink."""
        if self._session is not None:
            await self._session.close()


def signature(secret: bytes, seconds: int, body: bytes) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<seconds>.<body>`, so that an old request cannot be sent again as a new one."""
    return f"t={seconds},v1={hmac.new(secret, f'{seconds}.'.encode() + body, hashlib.sha256).hexdigest()}"


def sinks_of(settings: Settings, clock_s: Callable[[], float]) -> list[Sink]:
    """The sinks that settings name; none where nobody is to be invited. Raises WrongUsage where the secret cannot be read."""

    def open_producer() -> Any:
        return connect(settings.kafka_bootstrap, KAFKA_SECONDS, KAFKA_SECONDS * 2, {"linger_ms": 0})

    sinks: list[Sink] = []
    if settings.invitations_topic is not None:
        sinks.append(TopicSink(settings.invitations_topic, open_producer))
    if settings.invitations_webhook is not None:
        sinks.append(WebhookSink(settings.invitations_webhook, _secret(settings), clock_s))
    return sinks


def _secret(settings: Settings) -> bytes | None:
    path = settings.invitations_webhook_secret_file
    if path is None:
        return None
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise WrongUsage(
            f"the secret of the invitations in {path} cannot be read ({type(error).__name__})",
            "check path and rights of invitations_webhook_secret_file",
        ) from None
    if not secret:
        raise WrongUsage(f"{path} is empty", "write the secret of the webhook into it")
    return secret
