"""`touchline erase FILE` of many persons on a real engine with real workers: as each alone, by as many questions as one, and the others are
completed where of one something is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.rows import STREAM, mark, received, write
from tests.contract.sql.test_belongings import counting
from tests.contract.test_erasing import (
    KEYS,
    UNTIL_US,
    Command,
    Shop,
    begin,
    command as command,
    end,
    places,
    rows_naming,
)
from tests.support.engine import running_engine
from tests.support.erasures import SECRET
from tests.unit.processors.loop.world import person_key
from touchline.cli.erase_people import LISTED_MAX, find_people
from touchline.erasure.certificate import digest_of
from touchline.erasure.look import look
from touchline.erasure.run import SomeLeft, open_requests
from touchline.erasure.tables import read_requests, write_states
from touchline.erasure.values import DONE, RETRACTED, Subject
from touchline.erasure.whom import Named, subjects_of, withdrawn
from touchline.errors import WrongUsage
from touchline.settings import Settings

FAR = 9 << 52
"""Row ids of a partition that no worker has."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("erasing")) as settings:
        yield settings


@pytest.fixture(scope="module")
def shop(engine: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(engine, tmp_path_factory.mktemp("workers"))
    yield shop
    shop.close()


def named(kind: str, value: str) -> Named:
    return Named([KEYS.key(kind, value)], kind, value)


def found_one_by_one(client: Client, names: list[Named]) -> list[Subject]:
    return [one for name in names for one in subjects_of(client, [name], UNTIL_US)]


def test_many_names_give_what_each_alone_gives_and_two_of_one_person_one(shop: Shop) -> None:
    """Fay and Gil share a tablet; an unknown key is nobody, an unknown card is itself."""
    client = shop.client
    names = [
        *(named("login", one) for one in ("fay", "gil", "bob", "hal", "nobody")),
        Named([person_key(3)]),
        Named([KEYS.key("login", "bob")[:20]]),
        Named([KEYS.key("login", "nobody at all")]),
    ]
    alone = found_one_by_one(client, names)
    assert subjects_of(client, [*names[:6], names[7]], UNTIL_US) == [*alone[:6]]
    assert {one.identifiers[0] for one in subjects_of(client, names, UNTIL_US)} == {one.identifiers[0] for one in alone}
    assert len(subjects_of(client, names, UNTIL_US)) == 6
    assert [one.raw for one in withdrawn(client, alone)] == [("hal",)]
    assert look(places(client), alone) == [found for one in alone for found in look(places(client), [one])]


def test_a_name_that_is_not_one_person_is_told_by_its_line_and_not_by_itself(shop: Shop) -> None:
    client = shop.client
    wrong = [named("household", "12"), Named(["k1:"]), named("login", "bob")]
    wrong = [one._replace(line=place) for place, one in enumerate(wrong, 7)]
    with pytest.raises(WrongUsage, match=r"^line 8: several person keys begin so$"):
        subjects_of(client, wrong, UNTIL_US)
    with pytest.raises(WrongUsage, match=r"^line 7: a household is not a person") as told:
        subjects_of(client, [wrong[0], wrong[2]], UNTIL_US)
    assert KEYS.key("household", "12") not in told.value.what


def test_finding_counting_and_erasing_many_takes_as_many_questions_as_two(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = shop.client
    asked: list[int] = []
    for persons in (range(40, 42), range(42, 56)):
        with shop.working(), counting(client, monkeypatch) as queries:
            names = [Named([person_key(one)]) for one in persons]
            people = find_people(places(client), SECRET, names, UNTIL_US, lambda _: None)
            assert len(people.found) == len(persons)
            certificates = end(client, begin(client, *persons))
        assert [one["sha256"] for one in certificates] == [digest_of(one) for one in certificates]
        # How long workers take, and how often the server is asked meanwhile, differs from time to time; so does how often parts are merged.
        asked.append(sum(not waits(one) for one in queries))
        assert [rows_naming(client, one) for one in persons] == [0] * len(persons)
    assert asked[0] == asked[1] <= 110


def waits(query: str) -> bool:
    return any(
        one in query for one in ("kind = 'mark' GROUP BY stream", "AS standing FROM", "OPTIMIZE", "_part, count()")
    )


def test_where_of_one_something_is_left_the_others_are_completed_and_it_is_said_how_many_remain(shop: Shop) -> None:
    client = shop.client
    with shop.working():
        made = begin(client, 20, 21, 22)
        with pytest.raises(SomeLeft) as first, row_of(client, person_key(21)):
            end(client, made, 20.0)
        assert [one["request"] for one in first.value.certificates] == [made[0], made[2]]
        assert first.value.what == "1 of 3 requests is not done yet: rows of 1 request still count"
        assert [one.id for one in open_requests(read_requests(client), SECRET)] == [made[1]]
        assert [rows_naming(client, one) for one in (20, 22)] == [0, 0]
        # Workers had followed, then it came.
        write_states(client, RETRACTED, {made[1]: read_requests(client)[-2].draft})
        again = begin(client, 23)
        with row_of(client, person_key(21)), pytest.raises(SomeLeft, match=r"1 of 2 requests.*1 row") as second:
            end(client, [made[1], *again])
        assert [one["request"] for one in second.value.certificates] == again
        end(client, made)
    assert {one.state for one in read_requests(client) if one.id in {*made, *again}} == {DONE}
    assert [rows_naming(client, one) for one in (20, 21, 22, 23)] == [0] * 4


@contextmanager
def row_of(client: Client, key: str) -> Iterator[None]:
    """A record of the person that no worker knows, while the block runs; with a mark, as each insert has one, so that parts merge."""
    stream = STREAM.format(9)
    row = received(FAR, "duplicate", 1, identifier=key, identifier_type="login", stream=stream, event_id="far")
    write(client, [row | {"erasure": 0}, mark(FAR + 1, 1, {}, stream=stream, erasure=1_000_000)])
    gone = f"ALTER TABLE journey_raw.ledger DELETE WHERE row_id IN ({FAR}, {FAR + 1})"
    try:
        yield
    finally:
        client.execute(gone, settings={"mutations_sync": 2})


def test_of_many_persons_sums_and_a_table_are_printed_and_json_stays_whole(
    shop: Shop, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "left.txt"
    persons = range(24, 25 + LISTED_MAX - 5)
    lines = [person_key(one) for one in persons] + [f"login:{one}" for one in ("ada", "bob", "cleo", "fay", "gil")]
    lines.insert(7, "login:nobody")
    file.write_text("\n".join(lines), encoding="utf-8-sig")
    status, told, shown = command(str(file), "--dry-run")
    count = len(lines) - 1
    assert (status, told, f"{count} persons" in shown, "1. " in shown) == (0, "", True, False)
    assert f"finding {len(lines)} persons" in shown
    assert "nothing is kept of 1 name, of line 8\n" in shown
    status, told, _ = command(str(file), "--dry-run", "--json")
    assert len(json.loads(told)["persons"]) == count
    with shop.working():
        status, told, _ = command(str(file), "--yes", "--out", str(tmp_path / "out"))
    assert status == 0
    requests = [one for one in read_requests(shop.client) if one.id in told]
    assert {one.state for one in requests} == {DONE}
    assert (len(requests), len(list((tmp_path / "out").iterdir()))) == (count, 2 * count)
    assert "Certificate of erasure" not in told
    drafts: list[Any] = [json.loads(one.draft) for one in requests]
    assert not [one for one in (told, shown) if any(line in one for line in lines)]
    assert all(digest_of(one) == one["sha256"] for one in drafts)
    status, _, told = command(str(file), "--yes")
    assert (status, "nothing is kept of these persons" in told) == (1, True)
