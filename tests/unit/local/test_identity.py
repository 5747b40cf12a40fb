"""No stranger's process is ever ended, and nothing of ours is left."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from touchline.local import identity as identity_module
from touchline.local.identity import ProcessIdentity, end_processes

SLEEPER = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    children: list[subprocess.Popen[str]] = []

    def start_one(program: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-I", "-S", "-c", program]
        children.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return children[-1]

    yield start_one
    for child in children:
        child.kill()
        child.communicate()


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_a_process_that_got_the_pid_of_another_is_not_ended(start: Start) -> None:
    child = start(SLEEPER)
    found = ProcessIdentity.of(child.pid)
    earlier = dataclasses.replace(found, start_ticks=found.start_ticks - 1)
    of_last_boot = dataclasses.replace(found, boot="another boot")
    assert not earlier.is_alive()
    assert not of_last_boot.is_alive()
    assert end_processes([earlier, of_last_boot], term_seconds=0) == []
    assert not earlier.send(signal.SIGKILL)
    assert found.is_alive()


def test_a_zombie_and_a_missing_process_have_ended(start: Start) -> None:
    child = start("pass")
    found = ProcessIdentity.of(child.pid)
    assert eventually(lambda: not found.is_alive())  # nobody has waited for it: it is a zombie
    child.wait()
    assert not found.send(signal.SIGTERM)
    with pytest.raises(ProcessLookupError):
        ProcessIdentity.of(child.pid)


def test_a_process_that_ignores_sigterm_is_killed_after_its_term(start: Start) -> None:
    stubborn, gentle = start(STUBBORN), start(SLEEPER)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    identities = [ProcessIdentity.of(stubborn.pid), ProcessIdentity.of(gentle.pid)]
    assert end_processes(identities, term_seconds=0.2) == identities[:1]
    assert not any(identity.is_alive() for identity in identities)


def test_a_stopped_process_ends_without_waiting_for_the_term(start: Start) -> None:
    child = start(SLEEPER)
    found = ProcessIdentity.of(child.pid)
    found.send(signal.SIGSTOP)
    begun = time.monotonic()
    assert end_processes([found], term_seconds=30) == []
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(("last_word", "survives"), [("keep\n", True), ("", False)])
def test_the_guard_ends_what_a_vanished_parent_started(start: Start, last_word: str, survives: bool) -> None:
    child = start(SLEEPER)
    found = ProcessIdentity.of(child.pid)
    guard = [sys.executable, "-I", "-S", str(Path(identity_module.__file__))]
    subprocess.run(guard, input=f"{found.as_json()}\n{last_word}", text=True, check=True)
    assert found.is_alive() is survives


def test_this_process_is_alive() -> None:
    assert ProcessIdentity.of(os.getpid()).is_alive()
