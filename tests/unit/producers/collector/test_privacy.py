"""Whole IP addresses do not get through, wherever in an event they stand; what only looks like one does."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import pytest
from hypothesis import given, strategies as st

from touchline.producers.collector.privacy import cut_text, without_addresses
from touchline.producers.errors import EventRejected

BEFORE = st.sampled_from(["", " ", "from ", "[", ", ", ";", '"', "/", "=", "ip="])
AFTER = st.sampled_from(["", " ", "]:443", ", ", ";", '"', "/", ".", "?"])


@given(st.ip_addresses(v=4), BEFORE, AFTER)
def test_of_ipv4_the_last_byte_goes_also_within_text(address: IPv4Address, before: str, after: str) -> None:
    text = cut_text(f"{before}{address}{after}")
    assert text == f"{before}{str(address).rpartition('.')[0]}.0{after}"
    assert cut_text(text) == text


@given(st.ip_addresses(v=6), st.booleans(), BEFORE)
def test_of_ipv6_48_bits_stay_in_every_spelling(address: IPv6Address, is_long: bool, before: str) -> None:
    text = cut_text(f"{before}{address.exploded if is_long else address.compressed}")
    found = ip_address(text.removeprefix(before))
    if address.ipv4_mapped is None:
        assert found == IPv6Network((address, 48), strict=False).network_address
    assert cut_text(text) == text


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothes_is_cut_as_ipv4(address: IPv4Address) -> None:
    assert cut_text(f"::ffff:{address}") == f"::ffff:{str(address).rpartition('.')[0]}.0"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-03T10:15:00+01:00", "10:15:00", "aa:bb:cc:dd:ee:ff", "1.2.3", "1.2.3.4.5", "300.1.2.3", "std::vector",
        "https://example.org/a:b:c", "k1:" + "0" * 64, "a::b::c",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_address_stays(text: str) -> None:
    assert cut_text(text) == text


def test_addresses_are_cut_in_known_unknown_and_nested_fields() -> None:
    event: dict[str, Any] = {
        "id": "1", "time": "2026-03-03T10:15:00Z", "comment": "I am 203.0.113.77.",
        "properties": {"ip": "203.0.113.77", "app_version": "10.2.3.4"},
        "context": {"ips": ["2001:db8:1:2:3:4:5:6", {"deep": "203.0.113.77:80"}]},
    }  # fmt: skip
    cut = without_addresses(event)
    assert cut["properties"] == {"ip": "203.0.113.0", "app_version": "10.2.3.4"}
    assert cut["context"] == {"ips": ["2001:db8:1::", {"deep": "203.0.113.0:80"}]}
    assert "203.0.113.77" not in json.dumps(cut)
    assert event["properties"]["ip"] == "203.0.113.77"


def test_a_conversion_is_no_version() -> None:
    event = {"properties": {"conversion_referrer": "http://203.0.113.77/", "conversion_version": "10.2.3.4"}}
    cut = without_addresses(event)
    assert cut["properties"] == {"conversion_referrer": "http://203.0.113.0/", "conversion_version": "10.2.3.4"}


def test_ids_of_orders_and_events_stay_so_that_two_do_not_become_one() -> None:
    event: dict[str, Any] = {
        "order": {"id": "12.1.3.77", "note": "203.0.113.77"},
        "about": {"event_id": "12.1.3.77", "touchpoint": "till"},
    }
    cut = without_addresses(event)
    assert cut == {"order": {"id": "12.1.3.77", "note": "203.0.113.0"}, "about": event["about"]}


@pytest.mark.parametrize("value", ["203.0.113.77", " 2001:db8::1 "])
@pytest.mark.parametrize("is_pair", [False, True])
def test_an_address_is_nobodys_identifier(value: str, is_pair: bool) -> None:
    identifier = ["device", value] if is_pair else {"type": "device", "value": value}
    with pytest.raises(EventRejected) as rejected:
        without_addresses({"identifiers": [identifier]})
    assert value.strip() not in str(rejected.value)
    assert "leave it out" in rejected.value.hint
