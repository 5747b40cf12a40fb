"""Where identifiers are at home, who holds them, and what all partitions have read."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

from tests.unit.processors.loop.two_partitions import home
from tests.unit.processors.loop.world import TOPIC, person_key
from touchline.identity.passed import LedgerPosition
from touchline.identity.remembered import Remembered
from touchline.processors.homes import Homes, by_partition, holding, passed_of
from touchline.processors.ledger.ledger import HandoffRow, Progress, Stream
from touchline.processors.ledger.rows import row_id_base
from touchline.processors.news import News
from touchline.schemas.identifiers import DEVICE_TYPES

HOMES = Homes(home, 2)
EVEN, ODD = person_key(2), person_key(3)
HERE, ELSEWHERE = Stream(TOPIC, "T1", 0), Stream(TOPIC, "T1", 1)


def partition(*handoffs: HandoffRow) -> Any:
    """Partition 0, whose ledger holds these."""
    asked: list[set[str]] = []

    def handoffs_of(identifiers: Collection[str]) -> list[HandoffRow]:
        asked.append(set(identifiers))
        return [row for row in handoffs if row.identifier in identifiers]

    ledger = SimpleNamespace(handoffs_of=handoffs_of, asked=asked)
    mark, remembered = SimpleNamespace(insert_number=8), Remembered(DEVICE_TYPES)
    return SimpleNamespace(number=0, stream=HERE, ledger=ledger, mark=mark, remembered=remembered, given=None)


def handoff(identifier: str, number: int, to: int, *, by: int, insert_number: int) -> HandoffRow:
    return HandoffRow(identifier, number, to, row_id_base(by, insert_number))


def test_an_identifier_that_was_never_given_away_is_held_at_home() -> None:
    assert holding(partition(), {EVEN, ODD}, {}, HOMES).held == {EVEN}


def test_the_newest_handoff_says_who_holds() -> None:
    rows = [
        handoff(ODD, 1, 0, by=1, insert_number=3),
        handoff(EVEN, 2, 0, by=1, insert_number=4),
        handoff(EVEN, 1, 1, by=0, insert_number=2),
    ]
    found = holding(partition(*rows), {EVEN, ODD}, {ELSEWHERE.name: 9}, HOMES)
    assert found.held == {EVEN, ODD}
    assert {key: row.number for key, row in found.newest.items()} == {ODD: 1, EVEN: 2}


def test_a_handoff_of_another_partition_that_was_not_read_yet_does_not_count_and_an_own_one_always() -> None:
    given = handoff(ODD, 1, 0, by=1, insert_number=3)
    assert holding(partition(given), {ODD}, {ELSEWHERE.name: 2}, HOMES).held == set()
    assert holding(partition(given), {ODD}, {ELSEWHERE.name: 3}, HOMES).held == {ODD}
    own = handoff(EVEN, 1, 1, by=0, insert_number=8)
    assert holding(partition(own), {EVEN}, {}, HOMES).held == set()


def test_an_identifier_is_looked_up_once_while_nothing_was_read_or_written() -> None:
    of = partition(handoff(ODD, 1, 0, by=1, insert_number=3))
    for _ in range(2):
        assert holding(of, {ODD}, {ELSEWHERE.name: 3}, HOMES).held == {ODD}
    assert holding(of, {ODD, EVEN}, {ELSEWHERE.name: 3}, HOMES).held == {ODD, EVEN}
    assert holding(of, {EVEN}, {ELSEWHERE.name: 3}, HOMES).newest == {}
    assert of.ledger.asked == [{ODD}, {EVEN}]
    assert holding(of, {ODD}, {ELSEWHERE.name: 2}, HOMES).held == set()
    of.mark = SimpleNamespace(insert_number=9)
    holding(of, {ODD}, {ELSEWHERE.name: 2}, HOMES)
    assert of.ledger.asked == [{ODD}, {EVEN}, {ODD}, {ODD}]


def test_of_earlier_incarnations_of_a_topic_the_highest_insert_counts() -> None:
    assert by_partition({"events/T1/0": 4, "events/T2/0": 9, "events/T1/1": 2}) == {0: 9, 1: 2}


def test_what_a_partition_without_any_mark_has_read_is_nothing() -> None:
    position = LedgerPosition(0, 1)
    news = News({HERE.name: 5}, (), {HERE.name: Progress(5, {}, 0, "")})
    assert passed_of(partition(), news, HOMES)([position]) == set()


def test_a_row_is_passed_when_the_marks_of_all_others_and_the_own_news_are_beyond_it() -> None:
    def passed(read_elsewhere: int, read_here: int) -> set[LedgerPosition]:
        progress = {ELSEWHERE.name: Progress(1, {HERE.name: read_elsewhere}, 0, "")}
        return passed_of(partition(), News({ELSEWHERE.name: read_here}, (), progress), HOMES)(
            [LedgerPosition(0, 5), LedgerPosition(1, 6)]
        )

    assert passed(4, 5) == set()
    assert passed(5, 5) == {LedgerPosition(0, 5)}
    assert passed(4, 6) == {LedgerPosition(1, 6)}
