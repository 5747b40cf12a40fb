"""When what has ended is blanked, and when not yet."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from tests.support.erasures import SECRET
from touchline.erasure.blank import Blanked
from touchline.erasure.due import Due
from touchline.erasure.wait import Behind
from touchline.errors import NotClean
from touchline.retention import blanking


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done, in order; two records are due, and the workers have read all."""
    done: list[str] = []

    def step(name: str, answer: Any) -> None:
        def called(*_: Any) -> Any:
            done.append(name)
            return answer

        monkeypatch.setattr(blanking, name, called)

    step("due", Due(2, {"received": 4}))
    step("ask_to_read", 7)
    step("not_read", Behind((), {}))
    step("blank", Blanked(2, {"received": 4}))
    return done


def test_what_has_ended_is_blanked_when_all_workers_have_read_that_it_has(steps: list[str]) -> None:
    assert blanking.blank_ended(Mock(), SECRET, print, 0) == Blanked(2, {"received": 4})
    assert steps == ["due", "ask_to_read", "not_read", "blank"]


def test_nothing_is_blanked_before_all_workers_have_read_what_has_ended(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blanking, "not_read", lambda *_: Behind(["events/T1/3"], {}))
    with pytest.raises(NotClean, match="waiting for the worker of partition 3"):
        blanking.blank_ended(Mock(), SECRET, print, 0)
    assert "blank" not in steps


def test_where_nothing_is_due_no_worker_is_asked(steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blanking, "due", lambda *_: Due(0, {}))
    assert blanking.blank_ended(Mock(), SECRET, print, 0) == blanking.NOTHING
    assert steps == []


def test_so_many_partitions_are_waited_for_as_the_topic_has(steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Mock(return_value=Behind((), {}))
    monkeypatch.setattr(blanking, "not_read", asked)
    client = Mock()
    blanking.blank_ended(client, SECRET, print, 0, 4)
    asked.assert_called_with(client, 7, 4)
    assert steps[-1] == "blank"
