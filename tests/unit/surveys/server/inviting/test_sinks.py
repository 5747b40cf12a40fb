"""How an invitation is handed over: what is sent, and whether a failure is tried again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from touchline.errors import EngineUnreachable, WrongUsage
from touchline.settings import Settings
from touchline.surveys.server.inviting.sinks import NotTaken, TopicSink, WebhookSink, signature, sinks_of

BODY = {"id": "a" * 32, "link": "https://ask.example/q/ü"}


class _Session:
    """Answers as it is told; keeps what was posted."""

    def __init__(self, status: int = 200, retry_after: str = "", error: Exception | None = None) -> None:
        self.status = status
        self.headers = {"Retry-After": retry_after}
        self.error = error
        self.posted: list[tuple[str, bytes, dict[str, str]]] = []
        self.is_closed = False

    def post(self, url: str, *, data: bytes, headers: dict[str, str], allow_redirects: bool) -> _Session:
        assert not allow_redirects
        self.posted.append((url, data, headers))
        return self

    async def __aenter__(self) -> _Session:
        if self.error is not None:
            raise self.error
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def close(self) -> None:
        self.is_closed = True


def post(monkeypatch: pytest.MonkeyPatch, session: _Session, secret: bytes | None = b"sesame") -> None:
    monkeypatch.setattr("aiohttp.ClientSession", lambda **_: session)

    async def go() -> None:
        sink = WebhookSink("https://mail.example/in", secret, lambda: 1_760_000_000.9)
        try:
            await sink.take("a" * 32, BODY)
        finally:
            await sink.close()

    asyncio.run(go())
    assert session.is_closed


def test_a_webhook_gets_the_key_and_a_signature_over_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    session = _Session(204)
    post(monkeypatch, session)
    ((url, data, headers),) = session.posted
    assert (url, json.loads(data), headers["Idempotency-Key"]) == ("https://mail.example/in", BODY, "a" * 32)
    assert headers["Touchline-Signature"] == signature(b"sesame", 1_760_000_000, data)
    unsigned = _Session()
    post(monkeypatch, unsigned, None)
    assert "Touchline-Signature" not in unsigned.posted[0][2]


@pytest.mark.parametrize(
    ("status", "is_final"), [(400, True), (422, True), (401, False), (404, False), (503, False), (302, False)]
)
def test_what_is_refused_for_good_is_about_this_invitation_alone(
    monkeypatch: pytest.MonkeyPatch, status: int, is_final: bool
) -> None:
    with pytest.raises(NotTaken, match=f"answered {status}") as told:
        post(monkeypatch, _Session(status, "7"))
    assert (told.value.is_final, told.value.after_seconds) == (is_final, 7.0)


def test_a_receiver_that_is_away_is_tried_again_and_its_address_stays_out_of_the_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(NotTaken) as told:
        post(monkeypatch, _Session(error=TimeoutError("https://mail.example/in")))
    assert (str(told.value), told.value.is_final) == ("TimeoutError", False)


class _Producer:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[tuple[Any, ...]] = []

    def send(self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> _Producer:
        self.sent.append((topic, json.loads(value), key, headers))
        return self

    def get(self, timeout: float) -> None:
        assert timeout > 0
        if self.error is not None:
            raise self.error

    def close(self, timeout: float) -> None:
        assert timeout > 0


def to_topic(producer: _Producer | Exception) -> None:
    def connect() -> _Producer:
        if isinstance(producer, Exception):
            raise producer
        return producer

    async def go() -> None:
        sink = TopicSink("invitations", connect)
        await sink.take("a" * 32, BODY)
        await sink.close()

    asyncio.run(go())


def test_a_topic_gets_a_record_by_the_id_of_the_ask() -> None:
    producer = _Producer()
    to_topic(producer)
    assert producer.sent == [("invitations", BODY, b"a" * 32, [("idempotency-key", b"a" * 32)])]


@pytest.mark.parametrize("trouble", [_Producer(KafkaTimeoutError()), EngineUnreachable("Kafka is away", "start it")])
def test_kafka_that_is_away_is_tried_again(trouble: Any) -> None:
    with pytest.raises(NotTaken) as told:
        to_topic(trouble)
    assert not told.value.is_final


def test_settings_say_where_invitations_go(tmp_path: Path) -> None:
    assert sinks_of(Settings(), lambda: 0.0) == []
    (tmp_path / "secret").write_text(" sesame\n")
    both = Settings().with_changes(
        invitations_topic="invitations",
        invitations_webhook="https://mail.example/in",
        invitations_webhook_secret_file=tmp_path / "secret",
    )
    assert [one.name for one in sinks_of(both, lambda: 0.0)] == ["topic", "webhook"]
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(WrongUsage, match="is empty"):
        sinks_of(both, lambda: 0.0)
    with pytest.raises(WrongUsage, match="cannot be read"):
        sinks_of(both.with_changes(invitations_webhook_secret_file=tmp_path / "moon"), lambda: 0.0)
