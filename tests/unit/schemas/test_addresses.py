"""Whole IP addresses do not get through in fields that hold them; what only looks like one does."""

from __future__ import annotations

import copy
import json
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import pytest
from hypothesis import given, strategies as st

from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.front import Item, Posted
from touchline.producers.errors import EventRejected
from touchline.producers.imports.mapping.mapper import Mapper
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows.row import Row
from touchline.producers.record import RecordMaker
from touchline.schemas.addresses import cut_addresses, cut_text, holds_addresses, may_hold_addresses
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.personal.find import mask
from touchline.schemas.personal.names import said_by
from touchline.schemas.sources import Source

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
        kept = 48 if address.sixtofour is None else 40  # bits 16 to 47 of 6to4 are an IPv4 address
        assert found == IPv6Network((address, kept), strict=False).network_address
    assert cut_text(text) == text


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothes_is_cut_as_ipv4(address: IPv4Address) -> None:
    assert cut_text(f"::ffff:{address}") == f"::ffff:{str(address).rpartition('.')[0]}.0"
    relayed = IPv6Address((0x2002 << 112) + (int(address) << 80) + 1)
    kept = IPv6Address(cut_text(str(relayed))).sixtofour
    assert str(kept) == f"{str(address).rpartition('.')[0]}.0"


@given(st.ip_addresses(v=4, network="64.0.0.0/2") | st.ip_addresses(v=4, network="192.0.0.0/3"))
def test_an_address_that_a_database_keeps_as_a_number_is_cut(address: IPv4Address) -> None:
    number = int(address) & 0xFFFFFF00
    event = {"ip": int(address), "x": {"client_ip": str(int(address)), "visits": int(address)}, "visits": int(address)}
    assert cut(event) == {"ip": number, "x": {"client_ip": str(number), "visits": int(address)}, "visits": int(address)}
    assert cut({"ip": 7, "ips": [True, 300, "12"]}) == {"ip": 7, "ips": [True, 300, "12"]}


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-03T10:15:00+01:00", "10:15:00", "aa:bb:cc:dd:ee:ff", "1.2.3", "1.2.3.4.5", "300.1.2.3", "std::vector",
        "https://example.org/a:b:c", "k1:" + "0" * 64, "a::b::c",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_address_stays(text: str) -> None:
    assert cut_text(text) == text


def cut(event: dict[str, Any]) -> dict[str, Any]:
    event = dict(event)
    cut_addresses(event)
    return event


def test_addresses_are_cut_where_a_field_holds_them_in_any_nesting() -> None:
    event: dict[str, Any] = {
        "id": "1.2.3.4", "place": "1.2.3.4", "ip": "203.0.113.77", "comment": "I am 203.0.113.77.",
        "properties": {"ip": "203.0.113.77", "app_version": "10.2.3.4", "build": "12.10.20.30", "text": "Face::Bee"},
        "context": {"ips": ["2001:db8:1:2:3:4:5:6", {"deep": "203.0.113.77:80"}], "list": [{"client_ip": "203.0.113.77"}, "1.2.3.4"]},
        "headers": {"X-Forwarded-For": "203.0.113.77, 198.51.100.9", "Remote_Addr": ("203.0.113.77",)},
    }  # fmt: skip
    before = copy.deepcopy(event)
    assert cut(event) == {
        **event, "ip": "203.0.113.0", "properties": {**event["properties"], "ip": "203.0.113.0"},
        "context": {"ips": ["2001:db8:1::", {"deep": "203.0.113.0:80"}], "list": [{"client_ip": "203.0.113.0"}, "1.2.3.4"]},
        "headers": {"X-Forwarded-For": "203.0.113.0, 198.51.100.0", "Remote_Addr": ["203.0.113.0"]},
    }  # fmt: skip
    assert event == before
    assert cut(cut(event)) == cut(event)


