"""Hands over by POST. Of an answer status and Retry-After count: no body is read, no cookie kept, no redirect followed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from touchline.sinks.again import NotTaken, verdict
from touchline.sinks.signing import headers


def _as_it_is(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body


class WebhookSender:
    """For one address and one event loop. `shape` makes what is sent as JSON."""

    def __init__(
        self,
        url: str,
        secret: bytes | None,
        seconds: float,
        clock_s: Callable[[], float],
        shape: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _as_it_is,
    ) -> None:
        """`seconds` is how long a try may take in all, however slowly the other side talks."""
        self._url = url
        self._secret = secret
        self._seconds = seconds
        self._clock_s = clock_s
        self._shape = shape
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, key: str, body: Mapping[str, Any]) -> None:
        """See Sender."""
        data = json.dumps(self._shape(body)).encode()
        said = headers(key, data, self._secret, int(self._clock_s()))
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._opened().post(self._url, data=data, headers=said, allow_redirects=False) as answer,
            ):
                status, retry_after = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a TimeoutError is an OSError
            raise NotTaken(type(error).__name__) from None  # its text has the address
        refusal = verdict(status, retry_after, self._clock_s())
        if refusal is not None:
            raise refusal

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        """See Sender."""
        if self._session is not None:
            await self._session.close()
