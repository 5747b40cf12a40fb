"""Browser keys: named touchpoints of one source, and no word about who is who unless their line says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from touchline.errors import WrongUsage
from touchline.producers.collector.access import WriteKey, WriteKeys
from touchline.producers.collector.browser_keys import BrowserTerms
from touchline.producers.collector.front import BadItem, Item, Parsed
from touchline.producers.collector.owners import owned_by
from touchline.producers.collector.sorting import sorted_out_of
from touchline.producers.errors import EventRejected
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection

SECRET = "a" * 32
VIEW = {"type": "touchline.touchpoint.v1", "touchpoint": "web_page"}
ANONYMOUS = {"type": "anonymous", "value": "b7"}
LOGIN = {"type": "login", "value": "jane"}


def key_of(tmp_path: Path, line: str) -> WriteKey:
    path = tmp_path / "write_keys"
    path.write_text(line)
    found = WriteKeys.from_file(path).find(line.split()[0])
    assert found is not None
    return found


def terms(*identifiers: str) -> BrowserTerms:
    return BrowserTerms(frozenset(("web_page", "newsletter")), frozenset(("anonymous", *identifiers)))


def test_a_line_names_touchpoints_and_may_name_identifiers(tmp_path: Path) -> None:
    plain = key_of(tmp_path, f"tag.{SECRET} web-shop browser:web_page,newsletter")
    knowing = key_of(tmp_path, f"tag.{SECRET} web-shop browser:web_page,newsletter identifiers:login")
    assert (plain.browser, knowing.browser) == (terms(), terms("login"))
    assert plain.only_source == "web-shop"
    assert key_of(tmp_path, f"server.{SECRET} web-shop").browser is None


@pytest.mark.parametrize(
    "line",
    [
        "browser:web_page", "* browser:web_page", "web-shop crm browser:web_page", "web-shop browser:", "web-shop browser:,",
        "web-shop identifiers:login", "web-shop browser:web_page identifiers:Log-in",
    ],
)  # fmt: skip
def test_a_line_that_says_too_much_or_too_little_is_refused_without_its_content(tmp_path: Path, line: str) -> None:
    with pytest.raises(WrongUsage, match="line 1") as raised:
        key_of(tmp_path, f"tag.{SECRET} {line}")
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (VIEW, None),
        ({**VIEW, "identifiers": [ANONYMOUS]}, None),
        ({**VIEW, "touchpoint": "purchase"}, "touchpoint"),
        ({**VIEW, "identifiers": [ANONYMOUS, LOGIN]}, "identifiers"),
        ({**VIEW, "persons": [{"type": "login", "key": "k:0"}]}, "identifiers"),
        ({"type": "touchline.identify.v1", "identifiers": [ANONYMOUS]}, "type"),
        ({"type": "touchline.consent.v1", "state": "withdrawn"}, "type"),
        # left to the contract, which says it better
        ({"type": 5, "identifiers": "none"}, None),
        ({"touchpoint": ["web_page"], "identifiers": [5, {"type": None}]}, None),
    ],
)
def test_an_event_is_what_the_line_names(event: dict[str, Any], field: str | None) -> None:
    fault = terms().fault_in(event)
    assert (None if fault is None else fault.field) == field


def test_a_page_that_may_name_logins_may_link_but_not_part() -> None:
    link = {"type": "touchline.identify.v1", "identifiers": [ANONYMOUS, LOGIN]}
    assert terms("login").fault_in(link) is None
    assert terms("login").fault_in({**VIEW, "identifiers": [LOGIN]}) is None
    parting = terms("login").fault_in({**link, "action": "unlink"})
    assert parting is not None
    assert parting.field == "type"
    assert terms("login").fault_in({**link, "identifiers": [{"type": "mail", "value": "a@b.example"}]}) is not None


def test_whatever_source_a_page_says_its_events_are_of_its_keys_source() -> None:
    key = WriteKey("tag", frozenset(("web-shop",)), terms())
    items = [Item({**VIEW, "source": "crm", "id": "e1"}), Item(dict(VIEW)), Item({**VIEW, "touchpoint": "purchase"})]
    owned = owned_by(key, Parsed(len(items), items), lambda _: key, is_foreign=False)
    good, places, rejected, _ = sorted_out_of(key, owned.items, owned.source)
    assert [one["source"] for one in good] == ["web-shop", "web-shop"]
    assert good[0]["id"] == "tag/e1"
    assert [position for position, _ in places] == [0, 1]
    assert [one.position for one in rejected] == [2]


def test_of_what_is_no_event_only_that_is_kept_which_the_key_may_send() -> None:
    key = WriteKey("tag", frozenset(("web-shop",)), terms())
    error = EventRejected(Rejection(Reason.TOO_LARGE, ""))
    events = ({**VIEW, "id": "e1", "source": "crm"}, {**VIEW, "touchpoint": "purchase"}, None)
    sorted_out = sorted_out_of(key, [BadItem(error, event=one) for one in events], "web-shop")
    assert sorted_out.unread == [{**VIEW, "id": "tag/e1", "source": "web-shop"}]
    assert [one.event for one in sorted_out.rejected] == [None] * 3


def test_what_was_bought_and_revisions_are_not_for_pages_but_where_the_line_says_so(tmp_path: Path) -> None:
    plain = key_of(tmp_path, f"tag.{SECRET} web-shop browser:web_page")
    selling = key_of(tmp_path, f"tag.{SECRET} web-shop browser:web_page may:order")
    assert plain.browser is not None
    assert selling.browser is not None
    order = {**VIEW, "order": {"id": "4711"}, "amount": {"amount_minor": 99, "currency": "EUR"}}
    for event, fault in (({**VIEW, "revision": 1}, "revision"), (order, "order"), ({**VIEW, "amount": {}}, None)):
        found = plain.browser.fault_in(event)
        assert (None if found is None else found.field) == fault
    assert selling.browser.fault_in(order) is None
    assert selling.browser.fault_in({**order, "revision": 7}) is not None
