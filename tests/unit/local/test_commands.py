"""A command that runs as a process of its own fails as it would have failed here."""

from __future__ import annotations

import os

import pytest

from touchline.errors import EngineUnreachable, NotClean, TouchlineError, WrongUsage
from touchline.local.commands import as_error, run_touchline


def test_the_output_of_a_command_is_given_back() -> None:
    assert run_touchline(os.environ, "version").startswith("touchline ")


def test_a_failure_keeps_its_kind_its_fact_and_its_remedy() -> None:
    with pytest.raises(WrongUsage) as caught:
        run_touchline(os.environ, "versoin")
    assert caught.value.what == "`touchline versoin`: there is no command 'versoin'"
    assert caught.value.mend == "did you mean `touchline version`?"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(1, TouchlineError), (2, WrongUsage), (3, EngineUnreachable), (4, NotClean), (-9, TouchlineError)],
)
def test_the_exit_status_decides_the_kind_of_error(status: int, kind: type[TouchlineError]) -> None:
    assert type(as_error("x", status, "error: a fact\n")) is kind


def test_a_traceback_is_kept_whole() -> None:
    error = as_error("touchline migrate", 1, "Traceback\n  File\nKeyError: 7")
    assert "KeyError: 7" in error.what
    assert "status 1" in error.what
