"""Blanking where the server cannot merge the ledger: a part lacks projections, or the disk has no room. Nothing is begun, and the error
says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.support.engine import running_engine
from tests.support.erasures import SECRET
from touchline.clickhouse.connect import connect
from touchline.erasure.blank import blank
from touchline.erasure.due import due
from touchline.erasure.merging import odd_parts, require_room
from touchline.errors import TouchlineError

COLUMNS = "kind, stream, insert_number, sign, row_id, offset, source, event_id, fate, identifier"
SUM = "SELECT count(), sum(cityHash64(*)) FROM journey_raw.ledger"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A ledger of which one event was stored by one insert and erased by another; its parts are merged when a test lets them be."""
    with running_engine(tmp_path) as settings:
        client = connect(settings)
        client.execute("SYSTEM STOP MERGES journey_raw.ledger")
        insert(client, 1, received(1, 1, "stored", 1), mark=True)
        insert(client, 2, received(2, -1, "stored", 1), received(2, 1, "erased", 2), mark=True)
        yield client
        client.disconnect()


def received(number: int, sign: int, fate: str, row_id: int) -> tuple[Any, ...]:
    return ("received", "events/T/0", number, sign, row_id, 7, "shop", "e1", fate, "k1:login:a")


def insert(client: Client, number: int, *rows: tuple[Any, ...], mark: bool) -> None:
    marks = [("mark", "events/T/0", number, 1, 1_000 + number, 0, "", "", "", "")] if mark else []
    client.execute(f"INSERT INTO journey_raw.ledger ({COLUMNS}) VALUES", [*rows, *marks])


def test_parts_of_workers_are_of_one_kind(client: Client) -> None:
    assert odd_parts(client) == []
    client.execute("SYSTEM START MERGES journey_raw.ledger")
    assert blank(client, SECRET, lambda _: None).records == 1


def test_a_part_without_the_mark_is_named_before_anything_is_merged_and_the_remedy_is_one(client: Client) -> None:
    other = ("received", "events/T/0", 3, 1, 30, 8, "shop", "e2", "stored", "k1:login:b")
    insert(client, 3, other, mark=False)
    (odd,) = odd_parts(client)
    assert {"account", "feed", "retracted"} <= set(odd.missing)
    assert not {"by_event", "by_identifier"} & set(odd.missing), "of these it has rows"
    before = client.execute(SUM)
    said = list[str]()
    with pytest.raises(TouchlineError, match=re.escape(odd.name)) as raised:
        blank(client, SECRET, said.append)
    assert said == []
    assert client.execute(SUM) == before
    assert "retracted" in raised.value.what
    assert "k1:" not in raised.value.what + raised.value.hint

    client.execute("SYSTEM START MERGES journey_raw.ledger")
    forms = re.findall(r"((?:ALTER|OPTIMIZE) TABLE [\w. ]+)", raised.value.hint)
    assert [one.split()[3] for one in forms] == ["CLEAR", "FINAL", "MATERIALIZE"]
    for form in forms:
        for name in odd.missing if form.endswith(" name") else ["name"]:
            client.execute(form.removesuffix("name") + name * form.endswith(" name"), settings={"mutations_sync": 2})
    assert odd_parts(client) == []
    assert client.execute(SUM) == before
    assert blank(client, SECRET, lambda _: None).records == 1
    assert due(client).is_empty


class WithoutRoom:
    """A client of a server whose disk is nearly full."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def execute(self, sql: str, *arguments: Any, **options: Any) -> Any:
        assert "OPTIMIZE" not in sql
        assert "ALTER" not in sql
        return [(1_000,)] if "system.disks" in sql else self._client.execute(sql, *arguments, **options)


def test_without_free_disk_space_nothing_is_begun(client: Client) -> None:
    require_room(client)
    before = client.execute(SUM)
    full: Any = WithoutRoom(client)
    with pytest.raises(TouchlineError, match="disk space") as raised:
        blank(full, SECRET, lambda _: None)
    assert "free" in raised.value.hint
    assert client.execute(SUM) == before
