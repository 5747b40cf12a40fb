"""Parts of the worker's life that need no engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import cast

import pytest

from touchline.errors import WrongUsage
from touchline.processors.worker import serve


def test_starting_over_runs_the_same_command_line_in_the_same_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: ran.append((program, arguments)))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "touchline", "worker", "--ready-file", "x"])
    cast("Callable[[], None]", serve.start_over)()  # it never returns, but for a fake execv
    assert ran == [(sys.executable, [sys.executable, "-m", "touchline", "worker", "--ready-file", "x"])]


def test_failure_that_says_what_to_mend_keeps_its_exit_status() -> None:
    with pytest.raises(WrongUsage):
        serve._failed(WrongUsage("newer schema", "touchline migrate"))


def test_any_other_failure_of_the_store_is_status_1() -> None:
    assert serve._failed(KeyError("jane@example.org")) == 1
