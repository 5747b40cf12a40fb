"""The blocked objects of unit tests: sockets and in-process engines.

Sockets are watched by an audit hook, which sees every library's sockets, whatever it imported before. The in-process
ClickHouse engine makes no audit event when it opens a database, so its entry points or its import are refused.

Why: docs/decisions/0005.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any, NoReturn

import pytest

SOCKET_EVENTS = frozenset(
    {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
)
ENGINE_ENTRY_POINTS = (
    ("chdb", "connect"),
    ("chdb", "query"),
    ("chdb.state", "connect"),
    ("chdb.session", "Session"),
    ("chdb.dbapi", "connect"),
)
# Code that swallows the exception looks like code that never tried, so attempts are kept, not only refused.
_open_blockades: list[Blockade] = []
_hook_is_installed = False


class Blockade:
    """Refuses every attempt while it stands and remembers what was attempted."""

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def refuse(self, attempt: str) -> NoReturn:
        """Note the attempt and fail the test, by what `except Exception` does not catch."""
        self.attempts.append(attempt)
        pytest.fail(f"blocked in a unit test: {attempt}", pytrace=False)


@contextmanager
def blockade() -> Iterator[Blockade]:
    """Block network and engines for the whole process until the block ends."""
    _install_hook()
    blocked = Blockade()
    replaced = [_replace(blocked, *entry_point) for entry_point in ENGINE_ENTRY_POINTS if _is_imported(*entry_point)]
    finder = _EngineImports(blocked)
    sys.meta_path.insert(0, finder)
    _open_blockades.append(blocked)
    try:
        yield blocked
    finally:
        _open_blockades.remove(blocked)
        sys.meta_path.remove(finder)
        for module, name, original in replaced:
            setattr(module, name, original)


class _EngineImports(MetaPathFinder):
    """Refuses the first import of the engine; one that was imported before has its entry points replaced."""

    def __init__(self, blocked: Blockade) -> None:
        self._blocked = blocked

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "chdb":
            self._blocked.refuse("import chdb")


def _is_imported(module_name: str, name: str) -> bool:
    return hasattr(sys.modules.get(module_name), name)


def _replace(blocked: Blockade, module_name: str, name: str) -> tuple[Any, str, Any]:
    module: Any = sys.modules[module_name]
    original = getattr(module, name)

    def refused(*arguments: object, **options: object) -> NoReturn:
        blocked.refuse(f"{module_name}.{name}")

    setattr(module, name, refused)
    return module, name, original


def _install_hook() -> None:
    global _hook_is_installed
    if not _hook_is_installed:
        sys.addaudithook(_on_audit_event)  # cannot be removed again, so it is idle while no blockade stands
        _hook_is_installed = True


def _on_audit_event(event: str, arguments: tuple[Any, ...]) -> None:
    if not _open_blockades:
        return
    if event in SOCKET_EVENTS:
        if event in ("socket.connect", "socket.bind", "socket.sendto") and not isinstance(arguments[1], tuple):
            return  # AF_UNIX, as asyncio and multiprocessing use inside one machine
        _open_blockades[-1].refuse(event)
