"""What the collector keeps of what it refused: the last few of each source, no value, by the keys of the source only."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from touchline.producers.collector.access import WriteKey, WriteKeys
from touchline.producers.collector.front import ItemVerdict
from touchline.producers.collector.refused import KEPT, RefusedLately
from touchline.producers.errors import EventRejected, SourceUndeclared
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.service.problem import RequestRefused

SECRET = "a" * 64
SHOP, ALL = WriteKey("shop", frozenset({"shop"})), WriteKey("all", None)
WRONG = EventRejected(Rejection(Reason.WRONG_TYPE, "time"), "text of 6 characters")
UNDECLARED = SourceUndeclared("jane", {"shop": None})


def verdict(source: object, error: EventRejected = WRONG, **fields: object) -> ItemVerdict:
    return ItemVerdict(0, None, error, {"source": source, **fields})


def refused_lately(keys: WriteKeys | None = None) -> RefusedLately:
    return RefusedLately(keys or WriteKeys({}), lambda: ("shop", "till", "desk"), lambda: 1_772_000_000_000_000)


def test_of_each_source_the_last_ones_are_kept_and_all_are_counted() -> None:
    lately = refused_lately()
    for _ in range(3):
        lately.note(ALL, [verdict("shop")] * KEPT)
    lately.note(ALL, [verdict("till")])
    shop, till = lately.of("shop"), lately.of("till")
    assert (shop.refused, len(shop.lately), till.refused) == (3 * KEPT, KEPT, 1)
    assert [one.number for one in (*shop.lately, *till.lately)] == [*range(2 * KEPT + 1, 3 * KEPT + 2)]
    assert lately.of("desk").refused == 0


@pytest.mark.parametrize(
    ("key", "refused", "source"),
    [
        (SHOP, verdict("shop"), "shop"),
        (SHOP, verdict("till"), "shop"),
        (SHOP, verdict("jane", UNDECLARED), "shop"),
        (SHOP, verdict(7), "shop"),
        (SHOP, ItemVerdict(0, None, WRONG, None), "shop"),
        (ALL, verdict("jane", UNDECLARED), None),
        (ALL, verdict("jane"), None),
        (ALL, ItemVerdict(0, None, WRONG, None), None),
        (WriteKey("two", frozenset({"shop", "till"})), verdict("desk"), None),
    ],
)
def test_what_names_no_source_that_it_may_stands_under_that_of_its_key(
    key: WriteKey, refused: ItemVerdict, source: str | None
) -> None:
    lately = refused_lately()
    lately.note(key, [refused])
    assert [name for name in ("shop", "till", "desk", "jane") if lately.of(name).refused] == [source] * bool(source)


def test_no_value_and_no_id_is_kept() -> None:
    lately = refused_lately()
    lately.note(SHOP, [verdict("shop", id="jane@example.org", time="Sunday", touchpoint="jane")])
    (one,) = lately.of("shop").lately
    assert (one.reason, one.field, one.found) == (Reason.WRONG_TYPE, "time", "text of 6 characters")
    assert not [word for word in ("jane", "Sunday") if word in one.model_dump_json()]


def answer(lately: RefusedLately, query: str, headers: dict[str, str]) -> Any:
    found = asyncio.run(lately.answer(make_mocked_request("GET", f"/v1/refused{query}", headers)))
    assert isinstance(found, web.Response)
    return json.loads(str(found.text))


def test_only_a_key_of_the_source_is_answered() -> None:
    lines = (f"shop.{SECRET} shop", f"till.{SECRET} till", f"tag.{SECRET} shop browser:web_page")
    keys = WriteKeys.from_text("\n".join(lines), Path("write_keys"))
    lately = refused_lately(keys)
    lately.note(SHOP, [verdict("shop")])
    told = answer(lately, "?source=shop", {"Authorization": f"Bearer shop.{SECRET}"})
    assert (told["source"], told["refused"], told["lately"][0]["reason"]) == ("shop", 1, "wrong_type")
    with pytest.raises(RequestRefused) as refused:
        answer(lately, "", {"Authorization": f"Bearer shop.{SECRET}"})
    assert (refused.value.status, refused.value.field) == (400, "source")
    for presented in (f"till.{SECRET}", f"tag.{SECRET}", f"shop.{'b' * 64}", ""):
        with pytest.raises(RequestRefused) as refused:
            answer(lately, "?source=shop", {"Authorization": f"Bearer {presented}"})
        assert (refused.value.status, *refused.value.headers) == (401, "WWW-Authenticate")
