"""Requests to erase as rows, for tests of what follows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from clickhouse_driver import Client

from touchline.schemas.erasure import ErasureSecret

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ask_to_erase(
    client: Client, number: int, request: str, identifier: str, secret: ErasureSecret, *, is_done: bool = False
) -> None:
    """All up to now of one identifier; of a request that is done the digest alone is left."""
    digest, now = secret.of_identifier(identifier).hex(), datetime.now(UTC)
    row = (number, request, "erase", "" if is_done else identifier, "login", digest, secret.id, EPOCH, now, now)
    client.execute("INSERT INTO journey_raw.erasures VALUES", [row])
    states = [(request, "asked", now, ""), (request, "done", now + timedelta(seconds=1), "{}")][: 1 + is_done]
    client.execute("INSERT INTO journey_raw.erasure_states VALUES", states)


def ask_for_marks(client: Client, number: int, secret: ErasureSecret) -> None:
    """That workers say in their marks that they have read all so far; it names nobody."""
    now = datetime.now(UTC)
    client.execute(
        "INSERT INTO journey_raw.erasures VALUES", [(number, "", "read", "", "", "", secret.id, EPOCH, EPOCH, now)]
    )
