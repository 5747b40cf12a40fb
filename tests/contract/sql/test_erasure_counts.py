"""What is kept of many persons is counted by one query as it is counted row by row."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from clickhouse_driver import Client

from tests.contract.sql.rows import DEFAULTS, NEVER, Row, attached, received, retraction, write
from tests.contract.sql.test_belongings import counting
from touchline.erasure.count import Counted, count_left, count_rows
from touchline.erasure.values import Rows, Target, whole_of
from touchline.person.evidence import moment_of, time_us

NAMES = [f"k1:{number:064x}" for number in range(8)]
Kind = tuple[str, str, str, int]
DAY_US = 86_400_000_000
START_US = time_us(datetime(2026, 3, 1, tzinfo=UTC))


def world(seed: int) -> list[Row]:
    """Rows of all kinds, some taken back, links within a person and between persons, and rows without a time."""
    chance = random.Random(seed)
    rows: list[Row] = []
    for number in range(1, 120):
        who = {"identifier": chance.choice(NAMES), "event_time": moment_of(START_US + chance.randrange(10) * DAY_US)}
        kind = chance.choice(["received", "attached", "link", "unlink", "claim", "handoff", "away"])
        if kind == "received":
            fate = chance.choice(["stored", "duplicate", "erased"])
            row = received(number, fate, number, **who) | {"comment": chance.choice(["", "sealed"])}
        elif kind == "attached":
            row = attached(number, **who, map=chance.choice(["retail", "other"])) | {"comment": ""}
        else:
            row = DEFAULTS | {"kind": kind, "row_id": number, "comment": ""} | who
            if kind in ("link", "unlink"):
                row["linked_identifier"] = chance.choice(NAMES)
            elif chance.random() < 0.5:
                row["event_time"] = NEVER
        rows.append(row)
    return rows + [retraction(row) for row in rows if chance.random() < 0.3]


def persons(seed: int) -> list[list[Target]]:
    """Some share an identifier; some have it for a time, or for two."""
    chance = random.Random(seed)
    until = START_US + 8 * DAY_US
    found = []
    for _ in range(4):
        own = [Target(one, "login", 0, until) for one in chance.sample(NAMES, 2)]
        first, second = sorted(chance.sample(range(8), 2))
        device = chance.choice(NAMES)
        own.append(Target(device, "device", START_US + first * DAY_US, START_US + second * DAY_US))
        own.append(Target(device, "device", START_US + (second + 1) * DAY_US, until))
        found.append([*own, own[0]])
    return found


def is_meant(row: Row, end: str, targets: Sequence[Target], whole: set[str]) -> bool:
    name, at_us = row[end], time_us(row["event_time"])
    return any(
        one.identifier == name
        and (at_us > one.after_us or (at_us == 0 and name in whole))
        and at_us <= one.until_us
        and (name in whole or row["kind"] not in ("away", "handoff"))
        for one in targets
    )


def found_of(rows: Sequence[Row], targets: Sequence[Target], whole: set[str]) -> Iterator[Row]:
    for row in rows:
        at_other = row["kind"] in ("link", "unlink") and is_meant(row, "linked_identifier", targets, whole)
        if is_meant(row, "identifier", targets, whole) or at_other:
            yield row


def recounted(rows: Sequence[Row], targets: Sequence[Target]) -> Counted:
    kept, standing = Counter[Kind](), Counter[Kind]()
    net = Counter[int]()
    for row in rows:
        net[row["row_id"]] += row["sign"]
    texts = []
    for row in found_of(rows, targets, whole_of(targets)):
        kind = (row["kind"], row["fate"], row["map"], row["map_version"])
        kept[kind] += 1
        standing[kind] += row["sign"]
        if row["fate"] == "stored" and row["sign"] == 1 and net[row["row_id"]]:
            texts.append(row)
    texts = [one for one in texts if is_meant(one, "identifier", targets, whole_of(targets))]
    days = sorted(str(one["event_time"].date()) for one in texts) or [""]
    comments = sum(one["comment"] != "" for one in texts)
    return Counted([Rows(*kind, standing[kind], kept[kind]) for kind in sorted(kept)], comments, days[0], days[-1])


def recounted_left(rows: Sequence[Row], targets: Sequence[Target]) -> dict[str, int]:
    left = Counter[str]()
    for row in found_of(rows, targets, set()):
        if row["kind"] in ("attached", "link", "unlink", "claim") or (
            row["kind"] == "received" and row["fate"] != "erased"
        ):
            left[row["kind"]] += row["sign"]
    return {kind: count for kind, count in left.items() if count}


@pytest.mark.parametrize("seed", range(8))
def test_many_persons_are_counted_as_row_by_row(empty_client: Client, seed: int) -> None:
    rows, some = world(seed), persons(seed)
    write(empty_client, rows)
    assert count_rows(empty_client, some) == [recounted(rows, one) for one in some]
    assert count_left(empty_client, some) == [recounted_left(rows, one) for one in some]


def test_the_number_of_queries_does_not_grow_with_the_persons(
    empty_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(empty_client, world(1))
    some = [[Target(f"k1:{number:064x}", "login", 0, START_US + 9 * DAY_US)] for number in range(400)]
    with counting(empty_client, monkeypatch) as asked:
        many = count_rows(empty_client, some), count_left(empty_client, some)
    assert len(asked) == 3
    one_by_one = [(count_rows(empty_client, [one])[0], count_left(empty_client, [one])[0]) for one in some[:10]]
    assert list(zip(*many, strict=True))[:10] == one_by_one
    assert count_rows(empty_client, []) == []
    assert count_left(empty_client, []) == []


def test_more_identifiers_than_one_query_takes_are_counted_in_several(empty_client: Client) -> None:
    write(empty_client, world(2))
    some = [[Target(f"k1:{number:064x}", "login", 0, START_US + 9 * DAY_US)] for number in range(1_300)]
    found = count_rows(empty_client, some)
    assert [bool(one.rows) for one in found] == [number < len(NAMES) for number in range(1_300)]
