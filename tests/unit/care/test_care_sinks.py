"""What sinks are told, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from touchline.care.sinks.model import Sink
from touchline.care.sinks.queue import SinkQueue
from touchline.care.sinks.send import in_slack_words, sender_of
from touchline.care.store import CareStore, Kept
from touchline.care.telling import Alert
from touchline.errors import WrongUsage
from touchline.sinks.again import NotTaken

SECOND_US = 1_000_000


class Side:
    """A sink's other side, which fails as it is told to."""

    def __init__(self, *faults: NotTaken) -> None:
        self.faults = list(faults)
        self.tried: list[str] = []

    async def __call__(self, key: str, body: Mapping[str, Any]) -> None:
        self.tried.append(key)
        if self.faults:
            raise self.faults.pop(0)

    async def close(self) -> None:
        """Nothing to close."""


class Bench:
    """One sink over a store, and a clock."""

    def __init__(self, folder: Path, side: Side, attempts: int = 3) -> None:
        self.now_us = 0
        self.store = CareStore(folder)
        self.store.keep(Kept([("desk", Alert("c/opened", "recovery", {"case": "c"}))], (), {}, {}), 0)
        sink = Sink.model_validate({"id": "desk", "kafka": {"topic": "t"}, "attempts": attempts})
        self.queue = SinkQueue(sink, side, self._stored, lambda: self.now_us, lambda: 0.0)

    async def _stored(self, work: Callable[[CareStore], Any]) -> Any:
        return work(self.store)

    def turn(self, after_us: int = 0) -> bool:
        self.now_us += after_us
        return asyncio.run(self.queue.deliver_due())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Makes benches, each with a folder of its own, and closes them."""
    made: list[Bench] = []

    def make(side: Side, attempts: int = 3) -> Bench:
        made.append(Bench(tmp_path / str(len(made)), side, attempts))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def test_an_alert_that_was_not_taken_is_brought_again_after_a_wait_that_doubles(bench: Callable[..., Bench]) -> None:
    side = Side(NotTaken("it answered 503"), NotTaken("it answered 503"))
    one = bench(side)
    assert [one.turn(), one.turn(), one.turn(SECOND_US), one.turn(SECOND_US), one.turn(SECOND_US)] == [
        True, False, True, False, True,
    ]  # fmt: skip
    assert (len(side.tried), one.store.counts()) == (3, {("desk", "done"): 1})


def test_after_its_attempts_or_a_refusal_for_good_an_alert_is_a_dead_letter_that_can_be_brought_again(
    bench: Callable[..., Bench],
) -> None:
    refused = bench(Side(NotTaken("it answered 410", is_final=True)))
    refused.turn()
    tried = bench(Side(NotTaken("TimeoutError"), NotTaken("TimeoutError")), attempts=2)
    tried.turn()
    tried.turn(SECOND_US)
    assert [(one.key, one.attempts, one.error) for made in (refused, tried) for one in made.store.dead()] == [
        ("c/opened", 1, "it answered 410"), ("c/opened", 2, "TimeoutError"),
    ]  # fmt: skip
    assert (tried.turn(10**12), tried.store.revive("desk", tried.now_us), tried.turn()) == (False, 1, True)
    assert tried.store.dead() == []


def test_an_alert_that_is_kept_again_is_not_sent_again(bench: Callable[..., Bench]) -> None:
    one = bench(side := Side())
    one.turn()
    assert one.store.keep(Kept([("desk", Alert("c/opened", "recovery", {"case": "c"}))], (), {}, {}), 1) == 0
    assert (one.turn(), len(side.tried)) == (False, 1)


def test_a_second_process_on_the_same_folder_is_refused_and_a_command_beside_it_is_not(tmp_path: Path) -> None:
    with CareStore(tmp_path):
        with pytest.raises(WrongUsage, match="another"):
            CareStore(tmp_path)
        with CareStore.to_look_at_beside(tmp_path) as beside:
            assert beside.dead() == []
    with CareStore(tmp_path):
        pass
    with pytest.raises(WrongUsage, match="has run"):
        CareStore.to_look_at_beside(tmp_path / "nowhere")


def test_a_chat_is_told_what_and_where_and_never_who() -> None:
    told = in_slack_words(
        {
            "case": "c1",
            "rule": "detractor",
            "state": "opened",
            "touchpoint": "hotline",
            "person": "k1:ab",
            "simulated": True,
        }
    )
    assert told["text"] == "detractor: opened at hotline (simulated)"
    assert "k1:ab" not in str(told)


def test_an_address_in_a_file_is_one_of_a_webhook(tmp_path: Path) -> None:
    sink = Sink.model_validate({"id": "chat", "webhook": {"url_file": "url", "template": "slack"}})

    def make() -> object:
        return sender_of(sink, tmp_path, lambda: None, lambda: 0.0)

    (tmp_path / "url").write_text("https://chat.example/secret-part\n")
    make()
    (tmp_path / "url").write_text("chat.example/secret-part\n")
    with pytest.raises(WrongUsage, match="no address") as told:
        make()
    assert "secret-part" not in told.value.what + told.value.hint
    (tmp_path / "url").unlink()
    with pytest.raises(WrongUsage, match="cannot be read"):
        make()
