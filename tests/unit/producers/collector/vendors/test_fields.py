"""Odd fields, addresses, numbers and base64 of senders' calls."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, strategies as st

from touchline.producers.collector.vendors.clock import read_us
from touchline.producers.collector.vendors.documents import document_of, of_base64
from touchline.producers.collector.vendors.fields import Address, number_of
from touchline.schemas.times import parse_time

MOMENT = parse_time("2026-03-03T10:15:00Z")


@given(st.binary(max_size=40))
def test_base64_is_read_in_either_alphabet_and_with_its_padding_or_without(content: bytes) -> None:
    for text in (base64.b64encode(content).decode(), base64.urlsafe_b64encode(content).decode()):
        assert of_base64(text) == of_base64(text.rstrip("=")) == content


@pytest.mark.parametrize("text", ["%", "a", "ä"])
def test_what_is_no_base64_is_none(text: str) -> None:
    assert of_base64(text) is None


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (
            "https://shop.example.com/p?utm_campaign=may&utm_source=a&mail=b",
            ("/p", "may", {"page.path": "/p", "campaign.source": "a"}),
        ),
        ("https://shop.example.com", ("/", None, {"page.path": "/"})),
        ("/p#part", ("/p", None, {"page.path": "/p"})),
        ("https://[", ("", None, {})),
        ("", ("", None, {})),
        (None, ("", None, {})),
        (7, ("", None, {})),
    ],
)
def test_of_an_address_its_path_and_its_campaign_are_kept(url: object, kept: tuple[Any, ...]) -> None:
    assert tuple(Address.of(url)) == kept


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("1.5", 1.5), ("-3", -3.0), ("x", "x"), ("", ""), (7, 7), (None, None)]
)
def test_a_number_may_be_written_as_text(text: object, number: object) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("time", [MOMENT // 1_000, MOMENT // 1_000_000, MOMENT / 1_000_000, "2026-03-03T10:15:00Z"])
def test_a_time_is_a_text_milliseconds_or_seconds(time: object) -> None:
    assert read_us(time) == MOMENT


@pytest.mark.parametrize("time", [0, -1, 10**20, float("nan"), float("inf"), True, None, "yesterday"])
def test_what_is_no_time_of_an_event_is_none(time: object) -> None:
    assert read_us(time) is None


def test_a_form_without_data_is_its_fields() -> None:
    assert document_of(b"idsite=1&rec=1&url=https%3A%2F%2Fx%2F") == {"idsite": "1", "rec": "1", "url": "https://x/"}