@pytest.mark.parametrize(
    "name",
    ["ip", "IP", "ips", "ip_address", "ipAddress", "IPAddress", "client_ip", "clientIp", "clientIP", "clientip", "user.ip", "remote_addr",
     "REMOTE_ADDR", "remoteAddr", "remote_address", "x_forwarded_for", "X-Forwarded-For", "xForwardedFor", "x-real-ip", "cf-connecting-ip",
     "IPv4", "ipv6", "peer_address", "ip_from", "ip1", "IP2", "ipAdresse", "ipadresse", "uip", "c-ip"],
)  # fmt: skip
def test_a_name_says_that_a_field_holds_addresses(name: str) -> None:
    assert holds_addresses(name)


@pytest.mark.parametrize(
    "deeper",
    [
        {"properties": {"lines": 3, "ip": "203.0.113.7"}},
        {"amount": {"amount_minor": 1, "currency": "EUR", "payer": {"ip": "203.0.113.7"}}},
        {"persons": [{"type": "mail", "key": "k", "seen_at_ip": "203.0.113.7"}]}, {"order": {"ip": "203.0.113.7"}},
    ],
)  # fmt: skip
def test_a_property_for_addresses_and_a_field_deeper_down_that_the_contract_does_not_name_are_looked_at(
    deeper: dict[str, Any],
) -> None:
    event = {
        "type": TOUCHPOINT,
        "id": "e",
        "persons": [{"type": "mail", "key": "k"}],
        "order": {"id": "o", "kind": "purchase"},
    }
    assert not may_hold_addresses(event)
    assert may_hold_addresses({**event, **deeper})


@pytest.mark.parametrize(
    "name",
    ["place", "build", "text", "version", "ip_version", "ship", "tip", "zip", "vip", "recipient", "script", "address", "mail_address",
     "description", "shelf", "comment", "trip", "equipment", "forwarded_at"],
)  # fmt: skip
def test_other_names_say_nothing_of_addresses(name: str) -> None:
    assert not holds_addresses(name)


NAMES = st.sampled_from(["ip", "place_code", "clientIp", "note", "remote_addr", "build", "x_forwarded_for"])
TEXTS = st.one_of(st.ip_addresses().map(str), st.sampled_from(["Face::Bee", "12.10.20.30", "1.2.3.4.5", "shelf"]))
EVENT = {
    "type": "touchline.touchpoint.v1",
    "id": "1",
    "source": "till",
    "time": "2026-03-01T09:30:00Z",
    "touchpoint": "x",
}
MAPPING = """\
mapping: m
source: till
id: id
time: time
fields: {touchpoint: {constant: x}}
properties: {ip: ip, place_code: place_code, clientIp: clientIp, note: note, remote_addr: remote_addr, build: build,
  x_forwarded_for: x_forwarded_for}
"""


@given(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=5))
def test_emit_collector_and_import_give_the_same_event(properties: dict[str, str]) -> None:
    event = {**EVENT, "time": "2026-03-01T09:30:00.000000Z", "properties": properties}
    parsed = EventsFront().parse(Posted("/v1/events", "application/json", {}, json.dumps(event).encode()), 10).items
    row = Row(1, {"id": "1", "time": event["time"], **properties})
    mapped = Mapper(parse_mapping(MAPPING)).map(row).event
    ways = [event, *(item.event for item in parsed if isinstance(item, Item)), mapped]
    maker = RecordMaker(None, {"till": Source(legal_basis="contract")}, lambda: 1_772_366_400_000_000)
    sent = [json.loads(maker.make(one).value) for one in ways]
    assert sent[0] == sent[1] == sent[2]
    for name, text in properties.items():
        kept = cut_text(text) if holds_addresses(name) else mask(text, says=said_by(name)).text
        assert sent[0]["properties"][name] == kept


@pytest.mark.parametrize("value", ["203.0.113.77", " 2001:db8::1 "])
@pytest.mark.parametrize("is_pair", [False, True])
def test_an_address_is_nobodys_identifier(value: str, is_pair: bool) -> None:
    identifier = ["device", value] if is_pair else {"type": "device", "value": value}
    maker = RecordMaker(PersonKeys("k1", bytes(32)), None, lambda: 1_772_366_400_000_000)
    with pytest.raises(EventRejected) as rejected:
        maker.make({**EVENT, "identifiers": [identifier]})
    assert value.strip() not in str(rejected.value)
    assert "leave it out" in rejected.value.hint
