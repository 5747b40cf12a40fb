"""Sends one alert to one sink. What it raises says whether trying again may help."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp

from touchline.care.sinks.model import Sink, WebhookSink
from touchline.errors import WrongUsage

SIGNATURE_HEADER: Final = "Touchline-Signature"
KEY_HEADER: Final = "Idempotency-Key"
_AGAIN: Final = frozenset((408, 409, 423, 425, 429))
"""Statuses below 500 after which trying again may help."""


class NotTaken(Exception):
    """A sink did not take an alert. `is_final`: no repetition will change that."""

    def __init__(self, words: str, is_final: bool = False, after_seconds: float | None = None) -> None:
        super().__init__(words)
        self.is_final = is_final
        self.after_seconds = after_seconds


class Sender(Protocol):
    """Delivers one alert, or raises NotTaken."""

    async def __call__(self, key: str, body: dict[str, Any]) -> None:
        """Returns when the sink has it."""

    async def close(self) -> None:
        """Gives connections free."""


class WebhookSender:
    """POST of JSON, signed over the bytes that are sent. Redirects are not followed: the signature is for one address."""

    def __init__(self, sink: WebhookSink, folder: Path, clock_s: Callable[[], float]) -> None:
        """Raises WrongUsage when a file cannot be read."""
        self._url = sink.url or _read(folder / str(sink.url_file))
        self._secret = _read(folder / sink.secret_file).encode() if sink.secret_file else None
        self._template = sink.template
        self._timeout = aiohttp.ClientTimeout(total=sink.timeout_seconds)
        self._clock_s = clock_s
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, key: str, body: dict[str, Any]) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        data = json.dumps(in_slack_words(body) if self._template == "slack" else body).encode()
        headers = {"Content-Type": "application/json", KEY_HEADER: key}
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = signature(self._secret, int(self._clock_s()), data)
        try:
            async with self._session.post(self._url, data=data, headers=headers, allow_redirects=False) as answer:
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotTaken(type(error).__name__) from None  # its text has the address
        if not 200 <= status < 300:
            is_final = 300 <= status < 500 and status not in _AGAIN
            raise NotTaken(f"it answered {status}", is_final, float(wait) if wait.isdigit() else None)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class KafkaSender:
    """A record with the case id as key, acknowledged by all replicas."""

    def __init__(self, topic: str, connect: Callable[[], Any]) -> None:
        self._topic = topic
        self._connect = connect
        self._producer: Any = None

    async def __call__(self, key: str, body: dict[str, Any]) -> None:
        await asyncio.to_thread(self._send, key, body)

    def _send(self, key: str, body: dict[str, Any]) -> None:
        from kafka.errors import KafkaError

        from touchline.errors import EngineUnreachable

        try:
            if self._producer is None:
                self._producer = self._connect()
            case = str(body["case"]).encode()
            headers = [(KEY_HEADER.lower(), key.encode())]
            self._producer.send(self._topic, json.dumps(body).encode(), case, headers=headers).get(timeout=10)
        except (KafkaError, EngineUnreachable) as error:
            raise NotTaken(type(error).__name__) from None

    async def close(self) -> None:
        if self._producer is not None:
            from touchline.producers.session import disconnect

            await asyncio.to_thread(disconnect, self._producer)


def sender_of(sink: Sink, folder: Path, connect: Callable[[], Any], clock_s: Callable[[], float]) -> Sender:
    """The sender of a sink; `folder` is where relative paths of its files begin. Raises WrongUsage when one cannot be read."""
    if sink.kafka is not None:
        return KafkaSender(sink.kafka.topic, connect)
    assert sink.webhook is not None  # a sink is one of the two
    return WebhookSender(sink.webhook, folder, clock_s)


def signature(secret: bytes, seconds: int, body: bytes) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<seconds>.<body>`, so that an old request cannot be sent again as a new one."""
    digest = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def in_slack_words(body: Mapping[str, Any]) -> dict[str, Any]:
    """As chats take it: a line of text, and fields. No person key: a chat is read by many."""
    what = f"{body.get('rule', '')}: {body['state']}"
    where = body.get("touchpoint", "")
    fields = {
        "Touchpoint": where, "Place": body.get("place"), "Stage": body.get("stage"), "Severity": body.get("severity"),
        "Due": body.get("due_at"), "Owner": body.get("owner"), "Case": body["case"],
    }  # fmt: skip
    shown = [{"type": "mrkdwn", "text": f"*{name}*\n{value}"} for name, value in fields.items() if value]
    simulated = " (simulated)" if body.get("simulated") else ""
    text = f"{what} at {where}{simulated}" if where else f"{what}{simulated}"
    return {
        "text": text,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": f"*{text}*"}},
            {"type": "section", "fields": shown},
        ],
    }


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"cannot read {path}", "check path and rights of the sink's file") from error
    if not text:
        raise WrongUsage(f"{path} is empty", "write the secret (or the address) into it")
    return text
