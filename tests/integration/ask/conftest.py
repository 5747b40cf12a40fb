"""One ledger with a worker, one server of surveys, one site and one browser for all tests of the ways to ask."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response

from tests.support.engines import Ledger, own_face_with_worker
from tests.support.page_reader import browser
from tests.support.sites import Site, site
from tests.support.surveying import SurveysProcess, surveys
from tests.support.workers import wait_for
from touchline.clickhouse.connect import connect
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.times import format_time
from touchline.sql.ledger.rows import NET_ROWS
from touchline.surveys.links import Link, sign
from touchline.surveys.secret import read_survey_secret

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

SOURCES = """\
sources:
  retail-pos: {legal_basis: contract}
  crm: {legal_basis: contract}
  surveys: {legal_basis: legitimate_interests}
"""
POLICY = """\
policy: after_the_till
version: 1
title: After the till
questions:
  - {question: nps_here, ask: {touchpoints: [store_purchase]}}
  - {question: heard_of_us, ask: {touchpoints: [hotline]}}
"""
_ANSWERS = f"""
SELECT toString(disposition), toString(question), toString(kpi), if(has_score = 1, score, NULL), toString(language),
    toString(touchpoint), toString(place), identifier, about_event_id, properties['option'], event_time
FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND event_type = 'touchline.answer.v1' AND {NET_ROWS}
    AND (place = %(place)s OR (%(person)s != '' AND identifier = %(person)s))
ORDER BY score, event_time"""


class Answer(NamedTuple):
    """An answer as the ledger has it."""

    disposition: str
    question: str
    kpi: str
    score: float | None
    language: str
    touchpoint: str
    place: str
    identifier: str
    about_event_id: str
    option: str
    at: Any


class Shop:
    """A till, a server of surveys and what the ledger has of answers."""

    def __init__(self, ledger: Ledger, server: SurveysProcess) -> None:
        self.server = server
        self.ledger = ledger
        self.url = f"http://127.0.0.1:{server.settings.surveys_port}"
        self._producer = TouchpointProducer.from_settings(ledger.settings)
        self._keys = PersonKeys.from_file(ledger.settings.person_key_file)
        self._client = connect(ledger.settings)
        self._secret = read_survey_secret(ledger.settings.survey_secret_file)

    def person(self, card: str) -> str:
        return self._keys.key("loyalty", card)

    def sells(self, event_id: str, card: str, touchpoint: str = "store_purchase") -> None:
        """An event of a customer who may be contacted."""
        now = format_time(time.time_ns() // 1_000)
        said: dict[str, Any] = {
            "consent_id": f"letter-{card}",
            "purposes": ["contact_me"],
            "state": "granted",
            "effective_at": now,
        }
        who = [{"type": "loyalty", "value": card}]
        self._producer.emit(id=f"c-{card}", identifiers=who, source="crm", type="touchline.consent.v1", **said)
        self._producer.emit(
            id=event_id, identifiers=who, source="retail-pos", touchpoint=touchpoint, action="purchase", place=event_id
        )
        self._producer.flush(30)

    def link(self, card: str, touchpoint: str = "store_purchase") -> str:
        """Where the customer may answer, once the surveys know of the event."""
        found: dict[str, Any] = {}

        def is_asked() -> bool:
            found.update(self.server.ask(person=self.person(card), touchpoint=touchpoint))
            return bool(found["ask"])

        wait_for(is_asked, lambda: f"nobody is asked: {found}", 60)
        return self.url + str(found["link"]).removeprefix(self.server.settings.surveys_url)

    def place_link(self, place: str, question: str = "nps_here", language: str = "", way: str = "q") -> str:
        """Where anybody at a place may answer."""
        end = int(time.time()) + 3600
        return (
            f"{self.url}/{way}/{sign(self._secret, Link('place', end, language, '', place, 'store_visit', question))}"
        )

    def answers(self, place: str = "", card: str = "") -> list[Answer]:
        """What was asked at a place or of a customer, each as it stands."""
        values = {"place": place or "-", "person": self.person(card) if card else ""}
        return [Answer(*row) for row in self._client.execute(_ANSWERS, values)]

    def wait_for(self, expected: list[tuple[str, float | None]], place: str = "", card: str = "") -> list[Answer]:
        """Until the answers have these dispositions and scores."""

        def found() -> list[tuple[str, float | None]]:
            return [(one.disposition, one.score) for one in self.answers(place, card)]

        wait_for(lambda: found() == expected, lambda: f"{expected} is expected, not {found()}", 30)
        return self.answers(place, card)

    def query(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._client.execute(sql, values)
        return rows

    def close(self) -> None:
        self._producer.close(10)
        self._client.disconnect()


class Customer:
    """Who opens links in a browser of their own. `faults` is what the console complains of."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.page.on("console", lambda one: self.faults.append(one.text) if one.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self, address: str) -> Response | None:
        return self.page.goto(address)

    @property
    def heading(self) -> str:
        return self.page.locator("h1:visible").inner_text()

    def send(self) -> None:
        self.page.locator("button:visible").first.click()


@contextmanager
def customer(chromium: Browser, **options: Any) -> Iterator[Customer]:
    """Before the screen of a small phone, if nothing else is said."""
    context = chromium.new_context(**{"viewport": {"width": 320, "height": 568}, "locale": "en-GB", **options})
    context.set_default_timeout(15_000)
    try:
        yield Customer(context)
    finally:
        context.close()


@pytest.fixture(scope="package")
def own_site() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture(scope="package")
def shop(stack: LocalStack, own_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("ask")
    (folder / "sources.yaml").write_text(SOURCES)
    (folder / "policy.yaml").write_text(POLICY)
    files = {"sources_file": folder / "sources.yaml", "survey_policy": str(folder / "policy.yaml")}
    more = {"surveys_origins": [own_site.origin], "surveys_visitor_requests_per_second": 1_000.0}
    with (
        own_face_with_worker(stack, folder / "face", partitions=2, tick_seconds=0.5, **files) as ledger,
        surveys(ledger.settings.with_changes(**more), folder) as server,
    ):
        one = Shop(ledger, server)
        yield one
        one.close()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browser() as one:
        yield one


_numbers = itertools.count(1)


@pytest.fixture
def place() -> str:
    """A place that no other test has."""
    return f"store-{next(_numbers)}"


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Customer]:
    """A customer whose page has not failed when the test ends."""
    with customer(chromium) as one:
        yield one
        assert one.faults == []
