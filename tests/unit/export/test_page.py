"""The export as a page: one file without script, closed elements, hostile text as text."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.support.pages import read_page
from touchline.export.page import page_of
from touchline.export.values import Export, KeptOut, OwnIdentifier, Read
from touchline.export.words import Language
from touchline.person.values import Journey

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMPTY = Export(NOON, "1.0", "k1:me", False, [], {}, {}, [], [], [], [], [], 0, 0)


def whole(text: str) -> Export:
    common: dict[str, Any] = {
        "kind": "received",
        "fate": "stored",
        "source": "till",
        "event_id": "e1",
        "event_time": NOON,
    }
    answer = {
        "event_type": "touchline.answer.v1",
        "has_score": 1,
        "score": 9.0,
        "scale_min": 0,
        "scale_max": 10,
        "comment": text,
    }
    sale = {
        "event_type": "touchline.touchpoint.v1",
        "touchpoint": text,
        "amount_minor": 1999,
        "currency": "EUR",
        "currency_exponent": 2,
    }
    return EMPTY._replace(
        identifiers=[OwnIdentifier("k1:me", "loyalty", 2, NOON, NOON, False), OwnIdentifier("k1:tab", "device", 1, None, None, True)],
        sources={"till": text},
        records={"received": [common | answer, common | sale | {"properties": {text: text}}], "link": []},
        journeys=[Journey("shop", 1, 1, NOON, NOON, None, 2, 3)],
        consents=[
            {"purpose": text, "state": "granted", "valid_from": NOON, "valid_until": NOON, "source": "till"},
            {"purpose": "ads", "state": "withdrawn", "valid_from": NOON, "valid_until": None, "source": "till"},
        ],
        quarantine=[KeptOut("t/0/1", NOON, "till", "", "missing_field", "touchpoint", "", {"note": text})],
        readings=[Read(NOON, "page", 1)],
        opened=1,
        locked=1,
    )  # fmt: skip


@given(st.text(min_size=1, max_size=30), st.sampled_from(list(Language)))
def test_no_text_becomes_markup_and_every_element_is_closed(text: str, language: Language) -> None:
    page = read_page(page_of(whole(text), language))
    assert page.tags == read_page(page_of(whole("a"), language)).tags
    assert page.language == language.value


def test_it_loads_nothing_and_runs_nothing() -> None:
    text = page_of(whole('<script src="x.js"></script><img src="http://evil.example/">'), Language.EN)
    page = read_page(text)
    assert page.loads == []
    assert not {"script", "img", "link", "iframe", "form"} & set(page.tags)
    assert "default-src 'none'" in text.replace("&#x27;", "'")


def test_what_a_person_said_did_and_paid_stands_on_it() -> None:
    page = read_page(page_of(whole("queue"), Language.EN)).text
    for words in (
        "What we keep about you",
        "Score 9, on a scale from 0 to 10",
        "queue",
        "19.99 EUR",
        "also used by others",
        "Until (UTC)",
        "withdrawn",
        "missing_field",
    ):
        assert words in page


def test_headings_come_in_order_and_tables_have_captions_and_heads() -> None:
    page = read_page(page_of(whole("a"), Language.EN))
    levels = [int(tag[1]) for tag in page.tags if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.tags.count("caption") == page.tags.count("table") == page.tags.count("thead")


@pytest.mark.parametrize("language", list(Language))
def test_of_nobody_it_says_that_nothing_is_kept(language: Language) -> None:
    page = read_page(page_of(EMPTY, language))
    assert page.tags.count("section") == 0
    assert page.tags.count("p") == 2
