"""What is sent to a webhook, and what its answer means. Receivers that mean ill: tests/integration/test_sinks.py."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from touchline.sinks.again import NotTaken
from touchline.sinks.signing import signature
from touchline.sinks.webhook import WebhookSender

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


def post(
    monkeypatch: pytest.MonkeyPatch, session: _Session, secret: bytes | None = b"sesame", **options: Any
) -> tuple[str, bytes, dict[str, str]]:
    monkeypatch.setattr("aiohttp.ClientSession", lambda **_: session)

    async def go() -> None:
        sender = WebhookSender("https://mail.example/in", secret, 5.0, lambda: 1_760_000_000.9, **options)
        try:
            await sender("a" * 32, BODY)
        finally:
            await sender.close()

    asyncio.run(go())
    assert session.is_closed
    (posted,) = session.posted
    return posted


def test_a_webhook_gets_the_key_and_a_signature_over_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    url, data, headers = post(monkeypatch, _Session(204))
    assert (url, json.loads(data), headers["Idempotency-Key"]) == ("https://mail.example/in", BODY, "a" * 32)
    assert headers["Touchline-Signature"] == signature(b"sesame", 1_760_000_000, data)
    assert "Touchline-Signature" not in post(monkeypatch, _Session(), None)[2]


def test_a_chat_gets_its_own_words_and_they_are_what_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    _, data, headers = post(monkeypatch, _Session(), shape=lambda body: {"text": body["id"]})
    assert json.loads(data) == {"text": "a" * 32}
    assert headers["Touchline-Signature"] == signature(b"sesame", 1_760_000_000, data)


def test_what_no_encoding_has_goes_out_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    _, data, _ = post(monkeypatch, _Session(), shape=lambda _: {"place": "\ud800"})
    assert data == b'{"place": "\\ud800"}'


def test_an_answer_that_is_no_2xx_is_told_with_what_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotTaken, match="it answered 422") as told:
        post(monkeypatch, _Session(422, "7"))
    assert (told.value.is_final, told.value.after_seconds) == (True, 7.0)


@pytest.mark.parametrize("error", [TimeoutError, ConnectionResetError, ValueError])
def test_a_receiver_that_is_away_is_tried_again_and_its_address_stays_out_of_the_words(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    with pytest.raises(NotTaken) as told:
        post(monkeypatch, _Session(error=error("https://mail.example/in")))
    assert (str(told.value), told.value.is_final) == (error.__name__, False)
    assert told.value.__cause__ is None
