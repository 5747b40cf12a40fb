"""The quick way takes nothing that the long way would not take, and gives the same facts and links."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given, strategies as st

from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode, decode_quickly
from touchline.processors.steps.plain import LEFT_TO_ASK, PlainTouchpoint
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.records import Fact, KafkaRecord
from touchline.schemas.answer import AnswerEvent
from touchline.schemas.checking import FIELD_NAMES
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.sources import Source, Sources
from touchline.schemas.structs import struct_of
from touchline.schemas.touchpoint import TouchpointEvent

KEY, OTHER_KEY = f"k1:{'0a' * 32}", f"k1:{'1b' * 32}"
SOURCES: Sources = {
    "shop": Source(legal_basis="contract", brand="house", default_channel="web"),
    "till": Source(legal_basis="contract", zone="Europe/Berlin", precision="minute"),
    "app": Source(legal_basis="consent", purposes=("analytics",), clock_skew_seconds=5.5),
    "desk": Source(legal_basis="contract", personal=("persona",)),
}
EVENT: dict[str, Any] = {
    "type": TOUCHPOINT, "id": "e1", "source": "shop", "time": "2026-03-01T09:30:00.250Z", "touchpoint": "page",
    "received_at": "2026-03-01T09:30:01.000Z", "persons": [{"type": "login", "key": KEY}, {"type": "anonymous", "key": OTHER_KEY}],
    "place": "Straße 5", "zone": "Asia/Kathmandu", "brand": "b", "campaign": "c", "persona": "p", "segment": "s", "simulated": True,
    "revision": 3, "action": "view", "channel": "app", "provenance": "declared", "amount": {"amount_minor": 1999, "currency": "EUR"},
    "order": {"id": "o1", "kind": "purchase"}, "consent": {"id": "g1", "purposes": ["profiling", "analytics"]},
    "properties": {"size": "XL", "lines": 3, "is_gift": False},
}  # fmt: skip
NEEDED = frozenset(("type", "id", "source", "time", "touchpoint"))
TEXTS = st.sampled_from(
    ["", "x", "x" * 256, "x" * 257, "ü\u2028\x7f", "\x00\x1f\"\\/", "\U0001f600", "a@b.example", "\ud800", "2026-03-01"]
) | st.text(max_size=8)  # fmt: skip
ODD: st.SearchStrategy[Any] = TEXTS | st.sampled_from(
    [
        None,
        0,
        -0.0,
        -1,
        5,
        2**31,
        2**53,
        2**60,
        2**64,
        2**70,
        1.0,
        1.5,
        1e-9,
        1e22,
        True,
        [],
        [{}],
        {},
        {"id": 3},
        {"a": 1.0},
    ]
)
TIMES = st.sampled_from(
    ["2026-03-01T09:30:00Z", "2026-03-01 09:30:00+01:00", "2026-03-01T09:30:00", "1970-01-01T00:00:00.000Z", "2026-02-30T00:00:00.000Z",
     "2026-03-01T09:30:00.000z", "2090-01-01T00:00:00.000000Z", "2026-03-01T24:00:00.000Z"]
)  # fmt: skip
KEYS = st.sampled_from([KEY, OTHER_KEY, KEY + "\n", KEY.upper(), "jane", ""])
KINDS = st.sampled_from(["login", "anonymous", "loyalty_card", "household", "Login", "login\n", "x" * 33, ""])
PERSONS = st.lists(st.fixed_dictionaries({"type": KINDS, "key": KEYS}, optional={"value": st.just("raw")}), max_size=3)
NAMES = st.sampled_from(["size", "client_ip", "mail", "+a", "~a", "größe", "is"]) | st.text(max_size=3)
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "source": st.sampled_from(["shop", "till", "app", "desk", "nobody"]),
    "time": TIMES | TEXTS,
    "received_at": TIMES | st.sampled_from([None, ""]),
    "persons": PERSONS,
    "zone": st.sampled_from(["Europe/Berlin", "Mars/Olympus", "", None]),
    "properties": st.dictionaries(NAMES, ODD, max_size=3),
    "amount": st.fixed_dictionaries(
        {"amount_minor": st.sampled_from([5, -5, 0, 2**53, 1.0]), "currency": st.sampled_from(["EUR", "eur", "XAU"])}
    ),
    "order": st.fixed_dictionaries({"id": TEXTS}, optional={"kind": st.sampled_from(["refund", "purchase", "loan"])}),
    "consent": st.fixed_dictionaries(
        {"id": TEXTS}, optional={"purposes": st.lists(st.sampled_from(["analytics", "profiling", "", "z"]), max_size=3)}
    ),
    "type": st.sampled_from([TOUCHPOINT, "touchline.identify.v1", "other"]),
}  # fmt: skip


@st.composite
def values(draw: st.DrawFn) -> bytes:
    """Records' values: good events, and such as are wrong in some places, written in one of the ways in which JSON may be written."""
    left_out = draw(st.sets(st.sampled_from(sorted(EVENT.keys() - NEEDED))))
    event = {name: value for name, value in EVENT.items() if name not in left_out}
    for name in draw(st.sets(st.sampled_from([*sorted(EVENT), "new", "time "]), max_size=3)):
        event[name] = draw(BY_NAME.get(name, ODD) if draw(st.booleans()) else ODD)
    if draw(st.booleans()):
        event = dict(draw(st.permutations(list(event.items()))))
    separators = draw(st.sampled_from([(",", ":"), (" ,\n", "\t: ")]))
    text = json.dumps(event, ensure_ascii=draw(st.booleans()), separators=separators)
    odd = [text + " x", "\ufeff" + text, text.replace("1999", "1999.0"), text.replace("3,", "-0,")]
    changed = draw(st.just(text) | st.sampled_from(odd))
    return changed.encode("utf-8", "surrogatepass")


def made_of(value: bytes, read: Callable[[list[KafkaRecord]], Any]) -> Validated:
    record = cast(KafkaRecord, SimpleNamespace(offset=7, key=b"k", value=value, timestamp=1_772_357_400_000))
    into = Validated([], [], UnknownFields())
    Validator(SOURCES, "Europe/Paris", Cipher("p1", bytes(32))).validate([record], read([record]), into)
    return into


def written(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


@given(values())
@example(written(EVENT))
@example(written({name: EVENT[name] for name in NEEDED}))
def test_both_ways_give_the_same(value: bytes) -> None:
    assert made_of(value, decode_quickly) == made_of(value, decode)


@pytest.mark.parametrize("source", ["shop", "app"])
def test_a_plain_touchpoint_goes_the_quick_way_with_its_links(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_way(_: object) -> None:
        raise AssertionError("the long way was gone")

    value = written({**EVENT, "source": source})
    expected = made_of(value, decode)
    monkeypatch.setattr("touchline.processors.steps.validate.check_event", no_way)
    found = made_of(value, decode_quickly)
    assert found == expected
    assert type(found.outcomes[0]) is Fact
    assert [link.linked_identifier for link in found.links] == [OTHER_KEY]


def test_a_struct_has_the_fields_of_its_model_in_canonical_order() -> None:
    assert PlainTouchpoint.__struct_fields__ == tuple(sorted(FIELD_NAMES[TOUCHPOINT]))


def test_no_other_pattern_is_left_unasked() -> None:
    assert {("PersonRef", "type"), ("PersonRef", "key")} == LEFT_TO_ASK
    assert struct_of(TouchpointEvent).unasked.keys() == LEFT_TO_ASK


def test_a_model_that_asks_what_a_struct_cannot_ask_is_refused() -> None:
    with pytest.raises(TypeError):
        struct_of(AnswerEvent)
