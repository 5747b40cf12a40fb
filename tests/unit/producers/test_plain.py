"""The quick way makes nothing that the long way would not make, byte by byte, and refuses nothing by itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from touchline.errors import WrongUsage
from touchline.producers.errors import EventRejected
from touchline.producers.plain import LEFT_TO_ASK, SENT
from touchline.producers.record import PreparedRecord, RecordMaker
from touchline.schemas.checking import FIELD_NAMES
from touchline.schemas.events import ANSWER, IDENTIFY, TOUCHPOINT
from touchline.schemas.identifiers import OlderKeys, PersonKeys
from touchline.schemas.sources import Source, Sources
from touchline.schemas.times import LATEST_US, parse_time

NOW_US = parse_time("2026-03-01T12:00:00.123456Z")
SOURCES: Sources = {
    "shop": Source(legal_basis="contract", brand="house"),
    "till": Source(legal_basis="contract", zone="Europe/Berlin", country="DE", nobody=("Laufkunde",)),
    "app": Source(legal_basis="consent", purposes=("analytics",), clock_skew_seconds=5.5),
    "desk": Source(legal_basis="contract", personal=("persona", "size"), personal_values="refuse"),
}
EVENT: dict[str, Any] = {
    "type": TOUCHPOINT, "id": "e1", "source": "shop", "time": "2026-03-01T09:30:00.250Z", "touchpoint": "page",
    "identifiers": [{"type": "login", "value": "4711"}], "place": "Straße 5", "zone": "Asia/Kathmandu", "brand": "b", "campaign": "c",
    "persona": "p", "segment": "s", "simulated": True, "revision": 3, "action": "view", "channel": "app", "provenance": "declared",
    "amount": {"amount_minor": 1999, "currency": "EUR"}, "order": {"id": "o1", "kind": "purchase"},
    "consent": {"id": "g1", "purposes": ["profiling", "analytics"]},
    "properties": {"size": "XL", "lines": 3, "is_gift": False, "price": 59.9, "change": -0.0},
}  # fmt: skip
ANSWERED: dict[str, Any] = {
    **{name: value for name, value in EVENT.items() if name not in ("touchpoint", "action", "channel", "provenance", "amount", "order")},
    "type": ANSWER, "about": {"touchpoint": "page", "source": "shop", "event_id": "e0", "occurred_at": "2026-02-28T18:00:00.000Z"},
    "survey": "s", "question": "q", "question_version": "2", "language": "de", "kpi": "nps", "variant": "", "scope": "relational",
    "scale_min": 0, "scale_max": 10, "score": 9, "disposition": "complete", "sampling_probability": 0.25, "comment": "Gut!",
    "anonymous": False,
}  # fmt: skip
LINKED: dict[str, Any] = {
    **{name: value for name, value in EVENT.items() if name not in ("touchpoint", "channel", "provenance", "amount", "order")},
    "type": IDENTIFY, "action": "link", "identifiers": [{"type": "login", "value": "4711"}, {"type": "anonymous", "value": "b1"}],
}  # fmt: skip
MANY = [("login", f"{number}") for number in range(33)]
NEEDED = frozenset(
    (
        "type",
        "id",
        "source",
        "time",
        "touchpoint",
        "about",
        "survey",
        "question",
        "kpi",
        "scope",
        "scale_min",
        "scale_max",
    )
)


class Text(str):
    """A text of a class of its own."""


class Word(StrEnum):
    VIEW = "view"


class Count(IntEnum):
    ONE = 1


TEXTS = st.sampled_from(
    ["", "x", "x" * 256, "x" * 257, "ü\u2028\x7f", "\x00\x1f\"\\/", "\U0001f600", "a@b.example", "\ud800", "+49 30 901820", "192.0.2.7",
     Text("own"), Word.VIEW, b"bytes", "4111 1111 1111 1111", "NaN", "\x01 Infinity \x7f"]
) | st.text(max_size=8)  # fmt: skip
ODD: st.SearchStrategy[Any] = TEXTS | st.sampled_from(
    [None, 0, -0.0, -1, 5, 59.9, 1e-4, 9.9e-5, 99999999999999.98, 999999999999999.9, 1e15, 1e16, 2**31, 2**53, 2**60, 2**64, 1.0, 1.5, 1e-9,
     1e22, float("nan"), True, [], (), [{}], {}, {"id": 3}, Decimal(1),
     Count.ONE, datetime(2026, 3, 1, tzinfo=UTC), MappingProxyType({"id": "o1"}), OrderedDict(id="o1"), {"id": "o1", "more": [1]}, {1: 2},
     {"amount_minor": -5, "currency": "EUR"}, {"id": "g", "purposes": ("analytics",)}, {"id": "g", "purposes": frozenset(["analytics"])}]
)  # fmt: skip
TIMES = st.sampled_from(
    ["2026-03-01T09:30:00Z", "2026-03-01 09:30:00+01:00", "2026-03-01T09:30:00", "1970-01-01T00:00:00.000Z", "2026-02-30T00:00:00.000Z",
     "2026-03-01T09:30:00.000z", "2026-03-02T11:59:59.000000Z", "2026-03-03T00:00:00.000Z", "2026-03-01T24:00:00.000Z"]
)  # fmt: skip
KINDS = st.sampled_from(["login", "mail", "phone", "loyality", "card", "Login", "", None, Word.VIEW])
IDENTIFIER_TEXTS: st.SearchStrategy[Any] = st.sampled_from(
    ["4711", "a@b.example", "030 901820", "Laufkunde", "undefined", "4.7E+12", "", None, 7, Text("4711"), [], "\ud800"]
)
IDENTIFIERS = st.lists(
    st.tuples(KINDS, IDENTIFIER_TEXTS)
    | st.fixed_dictionaries({"type": KINDS, "value": IDENTIFIER_TEXTS}, optional={"more": st.just(1)})
    | st.fixed_dictionaries({"type": KINDS, "address": IDENTIFIER_TEXTS})
    | st.sampled_from([None, "4711", ["login", "4711"]]),
    max_size=2,
)
PERSONS_MET: st.SearchStrategy[Any] = st.permutations(
    [
        ("login", "4711"),
        {"type": "anonymous", "value": "b1"},
        {"type": "mail", "value": "a@b.example", "more": 1},
        ("phone", "+4930901820"),
    ]
)
"""Good ones of several types in any order: the second event of a sender knows them all."""
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "source": st.sampled_from(["shop", "till", "app", "desk", "nobody", Text("shop"), None]),
    "time": TIMES | TEXTS,
    "received_at": TIMES | st.sampled_from([None, ""]),
    "identifiers": IDENTIFIERS | IDENTIFIERS.map(tuple) | PERSONS_MET,
    "persons": st.sampled_from([[], None, (), [{"type": "login", "key": f"k1:{'0a' * 32}"}], [{"type": "mail", "key": "raw"}]]),
    "zone": st.sampled_from(["Europe/Berlin", "Mars/Olympus", "", None]),
    "properties": st.dictionaries(st.sampled_from(["size", "client_ip", "a@b.example", "größe", Text("own"), 7]), ODD, max_size=3),
    "amount": st.fixed_dictionaries(
        {"amount_minor": st.sampled_from([5, -5, 0, 2**53, 1.0, True]), "currency": st.sampled_from(["EUR", "eur", Text("EUR")])}
    ),
    "order": st.fixed_dictionaries({"id": TEXTS}, optional={"kind": st.sampled_from(["refund", "purchase", "loan"])}),
    "consent": st.fixed_dictionaries(
        {"id": TEXTS}, optional={"purposes": st.lists(st.sampled_from(["analytics", "profiling", ""]), max_size=3)}
    ),
    "type": st.sampled_from([TOUCHPOINT, ANSWER, IDENTIFY, "touchline.consent.v1", "other", [], Text(TOUCHPOINT), Text(ANSWER)]),
    "about": st.fixed_dictionaries({"touchpoint": TEXTS}, optional={"occurred_at": TIMES | st.sampled_from([None, ""]), "more": ODD}),
    "score": st.sampled_from([0, 10, 11, 7.0, 7.5, 1e-9, float("nan"), float("inf"), -0.0, Decimal(7), Count.ONE, True, None, 2**70]),
    "sampling_probability": st.sampled_from([1, 0, 0.5, 1e-9, float("nan"), Decimal(1), None, 1.5]),
    "scale_max": st.sampled_from([0, 5, -3, 2**15, 10.0]),
    "kpi": st.sampled_from(["nps", "csat", "", None]),
    "anonymous": st.sampled_from([True, None, 1]),
}  # fmt: skip


@st.composite
def events(draw: st.DrawFn) -> Any:
    """Good events, and such as are wrong or odd in some places, as programs may have them."""
    whole = draw(st.sampled_from([EVENT, EVENT, LINKED]))
    left_out = draw(st.sets(st.sampled_from(sorted(whole.keys() - NEEDED))))
    event = {name: value for name, value in whole.items() if name not in left_out}
    for name in draw(
        st.sets(st.sampled_from([*sorted(EVENT), "received_at", "persons", "comment", "new"]), max_size=3)
    ):
        event[name] = draw(BY_NAME.get(name, ODD) if draw(st.booleans()) else ODD)
    if draw(st.booleans()):
        event = dict(draw(st.permutations(list(event.items()))))
    return draw(st.sampled_from([event, event, event, OrderedDict(event), MappingProxyType(event)]))


def made_by(maker: RecordMaker, event: Mapping[str, Any]) -> Any:
    """Records with their headers, or all that is said of a refusal."""
    try:
        record = maker.make(event)
    except EventRejected as refused:
        return refused.reason, refused.field, refused.what, refused.hint
    return record, record.headers


def makers(sources: Sources | None, clock_us: int, keys: PersonKeys) -> tuple[RecordMaker, RecordMaker]:
    """One that may go the quick way, and one that never does."""
    quick, long = (RecordMaker(keys, sources, lambda: clock_us) for _ in range(2))
    long._declared_of = None
    return quick, long


OLD = PersonKeys("k1", bytes(32))
NEW = PersonKeys("k2", bytes(range(32)), [OlderKeys(OLD, "2025-06-01T12:00:00Z")])
CLOCKS = st.sampled_from([NOW_US, NOW_US, NOW_US, 0, LATEST_US])


@given(st.floats(allow_nan=True) | st.decimals(0, 10**6, places=2).map(float))
def test_a_number_with_a_fraction_is_written_the_same(number: float) -> None:
    quick, long = makers(SOURCES, NOW_US, OLD)
    event = {**EVENT, "properties": {"size": number}}
    assert made_by(quick, event) == made_by(long, event)


@given(
    st.lists(events(), min_size=1, max_size=3), st.sampled_from([SOURCES, None]), CLOCKS, st.sampled_from([OLD, NEW])
)
@example([EVENT, EVENT], SOURCES, NOW_US, NEW)
@example([{**EVENT, "source": "app", "consent": {"id": "g", "purposes": ("analytics",)}}], SOURCES, NOW_US, OLD)
def test_both_ways_make_the_same(
    given_events: list[Any], sources: Sources | None, clock_us: int, keys: PersonKeys
) -> None:
    quick, long = makers(sources, clock_us, keys)
    for event in given_events:
        before = repr(event)
        assert made_by(quick, event) == made_by(long, event)
        assert repr(event) == before


@pytest.mark.parametrize("source", ["shop", "till", "app"])
@pytest.mark.parametrize("event", [EVENT, ANSWERED, LINKED])
def test_a_plain_event_goes_the_quick_way(event: dict[str, Any], source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_way(_: object) -> None:
        raise AssertionError("the long way was gone")

    quick, long = makers(SOURCES, NOW_US, OLD)
    expected = long.make({**event, "source": source})
    monkeypatch.setattr("touchline.producers.record.check_sent", no_way)
    made = quick.make({**event, "source": source})
    assert made == expected
    assert type(made) is PreparedRecord


@pytest.mark.parametrize("identifiers", [[("login", "1")], [{"type": "login", "value": "1"}]])
def test_without_a_person_key_neither_way_names_anybody(identifiers: Any) -> None:
    maker = RecordMaker(None, SOURCES, lambda: NOW_US)
    assert maker.make({**EVENT, "identifiers": []}).key == b"shop/e1"
    with pytest.raises(WrongUsage):
        maker.make({**EVENT, "identifiers": identifiers})


@pytest.mark.parametrize("event", [EVENT, ANSWERED, LINKED])
@pytest.mark.parametrize("count", [0, 1, 2, 32, 33])
@pytest.mark.parametrize("field", ["identifiers", "left out", "nobody"])
def test_both_ways_count_persons(event: dict[str, Any], count: int, field: str) -> None:
    quick, long = makers(SOURCES, NOW_US, OLD)
    given = {name: value for name, value in event.items() if name != "identifiers"}
    if field != "left out":
        given["identifiers"] = MANY[:count] + [("login", "undefined")] * (field == "nobody")
    for _ in range(2):  # whom nobody knows yet, and who was here before
        assert made_by(quick, given) == made_by(long, given)


@pytest.mark.parametrize("kind", [TOUCHPOINT, ANSWER, IDENTIFY])
def test_a_struct_has_the_fields_of_its_model_with_identifiers_in_place_of_persons(kind: str) -> None:
    assert {*SENT[kind].__struct_fields__} == (FIELD_NAMES[kind] - {"persons"}) | {"identifiers"}
    assert not LEFT_TO_ASK
