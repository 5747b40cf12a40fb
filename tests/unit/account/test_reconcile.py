"""What `reconcile` waits for before it says that something differs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from touchline.account import accounts, erasures, maps, reconcile as module, recounts
from touchline.account.differences import Mismatch
from touchline.account.reconcile import reconcile
from touchline.settings import Settings

DIFFERS = Mismatch(
    maps.SAME_EVENTS, "map shop version 1", "9 events attached, 10 stored that it takes", maps.APPLY_AGAIN
)
BEHIND = Mismatch(accounts.OFFSETS, "events/T1/0", "9 accounted for, 10 in Kafka", "start a worker")


class World:
    """A clock that only waiting moves on, a worker that is behind until a time, and persons who are on their way until a time."""

    def __init__(self, behind_until: float, moving_until: float) -> None:
        self.now = 0.0
        self._behind_until = behind_until
        self._moving_until = moving_until

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def of_offsets(self, *_: Any) -> list[Mismatch]:
        return [BEHIND] if self.now < self._behind_until else []

    def of_maps(self, _: Any) -> list[Mismatch]:
        return [DIFFERS] if self.now < self._moving_until else []


def differences(monkeypatch: pytest.MonkeyPatch, world: World, wait_seconds: float) -> list[Mismatch]:
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: world.now, sleep=world.sleep))
    monkeypatch.setattr(module, "_offsets", lambda *_: ([], None))
    monkeypatch.setattr(accounts, "check_offsets", world.of_offsets)
    monkeypatch.setattr(maps, "check_maps", world.of_maps)
    for part, name in (
        (accounts, "check_balance"),
        (accounts, "check_rows"),
        (recounts, "check_signs"),
        (recounts, "check_projections"),
        (erasures, "check_erasures"),
    ):
        monkeypatch.setattr(part, name, lambda *_: [])
    client: Any = None
    return list(reconcile(client, Settings(), wait_seconds).differences)


@pytest.mark.parametrize(("behind", "moving"), [(0, 0), (5, 0), (0, 5), (3, 8)])
def test_a_worker_that_is_behind_and_persons_on_their_way_get_the_time_that_is_given(
    behind: float, moving: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(behind, moving)
    assert differences(monkeypatch, world, 10) == []
    assert world.now == max(behind, moving)


@pytest.mark.parametrize("wait_seconds", [0, 10])
def test_what_still_differs_after_the_wait_is_told(wait_seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(100, 100)
    assert differences(monkeypatch, world, wait_seconds) == [BEHIND, DIFFERS]
    assert world.now == wait_seconds
