"""Customers who become known bit by bit, by the real ways in: receipts that get their cards later, visitors who log in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.collectors import collector
from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from tests.support.till_file import TILL_MAPPING

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

RECEIPTS = 40
ORDERS = (
    "SELECT count(), toFloat64(sum(amount)), uniqExact(person), countIf(person IS NULL) FROM journey.orders "
    "WHERE toMonth(local_date) = %(month)s"
)
JOURNEYS = "SELECT touchpoints, max_stage_order, cycle, converted_at IS NOT NULL FROM journey.journeys WHERE toMonth(started_at) = 3"
Event = dict[str, Any]


@pytest.fixture(scope="module")
def shop(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Each test has a source and a month of its own."""
    folder = tmp_path_factory.mktemp("one customer")
    keys = folder / "write_keys"
    keys.write_text(f"all.{'a' * 64} *\n")
    with own_face_with_worker(stack, folder, write_keys_file=keys) as ledger:
        yield ledger


def settle(shop: Ledger) -> None:
    """Until nothing waits any more; and all is clean."""
    wait_until_at_rest(shop.settings)
    touchline(shop, "reconcile", "--wait", "120")


@pytest.mark.parametrize("is_card_first", [False, True])
def test_receipts_that_get_their_cards_later_count_once_for_their_customers(
    shop: Ledger, tmp_path: Path, *, is_card_first: bool
) -> None:
    (tmp_path / "tills.yaml").write_text(TILL_MAPPING)
    month = 2 if is_card_first else 1
    for name, is_known in (("without", False), ("with", True)):
        cards = [f"4{month}{number:04}" if is_known else "" for number in range(RECEIPTS)]
        rows = [
            f"{month}-{number},2026-{month:02}-02 18:{number:02}:00,{card},19.99" for number, card in enumerate(cards)
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join(["receipt,sold_at,card,total", *rows, ""]))
    before = superseded(shop)
    mapping = ("--mapping", str(tmp_path / "tills.yaml"))
    first, corrected = ("without", 4 if is_card_first else 0, ()), ("with", 0, ("--revision", "1"))
    for name, status, revision in (corrected, first) if is_card_first else (first, corrected):
        touchline(shop, "import", str(tmp_path / f"{name}.csv"), *mapping, *revision, status=status)
        settle(shop)
    assert ask(shop.settings, ORDERS, month=month) == [(RECEIPTS, 799.6, RECEIPTS, 0)]
    assert superseded(shop) - before == RECEIPTS


def superseded(shop: Ledger) -> int:
    ((found,),) = ask(shop.settings, "SELECT sum(superseded) FROM journey.account")
    return int(found)


def story(name: str, form: str) -> list[Event]:
    """A mailing and a coupon to a browser, a purchase with a login; what links the two comes as the form says."""
    browser, login = {"type": "anonymous", "value": f"browser {name}"}, {"type": "login", "value": name}

    def of(number: int, kind: str, day: int, identifiers: list[Event], **fields: Any) -> Event:
        return {
            "type": f"touchline.{kind}.v1", "source": "shell", "id": f"{name}-{number}", "time": f"2026-03-{day:02}T10:00:00Z",
            "identifiers": identifiers, **fields,
        }  # fmt: skip

    met = [
        of(1, "touchpoint", 1, [browser], touchpoint="campaign_mailing", action="send"),
        of(2, "touchpoint", 2, [browser], touchpoint="coupon", action="show"),
    ]
    bought = {"touchpoint": "store_purchase", "action": "purchase"}
    identify = of(4, "identify", 3, [login, browser])
    if form == "purchase with both":
        return [*met, of(3, "touchpoint", 4, [login, browser], **bought)]
    purchase = of(3, "touchpoint", 4, [login], **bought)
    return {
        "identify between": [*met, identify, purchase],
        "identify first": [identify, *met, purchase],
        "identify last": [*met, purchase, identify],
    }[form]


FORMS = ("identify between", "identify first", "identify last", "purchase with both")


def test_who_is_anonymous_first_and_known_later_is_one_customer_of_one_journey_in_any_order_of_arrival(
    shop: Ledger, tmp_path: Path
) -> None:
    """Two of each form: as it is told, and backwards."""
    with collector(shop.settings, tmp_path) as running:
        for number, form in enumerate(FORMS):
            for name, events in (
                (f"jane{number}", story(f"jane{number}", form)),
                (f"joan{number}", story(f"joan{number}", form)[::-1]),
            ):
                for one in events:
                    answer = running.post_json([one]).json()
                    assert answer["accepted"] == 1, (name, answer)
    settle(shop)
    customers = 2 * len(FORMS)
    assert ask(shop.settings, "SELECT uniqExact(person) FROM journey.touchpoints WHERE source = 'shell'") == [
        (customers,)
    ]
    assert ask(shop.settings, JOURNEYS) == [(3, 3, 1, 1)] * customers
    reached = (
        "SELECT reached FROM journey_api.funnel_stage(map = 'retail', map_version = %(version)s, date_from = '2026-03-01', "
        "date_to = '2026-03-31', filter = map(), as_of = %(as_of)s, mode = 'in_order') WHERE stage_order <= 3 ORDER BY stage_order"
    )
    ((version,),) = ask(shop.settings, "SELECT max(map_version) FROM journey.map_days WHERE map = 'retail'")
    as_of = datetime(2026, 12, 31, tzinfo=UTC)
    assert ask(shop.settings, reached, version=version, as_of=as_of) == [(customers,)] * 3
    found = json.loads(touchline(shop, "person", "--login", "jane0", "--json"))
    assert sorted(one["type"] for one in found["identifiers"]) == ["anonymous", "login"]


def test_two_who_log_in_one_after_the_other_on_one_device_stay_two(shop: Ledger, tmp_path: Path) -> None:
    tablet = {"type": "device", "value": "tablet"}

    def visit(number: int, day: int, *identifiers: Event) -> Event:
        return {
            "type": "touchline.touchpoint.v1", "source": "call-centre", "id": f"visit-{number}", "time": f"2026-05-{day:02}T10:00:00Z",
            "touchpoint": "coupon", "action": "show", "identifiers": [*identifiers],
        }  # fmt: skip

    ann, bob = {"type": "login", "value": "ann"}, {"type": "login", "value": "bob"}
    events = [
        visit(1, 1, ann),
        visit(2, 2, ann, tablet),
        visit(3, 3, tablet),
        visit(4, 4, bob, tablet),
        visit(5, 5, tablet),
    ]
    with collector(shop.settings, tmp_path) as running:
        assert running.post_json(events).json()["accepted"] == len(events)
    settle(shop)
    whose = dict(ask(shop.settings, "SELECT event_id, person FROM journey.touchpoints WHERE source = 'call-centre'"))
    assert len(whose) == len(events)
    assert whose["visit-1"] == whose["visit-2"] == whose["visit-3"] != whose["visit-4"] == whose["visit-5"]
