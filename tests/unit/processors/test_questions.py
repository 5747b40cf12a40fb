"""What a tick asks the ledger: nothing twice, and nothing of which the answer is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.processors.across import identify, known_as
from tests.unit.processors.loop.two_partitions import PARTITIONS, Workers, records_by_partition
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.memory import MemoryLedger

LOGIN, CARD, MAIL = ("login", 2), ("loyalty", 5), ("mail", 9)
OF_ALL = ("positions", "progress", "feed")
OF_SOME = (
    "said_about", "handoffs_of", "published_with", "facts_of", "find_events", "waiting_rows", "occasions_of", "published_of",
    "facts_alone", "claims_of", "links_of", "answers_naming",
)  # fmt: skip


class CountingLedger(MemoryLedger):
    """Notes which questions are asked about anything."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        for name in (*OF_ALL, *OF_SOME):
            setattr(self, name, self._noted(name, getattr(self, name)))

    def _noted(self, name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            if name in OF_ALL or any(hasattr(one, "__len__") and len(one) for one in arguments):
                self.asked.append(name)
            return answer(*arguments)

        return noted


def asked_by_ticks(folder: Path, *events: Any) -> list[list[str]]:
    """What each tick asks after the last of these events, until nothing follows."""
    ledger = CountingLedger()
    log = records_by_partition(events)
    workers = Workers(ledger, folder, log)
    asked: list[list[str]] = []
    for _ in range(max(map(len, log))):
        for number in range(PARTITIONS):
            workers.deliver(number, 1)
        asked.clear()
        for number in [*range(PARTITIONS)] * 4:
            ledger.asked.clear()
            workers.tick(number)
            asked.append(ledger.asked.copy())
    return [one for one in asked if len(one) > 2]


def test_an_event_of_a_plain_person_asks_for_the_feed_alone(tmp_path: Path) -> None:
    assert asked_by_ticks(tmp_path, known_as(1, [LOGIN], 1), known_as(2, [LOGIN], 2)) == []


def test_a_first_link_asks_each_question_once(tmp_path: Path) -> None:
    leads, gives, takes = asked_by_ticks(
        tmp_path, known_as(1, [LOGIN], 1), known_as(2, [CARD], 2), identify(3, [LOGIN, CARD], 3)
    )
    assert leads == ["positions", "feed", "said_about", "published_with", "handoffs_of", "facts_of", "published_of"]
    assert gives == ["positions", "feed", "said_about", "published_with", "handoffs_of", "published_of"]
    assert takes == ["positions", "feed", "handoffs_of", "said_about", "published_with", "facts_of", "published_of"]


@pytest.mark.parametrize("last", [known_as(9, [LOGIN], 9), identify(9, [LOGIN, CARD], 9)], ids=["event", "link"])
def test_a_known_person_asks_each_question_once(tmp_path: Path, last: Any) -> None:
    story = [
        known_as(1, [LOGIN], 1),
        known_as(2, [CARD], 2),
        identify(3, [LOGIN, CARD], 3),
        identify(4, [CARD, MAIL], 4),
    ]
    leads, *others = asked_by_ticks(tmp_path, *story, last)
    assert leads == ["positions", "feed", "handoffs_of", "said_about", "published_with", "facts_of", "published_of"]
    assert all(one == ["positions", "feed", "handoffs_of"] for one in others)


@pytest.mark.parametrize(
    ("persons", "count"),
    [({}, 1), ({"a": "b"}, 1), ({"c": "a"}, 1), ({"a": "z"}, 2)],
    ids=["none", "both", "under", "other"],
)
def test_who_is_published_together_is_one_question_unless_another_person_is_met(
    persons: dict[str, str], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def ask(sql: str, values: Any) -> list[tuple[str, str]]:
        asked.append(values["identifiers"])
        given = values["identifiers"]
        return [pair for pair in persons.items() if pair[1] in given or (pair[0] in given and "UNION" in sql)]

    ledger = ClickHouseLedger(lambda: None)  # type: ignore[arg-type,return-value]  # nobody connects
    monkeypatch.setattr(ledger, "_ask", ask)
    assert ledger.published_with(["a", "b"]) == {one for pair in persons.items() for one in pair}
    assert len(asked) == count
