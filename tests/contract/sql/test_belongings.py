"""Many identifiers are read at once with what each alone would give, in a number of queries that does not grow with them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.rows import Row, choose_default_map, retraction, write
from tests.contract.sql.test_person import TYPES, event, key, link
from touchline.person.belongings import read_belongings
from touchline.person.known import keys_beginning_with, known_keys
from touchline.sql.schema.reference import register_hub_neighbours

KINDS = ("login", "loyalty", "mail", "device", "anonymous", "household")


def value(kind: str, seed: int, number: int) -> str:
    return f"{kind}-{seed}-{number}" + ("@example.org" if kind == "mail" else "")


def world(seed: int, persons: int) -> list[Row]:
    """Identifiers of all types with links, un-links, hubs and shared devices, published under themselves or whomever, some of it taken
    back."""
    chance = random.Random(seed)
    names = [key(kind, value(kind, seed, number)) for number in range(persons) for kind in chance.sample(KINDS, 3)]
    rows: list[Row] = []
    for number in range(3 * persons):
        who = chance.choice(names)
        rows += event(number + 1, who, who if chance.random() < 0.6 else chance.choice(names), chance.randrange(1, 40))
    for number in range(2 * persons):
        one, other = chance.sample(names, 2)
        kind = "unlink" if chance.random() < 0.2 else "link"
        rows.append(link(100_000 + number, one, other, chance.randrange(1, 40), kind))
    logins = [one for one in names if TYPES[one] == "login"]
    tablets = [one for one in names if TYPES[one] in ("device", "anonymous")]
    for number in range(persons):  # so that some are shared
        rows.append(link(200_000 + number, chance.choice(logins), chance.choice(tablets[:4]), chance.randrange(1, 40)))
    rows += [link(300_000 + number, one, logins[0], 1) for number, one in enumerate(names[-8:])]  # so that one is a hub
    rows += [retraction(row) for row in rows if chance.random() < 0.1]
    return rows


@contextmanager
def counting(client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The queries that are asked in the block."""
    asked: list[str] = []
    execute = client.execute

    def noted(query: str, *arguments: Any, **options: Any) -> Any:
        asked.append(query)
        return execute(query, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(client, "execute", noted)
        yield asked


def named(rows: Sequence[Row]) -> list[str]:
    return sorted({row[end] for row in rows for end in ("identifier", "linked_identifier") if row[end]})


@pytest.mark.parametrize("seed", range(6))
def test_what_belongs_to_each_of_many_is_what_belongs_to_it_alone(empty_client: Client, seed: int) -> None:
    register_hub_neighbours(empty_client, 6)
    choose_default_map(empty_client)
    rows = world(seed, 12)
    write(empty_client, rows)
    keys = [*named(rows), key("login", "nobody")]
    together = read_belongings(empty_client, keys)
    alone = {one: found for one in keys for found in read_belongings(empty_client, [one]).values()}
    assert together == alone
    assert key("login", "nobody") not in together
    assert any(one.shared for one in together.values())
    assert any(one.hubs for one in together.values())
    assert any(len(one.identifiers) > 2 for one in together.values())


def test_the_number_of_queries_does_not_grow_with_the_persons(
    empty_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_default_map(empty_client)
    pairs = [(key("login", f"q{number}"), key("loyalty", f"q{number}")) for number in range(300)]
    rows = [row for number, (one, _) in enumerate(pairs) for row in event(number + 1, one, one, 1)]
    rows += [link(100_000 + number, *pair, 2) for number, pair in enumerate(pairs)]
    write(empty_client, rows)
    counts = []
    for some in (pairs[:1], pairs):
        with counting(empty_client, monkeypatch) as asked:
            found = read_belongings(empty_client, [card for _, card in some])
        counts.append(len(asked))
        assert {card: one.persons for card, one in found.items()} == {card: [login] for login, card in some}
    assert counts[0] == counts[1] <= 9


def test_whole_keys_and_beginnings_are_known_at_once(empty_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [key("loyalty", f"known {number}") for number in range(250)]
    mail = key("mail", "linked@example.org")
    write(empty_client, [row for number, card in enumerate(cards) for row in event(number + 1, card, card, 1)])
    write(empty_client, [link(100_000, cards[0], mail, 1)])
    names = [*cards, mail, mail[:20], *(card[:20] for card in cards), "k1:", "k1:ffffffffffff", key("login", "nobody")]
    with counting(empty_client, monkeypatch) as asked:
        found = known_keys(empty_client, names)
    assert len(asked) <= 4
    assert found[mail] == found[mail[:20]] == [mail]
    assert [found[card] for card in cards] == [found[card[:20]] for card in cards] == [[card] for card in cards]
    assert (len(found["k1:"]), found["k1:ffffffffffff"], found[key("login", "nobody")]) == (2, [], [])
    assert keys_beginning_with(empty_client, cards[3][:20]) == [cards[3]]
