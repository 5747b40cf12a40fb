"""What holds for every test: tiers by folder, and unit tests that cannot reach a network or a database.

A test in `contract/`, `integration/` or `failure/` gets the marker of its folder; any other is a unit test. One that
opens a socket to the outside, resolves a name or starts an engine fails, also where its code swallows the exception.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings as hypothesis_settings

from tests.support.blocking import Blockade, blockade
from tests.support.ports import free_port

pytest_plugins = ["pytester", "tests.support.engines"]

TIERS_WITH_ENGINES = ("contract", "integration", "failure")
LEFT_SOCKETS = "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
TESTS_DIR = Path(__file__).parent

hypothesis_settings.register_profile(
    "default", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile(
    "thorough", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure() -> None:
    """Hear Ctrl-C. A shell that starts the run in the background makes it deaf to SIGINT, and its children with it: then no test could
    interrupt a command."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folder is the tier: nobody forgets a marker."""
    for item in items:
        parts = item.path.relative_to(TESTS_DIR).parts if item.path.is_relative_to(TESTS_DIR) else ()
        if parts and parts[0] in TIERS_WITH_ENGINES:
            item.add_marker(parts[0])
            # kafka-python leaves the sockets of refused connections to the garbage collector, whenever that comes.
            item.add_marker(pytest.mark.filterwarnings(LEFT_SOCKETS))


@pytest.fixture(autouse=True)
def _network_and_databases_are_blocked(request: pytest.FixtureRequest) -> Iterator[Blockade | None]:
    if any(request.node.get_closest_marker(tier) for tier in TIERS_WITH_ENGINES):
        yield None
        return
    with blockade() as blocked:
        yield blocked
    if blocked.attempts:
        pytest.fail(
            f"a unit test reached out ({', '.join(blocked.attempts)}): mark it or give it a twin", pytrace=False
        )


@pytest.fixture(autouse=True)
def _environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `TOUCHLINE_*` variable or a `--set` of another test must not decide a test's outcome."""
    for name in [name for name in os.environ if name.startswith("TOUCHLINE_")]:
        monkeypatch.delenv(name)
    settings_module = sys.modules.get("touchline.settings")
    if settings_module is not None:
        settings_module.command_line_flags.clear()


@pytest.fixture
def project_dir() -> Path:
    """The checkout that is tested."""
    return TESTS_DIR.parent


@pytest.fixture(name="free_port")
def _free_port() -> Callable[[], int]:
    """Gives a TCP port of 127.0.0.1 that nobody listens on, another one with each call."""
    return free_port
