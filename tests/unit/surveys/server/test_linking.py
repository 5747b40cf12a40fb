"""`POST /v1/links`: who may make links, which are one, and that nobody else can make any."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.answering import BROWSER_KEY, KEY, NOW, OTHER_KEY, SECRET, URL, Answer, Visitor, World
from touchline.errors import EngineUnreachable
from touchline.schemas.times import US_PER_HOUR, US_PER_SECOND, parse_time
from touchline.surveys.links import LinkRefused, read

RECEIPT = {"question": "csat_here", "touchpoint": "store_purchase", "source": "retail-pos", "receipt": "r-1"}
PLACE = {"question": "nps_here", "touchpoint": "store_visit", "place": "store-12"}
_DAY_US = 24 * US_PER_HOUR


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def wanting(document: object, key: str | None = KEY) -> Callable[[Visitor], Any]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return lambda visitor: visitor.post_json("/v1/links", document, **headers)


def path_of(answer: Answer) -> str:
    link = answer.json()["link"]
    assert link.startswith(f"{URL}/q/")
    return str(link.removeprefix(URL))


def test_a_receipt_has_one_link_and_one_answer(world: World) -> None:
    async def sell(visitor: Visitor) -> list[Answer]:
        made = [await wanting(RECEIPT)(visitor), await wanting(RECEIPT | {"days": 3})(visitor)]
        await visitor.post(path_of(made[0]), answer="5")
        return [*made, await wanting(RECEIPT)(visitor), await visitor.post(path_of(made[0]), answer="1")]

    ((first, again, later, second_answer),) = world.visit(sell)
    assert first.status == again.status == later.status == 200
    assert first.json() == again.json() == later.json()
    assert "kiosk" not in first.json()
    assert "We have your answer already" in second_answer.text
    assert world.told() == [("invited", None), ("partial", 5.0)]
    asked = world.events()[0]
    assert (asked["survey"], asked["persons"]) == ("receipt_link", [])
    assert asked["about"] == {"touchpoint": "store_purchase", "source": "retail-pos", "event_id": "r-1"}
    assert "r-1" not in first.text


def test_a_receipt_of_which_the_ledger_has_the_ask_gets_the_same_link_days_later(world: World) -> None:
    (first,) = world.visit(wanting(RECEIPT))
    # What the ledger has after a restart: the ask as it was written.
    (link,) = world.visit(wanting(RECEIPT))
    assert link.json() == first.json()  # the same day, by another process that knows nothing
    found = read(SECRET, path_of(first).removeprefix("/q/"), NOW / US_PER_SECOND)
    assert not isinstance(found, LinkRefused)
    world.asks("csat_here", persons=(), id=found.ask_id, expires_us=found.expires_s * US_PER_SECOND)
    world.ledger = {found.ask_id: next(iter(world.ledger.values()))}
    world.now_us += 3 * _DAY_US
    (later,) = world.visit(wanting(RECEIPT))
    assert later.json() == first.json()
    assert len(world.events()) == 2


def test_a_receipt_that_is_asked_for_twice_at_once_is_written_once(world: World) -> None:
    async def both(visitor: Visitor) -> list[Answer]:
        wanted = [wanting(RECEIPT | {"days": 1 + number}) for number in range(4)]
        return list(await asyncio.gather(*(one(visitor) for one in wanted)))

    (answers,) = world.visit(both)
    assert len({one.text for one in answers}) == 1
    assert world.told() == [("invited", None)]


def test_a_receipt_is_of_one_touchpoint(world: World) -> None:
    _, other = world.visit(wanting(RECEIPT), wanting(RECEIPT | {"touchpoint": "web_purchase"}))
    assert (other.status, other.json()["field"]) == (409, "touchpoint")


def test_the_link_of_a_place_is_the_same_all_day_and_opens_page_and_kiosk(world: World) -> None:
    async def open_both(visitor: Visitor) -> list[Answer]:
        made = await wanting(PLACE | {"language": "de", "days": 30})(visitor)
        world.now_us = NOW - NOW % _DAY_US + _DAY_US - 1
        again = await wanting(PLACE | {"language": "de", "days": 30})(visitor)
        kiosk = made.json()["kiosk"].removeprefix(URL)
        return [made, again, await visitor.get(path_of(made)), await visitor.get(kiosk)]

    ((made, again, page, kiosk),) = world.visit(open_both)
    assert made.json() == again.json()
    assert '<html lang="de">' in page.text
    assert (page.status, kiosk.status) == (200, 200)
    ends_us = parse_time(made.json()["expires_at"])
    assert ends_us % _DAY_US == 0
    assert 30 * _DAY_US <= ends_us - NOW < 31 * _DAY_US
    assert [one[0] for one in world.told()] == ["shown"]  # by the page


def test_a_link_that_was_changed_or_is_over_leads_nowhere(world: World) -> None:
    (made,) = world.visit(wanting(PLACE | {"days": 1}))
    path = path_of(made)
    forged = path[:-1] + ("A" if path[-1] != "A" else "B")
    cut = path[:-4]
    (first, second) = world.visit(lambda visitor: visitor.get(forged), lambda visitor: visitor.get(cut))
    assert (first.status, second.status) == (404, 404)
    world.now_us += 3 * _DAY_US
    (late,) = world.visit(lambda visitor: visitor.get(path))
    assert late.status == 410


@pytest.mark.parametrize("key", [None, "x.y", OTHER_KEY, BROWSER_KEY])
def test_who_may_not_ask_makes_no_link(world: World, key: str | None) -> None:
    (answer,) = world.visit(wanting(RECEIPT, key))
    assert answer.status == (403 if key in (OTHER_KEY, BROWSER_KEY) else 401)
    assert world.events() == []


def test_links_are_made_at_the_rate_of_the_key(world: World) -> None:
    world.rate = 0.5
    assert [one.status for one in world.visit(wanting(PLACE), wanting(PLACE))] == [200, 429]


def test_before_the_ledger_has_caught_up_no_link_is_made(world: World) -> None:
    world.is_over = False
    assert [one.status for one in world.visit(wanting(RECEIPT))] == [503]


def test_a_link_whose_ask_cannot_be_kept_is_not_given_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> int:
        raise EngineUnreachable("Kafka at 10.0.0.7 is away", "bring it back")

    async def go(visitor: Visitor) -> list[Answer]:
        with monkeypatch.context() as broken:
            broken.setattr(world.producer, "emit_many", away)
            first = await wanting(RECEIPT)(visitor)
        return [first, await wanting(RECEIPT)(visitor)]

    ((first, again),) = world.visit(go)
    assert (first.status, again.status) == (503, 200)
    assert "10.0.0.7" not in first.text
    assert world.told() == [("invited", None)]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], None),
        ({**PLACE, "secret": "4711"}, None),
        ({**PLACE, "question": "4711"}, "question"),
        ({**PLACE, "touchpoint": ""}, "touchpoint"),
        ({**PLACE, "touchpoint": 4711}, "touchpoint"),
        ({**PLACE, "place": "4711@shop.example"}, "place"),
        ({**PLACE, "place": "4711" * 40}, None),
        ({**PLACE, "language": "xx"}, "language"),
        ({**PLACE, "days": 0}, "days"),
        ({**PLACE, "days": True}, "days"),
        ({**PLACE, "days": "4711"}, "days"),
        ({**PLACE, "receipt": "4711", "source": "retail-pos"}, None),
        ({"question": "nps_here", "touchpoint": "store_visit"}, None),
        ({"question": "nps_here", "place": "store-12"}, "touchpoint"),
        ({**RECEIPT, "source": "4711\n"}, "source"),
        ({key: value for key, value in RECEIPT.items() if key != "source"}, None),
    ],
)
def test_what_cannot_be_read_is_said_without_its_value(world: World, document: object, field: str | None) -> None:
    (answer,) = world.visit(wanting(document))
    said = answer.json()
    assert (answer.status, said.get("field")) == (400, field)
    assert "4711" not in json.dumps(said)
    assert world.events() == []
