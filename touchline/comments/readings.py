"""Every reading of what people wrote, written down: who, when, by which way, what was asked for, how many. Nothing of the texts.

Why: docs/decisions/0189.
"""

from __future__ import annotations

import hashlib
import os
import pwd
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.comments.values import us_of
from touchline.schemas.erasure import ErasureSecret
from touchline.schemas.personal.find import mask

COMMENTS: Final = "comments"
PAGE: Final = "page"
EXPORT: Final = "export"


class Reading(NamedTuple):
    """One reading as it is written down. `person_digest` is empty unless one person was asked for."""

    way: str
    reader: str
    filters: Mapping[str, str]
    person_digest: str
    opened: int
    shown: int


class Logged(NamedTuple):
    """One reading as it stands. `login` is the user of ClickHouse who wrote it, as the server says."""

    read_at: datetime
    way: str
    reader: str
    login: str
    filters: Mapping[str, str]
    person_digest: str
    opened: int
    shown: int


def record_reading(client: Client, reading: Reading, now: datetime | None = None) -> None:
    """Append it, without personal values among its filters. What is read must not be shown where this raises."""
    filters = {name: mask(text).text for name, text in reading.filters.items()}
    row = (now or datetime.now(UTC), *reading[:2], filters, *reading[3:])
    client.execute(
        "INSERT INTO journey_raw.readings (read_at, way, reader, filters, person_digest, opened, shown) VALUES", [row]
    )


def read_log(
    client: Client,
    since: datetime | None = None,
    until: datetime | None = None,
    persons: Sequence[str] | None = None,
    limit: int = 50,
    secret: ErasureSecret | None = None,
) -> list[Logged]:
    """The newest readings first; `persons`: of these person keys alone, with the secret also of those who are erased."""
    digests = (
        None if persons is None else [*map(digest_of, persons), *(map(secret.of_reading, persons) if secret else ())]
    )
    asked: dict[str, tuple[str, object]] = {
        "since": ("read_at >= fromUnixTimestamp64Micro(%(since)s, 'UTC')", None if since is None else us_of(since)),
        "until": ("read_at < fromUnixTimestamp64Micro(%(until)s, 'UTC')", None if until is None else us_of(until)),
        "digests": ("person_digest IN %(digests)s", None if digests is None else tuple(digests)),
    }
    given = {name: (sql, value) for name, (sql, value) in asked.items() if value is not None}
    where = " AND ".join(sql for sql, _ in given.values()) or "1"
    rows = client.execute(
        "SELECT read_at, toString(way), reader, toString(login), filters, person_digest, opened, shown FROM journey_raw.readings "
        f"WHERE {where} ORDER BY read_at DESC, reader LIMIT {limit}",
        {name: value for name, (_, value) in given.items()},
    )
    return [Logged(*row) for row in rows]


def digest_of(person: str) -> str:
    """By this a person's readings are found. Who has not the key cannot make it, nor get back from it. Of who is erased another one takes
    its place, under the erasure secret (touchline/erasure/blank_readings.py)."""
    return hashlib.sha256(b"touchline reading" + person.encode()).hexdigest()[:32]


def reader_of_command() -> str:
    """The user of the operating system who runs this process, as the system says and not as a variable says; whoever became root by sudo
    is named, too."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    behind = os.environ.get("SUDO_USER", "") if os.getuid() == 0 else ""
    return f"{name} (sudo: {behind})" if behind else name
