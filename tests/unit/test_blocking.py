"""The validator of unit tests must reject: a socket, a name, an engine, also where the exception is swallowed."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from tests.support.blocking import blockade


def connect() -> None:
    with socket.socket() as outgoing:
        outgoing.connect(("127.0.0.1", 9))


def bind() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))


def resolve() -> None:
    socket.getaddrinfo("localhost", 80)


def import_engine() -> None:
    importlib.import_module("chdb").connect(":memory:")


@pytest.mark.parametrize("reach_out", [connect, bind, resolve, import_engine])
def test_reaching_out_is_refused_and_remembered(reach_out: Callable[[], None]) -> None:
    with blockade() as blocked, contextlib.suppress(BaseException):
        reach_out()
    assert len(blocked.attempts) == 1


def test_engine_that_was_imported_before_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ModuleType("chdb")
    engine.__dict__["connect"] = open_database = lambda path: path
    monkeypatch.setitem(sys.modules, "chdb", engine)
    with blockade() as blocked, contextlib.suppress(BaseException):
        engine.connect(":memory:")
    assert blocked.attempts == ["chdb.connect"]
    assert engine.connect is open_database


def test_refusal_is_not_caught_by_except_exception() -> None:
    with blockade(), pytest.raises(pytest.fail.Exception), contextlib.suppress(Exception):
        connect()


def test_an_event_loop_is_allowed() -> None:
    asyncio.run(asyncio.sleep(0))


def test_swallowed_attempt_fails_the_test(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> None:
    pytester.makeini(f"[pytest]\npythonpath = {request.config.rootpath}\n")
    pytester.makeconftest("from tests.conftest import _network_and_databases_are_blocked\n")
    pytester.makepyfile(
        """
        import socket

        def test_that_hides_it():
            try:
                socket.create_connection(("127.0.0.1", 9), timeout=1)
            except BaseException:
                pass
        """
    )
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["*a unit test reached out (socket.getaddrinfo)*"])
