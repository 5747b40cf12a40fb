"""One collector, one site and one browser for all tests of the browser tag, and what Kafka has of each test's pages."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.support.collectors import CollectorProcess, collector
from tests.support.engines import PARTITIONS, fresh_topic
from tests.support.page_reader import browser
from tests.support.sites import Site, site
from tests.support.workers import wait_for

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

KEY = f"tag.{'c' * 32}"
SDK_KEY = f"sdk.{'e' * 32}"
LIBRARY_KEYS = {name: f"{name}.{'f' * 32}" for name in ("posthog", "amplitude", "snowplow")}
SDK_TERMS = "browser:web_page,app_screen,product_view,purchase,group identifiers:login,mail may:order"
SERVER_KEY = f"server.{'d' * 32}"
BROWSER_TERMS = "browser:web_page,newsletter,contact,checkout,basket"
GATHERED_MS = 1_300
"""By then the tag has sent what it had, if it sends at all."""


class Arrived:
    """The records of the collector's topic."""

    def __init__(self, process: CollectorProcess) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=process.settings.kafka_bootstrap, enable_auto_commit=False)
        partitions = [TopicPartition(process.settings.topic, number) for number in range(PARTITIONS)]
        self._consumer.assign(partitions)
        self._consumer.seek_to_beginning(*partitions)
        self._events: list[dict[str, Any]] = []

    def below(self, path: str) -> list[dict[str, Any]]:
        """Events of pages at this path and below, by their time. Each is there as often as it was accepted."""
        found = [one for one in self.all() if str(one.get("properties", {}).get("path", "")).startswith(path)]
        return sorted(found, key=lambda one: str(one["time"]))

    def all(self) -> list[dict[str, Any]]:
        """Every event so far, as often as it was accepted."""
        for batch in self._consumer.poll(timeout_ms=100).values():
            self._events += [json.loads(one.value) for one in batch]
        return self._events

    def close(self) -> None:
        self._consumer.close()


class Visit:
    """One visitor with a browser of their own, on pages below a path that no other test has."""

    def __init__(
        self, context: BrowserContext, own: Site, process: CollectorProcess, arrived: Arrived, path: str
    ) -> None:
        self.context = context
        self.site = own
        self.collector = process
        self.path = path
        self._arrived = arrived
        self.requests: list[Request] = []
        """To the collector's path of events."""
        context.on("request", lambda one: self.requests.append(one) if "/v1/events" in one.url else None)

    def html(self, body: str = "", attributes: str = "", head: str = "") -> str:
        """A page that loads the tag."""
        tag = f'<script src="{self.collector.url}/touchline.js" data-key="{KEY}" {attributes} defer></script>'
        return f"<!doctype html><html lang=en><head><title>Shop</title>{head}{tag}</head><body>{body}</body></html>"

    def put(self, name: str = "", body: str = "", attributes: str = "", **headers: str) -> str:
        """Serve a page that loads the tag; returns its address."""
        return self.site.put(
            self.path + name,
            self.html(body, attributes),
            {key.replace("_", "-"): value for key, value in headers.items()},
        )

    def open(self, address: str) -> Page:
        """In a new tab."""
        page = self.context.new_page()
        page.goto(address)
        return page

    def told(self) -> list[tuple[str, str]]:
        """Touchpoint and action of what arrived."""
        return [(one["touchpoint"], one.get("action", "")) for one in self.events()]

    def events(self) -> list[dict[str, Any]]:
        """What arrived, each once."""
        found = self._arrived.below(self.path)
        assert len({one["id"] for one in found}) == len(found), "an event was accepted twice"
        return found

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """Until so many events arrived. That no more come is for the caller to see."""
        wait_for(lambda: self._has(count), lambda: f"{count} events are expected, not {self.told()}", 20.0)
        found = self.events()
        assert len(found) == count, self.told()
        return found

    def _has(self, count: int) -> bool:
        for page in self.context.pages[:1]:  # playwright hears of requests while it waits
            page.wait_for_timeout(10)
        return len(self.events()) >= count


def stored(page: Page) -> dict[str, str]:
    """What the site's storage holds."""
    return dict(page.evaluate("() => ({...localStorage, ...sessionStorage})"))


@pytest.fixture(scope="package")
def own_site() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture(scope="package")
def running(stack: LocalStack, own_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    folder = tmp_path_factory.mktemp("tag")
    keys = folder / "write_keys"
    of_sdks = "".join(f"{key} web-shop {SDK_TERMS}\n" for key in (SDK_KEY, *LIBRARY_KEYS.values()))
    keys.write_text(f"{SERVER_KEY} web-shop\n{KEY} web-shop {BROWSER_TERMS}\n{of_sdks}")
    settings = stack.settings.with_changes(topic=fresh_topic(stack), write_keys_file=keys)
    with collector(settings, folder, collector_origins=[own_site.origin]) as process:
        yield process


@pytest.fixture(scope="package")
def arrived(running: CollectorProcess) -> Iterator[Arrived]:
    records = Arrived(running)
    yield records
    records.close()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browser(keeps_pages=True) as one:
        yield one


_numbers = itertools.count(1)


@pytest.fixture
def visit(chromium: Browser, own_site: Site, running: CollectorProcess, arrived: Arrived) -> Iterator[Visit]:
    context = chromium.new_context()
    try:
        yield Visit(context, own_site, running, arrived, f"/visit-{next(_numbers)}/")
    finally:
        context.close()
