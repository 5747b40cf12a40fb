"""The time line of a journey whose person was merged: under which identifier each event came, and where two were linked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.contract.sql.rows import DEFAULTS, NOON, Row, attached, received, write
from tests.support.dashboards import DashboardProcess, dashboard
from tests.support.engine import running_engine
from tests.support.page_reader import reader
from touchline.clickhouse.connect import connect
from touchline.map_changes.start import register_configuration
from touchline.schemas.journey.read import find_map, load_map
from touchline.settings import PACKAGED_JOURNEYS_DIR

LOGIN, VISITOR, STRANGER = (f"k1:{digit * 64}" for digit in "abc")
RETAIL = load_map(find_map("retail", PACKAGED_JOURNEYS_DIR))


def rows() -> Iterator[Row]:
    """A coupon as a visitor, a login that links both, a purchase by login; a stranger was linked and parted again."""
    happened = [(VISITOR, "anonymous", "coupon", "consideration", 2), (LOGIN, "login", "store_purchase", "purchase", 3)]
    for number, (identifier, kind, touchpoint, stage, order) in enumerate(happened, 1):
        at = {"event_time": NOON + timedelta(hours=number), "identifier": identifier, "event_id": f"e{number}"}
        place = {
            "touchpoint": touchpoint,
            "stage": stage,
            "stage_order": order,
            "cycle": 1,
            "touchpoint_number": number,
        }
        yield received(number, "stored", number, identifier_type=kind, **at)
        moved = "enter" if number == 1 else "advance"
        of_map = {"map": RETAIL.map, "map_version": RETAIL.version}
        yield attached(number + 10, person=LOGIN, transition=moved, **at, **place, **of_map)
    said = [("link", VISITOR, "anonymous", 90), ("link", STRANGER, "loyalty", 95), ("unlink", STRANGER, "loyalty", 100)]
    for number, (word, other, kind, minute) in enumerate(said, 20):
        ends = {
            "identifier": LOGIN,
            "identifier_type": "login",
            "linked_identifier": other,
            "linked_identifier_type": kind,
        }
        at = {"event_time": NOON + timedelta(minutes=minute), "event_id": f"i{number}"}
        yield DEFAULTS | {"kind": word, "row_id": number} | ends | at


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    folder: Path = tmp_path_factory.mktemp("merged")
    with running_engine(folder) as settings:
        client = connect(settings)
        register_configuration(client, [RETAIL], {})
        written = list(rows())
        columns = dict.fromkeys((name for row in written for name in row), 0)
        write(client, [columns | row for row in written])
        client.disconnect()
        with dashboard(settings, folder) as process:
            process.wait_ready()
            yield process


def test_a_journey_shows_under_which_identifier_each_event_came_and_where_they_were_linked(
    chromium: Browser, merged: DashboardProcess
) -> None:
    with reader(chromium, merged) as analyst:
        analyst.open(view="journeys", map=RETAIL.map, person=LOGIN, cycle="1", from_="2026-03-01", to="2026-03-02")
        line = analyst.page.locator(".timeline .event")
        expect(line).to_have_count(5)
        told = line.all_inner_texts()
        for text, words in zip(
            told,
            (
                "as anonymous id",
                "Identified here: login and anonymous id are one person",
                "Identified here, taken back since: login and loyalty card",
                "Parted here: login and loyalty card are not one person",
                "as login",
            ),
            strict=True,
        ):
            assert words in text
