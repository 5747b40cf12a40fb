"""Odd records for fuzzing: arbitrary bytes, arbitrary JSON, and valid events of every type with something wrong, extreme or strange."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clickhouse_driver.bufferedwriter import BufferedSocketWriter
from clickhouse_driver.context import Context
from hypothesis import strategies as st

import touchline
from tests.unit.processors.loop.world import Record, event, person_key
from touchline.processors.ledger.encode import Texts, write_column
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.rows import Insert

_PERSONS = [{"type": "login", "key": person_key(1)}, {"type": "mail", "key": person_key(2)}]
_REST = {"source": "shop", "time": "2025-06-01T12:00:00Z"}
VALID: tuple[dict[str, Any], ...] = (
    event(1, 1, 5, "till", amount={"amount_minor": 1999, "currency": "EUR"}, order={"id": "o1", "kind": "purchase"}),
    event(2, None, 6, "poster", zone="Europe/Berlin", properties={"size": "44", "share": 0.5, "new": True}),
    event(1, 1, 2, "site", revision=1),
    event(1, 2, 7, "site", revision=2, persons=_PERSONS),
    event(3, 1, 5, source="web", consent={"id": "c1", "purposes": ["analytics"]}),
    {
        **_REST, "type": "touchline.answer.v1", "id": "a1", "persons": _PERSONS[:1], "about": {"touchpoint": "till"},
        "survey": "s", "question": "q", "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10, "score": 9,
        "comment": "fine",
    },
    {**_REST, "type": "touchline.identify.v1", "id": "i1", "persons": _PERSONS, "action": "link"},
    {
        **_REST, "type": "touchline.consent.v1", "id": "c1", "persons": _PERSONS[1:], "consent_id": "c1",
        "state": "withdrawn", "effective_at": "2025-06-01T00:00:00Z",
    },
    {
        **_REST, "type": "touchline.initiative.v1", "id": "m1", "initiative": "m", "touchpoint": "poster",
        "starts_at": "2025-06-01T00:00:00Z", "ends_at": "2025-06-02T00:00:00Z",
    },
    {
        **_REST, "type": "touchline.case.v1", "id": "k1", "case": "k", "rule": "detractor", "state": "opened",
        "about": {"touchpoint": "till", "source": "shop", "event_id": "a1"},
    },
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, -0.0, 1e308, 5e-324, 0.1, 1e16, 127, 128, 255, 256, -(2**15), 2**15 - 1, 2**15, 2**31, 2**32 - 1,
    2**32, 2**53 - 1, 2**53, 2**63, 2**64 - 1, 2**64, 10**40, "", " ", "\0", "a\0b", "'\\\"`/*--%(x)s", "\n\t\r\a\v", "é\U0001f600\u202e",
    "\ufeff", "x" * 256, "x" * 257, "x" * 5000, [], {}, [[]], [None], {"": ""}, {"a": {"b": []}}, [1, "1"], {"a\0": "\0"},
    "1990-01-01T00:00:00Z", "1989-12-31T23:59:59.999999Z", "2099-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59", "2024-02-30T00:00:00Z", "2025-06-01T12:00:00", "2025-06-01T12:00:00.1234567891Z",
    "Europe/Berlin", "../../etc/passwd", "America", "Pacific/Apia", "shop", "web", "touchline.answer.v1", person_key(1),
    [{"type": "login", "key": person_key(3)}], [{"type": "zzz", "key": person_key(1)}] * 2, _PERSONS, _PERSONS * 17,
)  # fmt: skip
_NAMES = sorted({name for one in VALID for name in one} | {
    "received_at", "revision", "simulated", "consent", "place", "zone", "brand", "campaign", "persona", "segment", "properties",
    "action", "channel", "provenance", "amount", "order", "anonymous", "variant", "disposition", "sampling_probability", "cost",
    "owner", "unknown", "", "\0", "+x", "__proto__", "question_version", "language",
})  # fmt: skip
JSON = st.recursive(
    st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3),
    max_leaves=6,
)
_TEXT_FAULTS: tuple[Callable[[str], str], ...] = (
    lambda text: text[:-1],
    lambda text: text[:-1] + ',"id":"again","revision":0}',
    lambda text: text[:-1] + r',"lone":"\ud800"}',
    lambda text: text[:-1] + r',"nul":"\u0000","\u0000":1}',
    lambda text: text[:-1] + ',"nan":NaN}',
    lambda text: text[:-1] + ',"big":1e999}',
    lambda text: text[:-1] + ',"deep":' + "[" * 40 + "]" * 40 + "}",
    lambda text: "\ufeff" + text,
    lambda text: text + text,
)


@st.composite
def _event_bytes(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    one = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 3))):
        place: dict[str, Any] = one
        name = draw(st.sampled_from(_NAMES))
        nested = [key for key, value in one.items() if isinstance(value, dict)]
        if nested and draw(st.sampled_from([True, False])):
            place = one[draw(st.sampled_from(nested))]
            name = draw(st.sampled_from([*place, "unknown"]))
        if not draw(st.integers(0, 4)):
            place.pop(name, None)
        else:
            place[name] = copy.deepcopy(draw(st.one_of(st.sampled_from(ODD), JSON)))
    text = json.dumps(one, ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 5)) == 0:
        text = draw(st.sampled_from(_TEXT_FAULTS))(text)
    value = text.encode()
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(value)))
        value = value[:at] + draw(st.binary(max_size=3)) + value[at + 1 :]
    return value, one


def _keys_of(one: dict[str, Any]) -> list[bytes]:
    keys = [f"{one.get('source')}/{one.get('id')}".encode()]
    persons = one.get("persons")
    for person in persons if isinstance(persons, list) else []:
        if isinstance(person, dict):
            keys.insert(0, str(person.get("key")).encode())
    return keys


@st.composite
def odd_records(draw: st.DrawFn) -> list[Record]:
    """Some records with rising offsets, gaps among them."""
    records: list[Record] = []
    offset = 0
    for _ in range(draw(st.integers(1, 12))):
        offset += draw(st.sampled_from([0, 0, 0, 1, 5]))
        key: bytes | None
        value: bytes | None
        if draw(st.integers(0, 3)):
            value, one = draw(_event_bytes())
            key = draw(st.sampled_from([*_keys_of(one), *_keys_of(one), *_keys_of(one), None, b""]))
        else:
            value = draw(st.none() | st.binary(max_size=40) | JSON.map(lambda one: json.dumps(one).encode()))
            key = draw(st.none() | st.binary(max_size=9))
        if records and draw(st.integers(0, 5)) == 0:
            key, value = draw(st.sampled_from(records))[1:3]
        time_ms = draw(st.sampled_from([1_760_000_000_000] * 4 + [-1, 0, 2**62, -(2**63), 4_102_444_799_999]))
        records.append(Record(offset, key, value, time_ms))
        offset += 1
    return records


class _Nowhere:
    def sendall(self, data: bytes) -> None:
        pass


def _context() -> Context:
    made = Context()
    made.client_settings = {"strings_as_bytes": False, "strings_encoding": "utf-8", "use_numpy": False}
    return made


def _column_types() -> dict[str, str]:
    sql = (Path(touchline.__file__).parent / "sql/schema/migrations/0001_create_ledger.sql").read_text()
    table = sql[sql.index("journey_raw.ledger\n") :]
    return dict(re.findall(r"^    (\w+) ([A-Z]\w+(?:\(.*?\)+)?) COMMENT", table, re.MULTILINE))


TYPES = _column_types()


class EncodingLedger(MemoryLedger):
    """The twin, which also encodes each insert as the engine would get it."""

    def insert(self, insert: Insert) -> None:
        texts = Texts(insert.columns)
        for column in insert.columns:
            write_column(column, TYPES[column.name], BufferedSocketWriter(_Nowhere(), 1 << 16), _context(), texts)
        super().insert(insert)
