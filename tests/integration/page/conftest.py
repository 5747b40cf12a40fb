"""One ledger with the demo's data and one browser for all tests of the page: both take longer to make than a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.dashboards import DashboardProcess, dashboard
from tests.support.demo_ledger import demo_engine
from tests.support.page_reader import Answers, Reader, browser, reader


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    folder = tmp_path_factory.mktemp("page")
    with demo_engine(folder) as settings, dashboard(settings, folder) as process:
        process.wait_ready()
        yield process


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browser() as one:
        yield one


@pytest.fixture(scope="package")
def answers() -> Answers:
    """What `running` said to pages so far."""
    return Answers()


@pytest.fixture
def analyst(chromium: Browser, running: DashboardProcess, answers: Answers) -> Iterator[Reader]:
    """A reader before a wide screen."""
    with reader(chromium, running, answers=answers) as one:
        yield one
